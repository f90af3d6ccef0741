"""What is written down of an answer: the line in the access log and the metrics, as for any other request."""

import logging
import time
from typing import Any, NamedTuple

from api import tally
from api.edge.asked import Answer, Asked
from api.request_ids import log_answer
from api.request_ids import logger as access_log
from inventory.context import answering


class Line(NamedTuple):
    """What the access log says of an answer."""

    created: float
    method: str
    path: str
    status: int
    duration_ms: float
    request_id: str
    actor: str


def record(asked: Asked, answer: Answer) -> None:
    lane, seconds = asked.lane, asked.seconds
    tally.note((lane.method, lane.route, answer.status, seconds, answer.hits))
    if access_log.isEnabledFor(logging.INFO):
        _log(asked, answer.status, seconds)


def _log(asked: Asked, status: int, seconds: float) -> None:
    """By the way of all log records, unless there is nothing on it but a stream whose formatter knows a shorter one."""
    method, path, actor = asked.lane.method, asked.path, asked.passport.actor
    handler = _only_handler()
    short = getattr(handler.formatter, "access_line", None) if handler else None
    if handler is None or short is None:
        with answering(asked.request_id):
            log_answer(method, path, status, seconds, actor)
        return
    line = Line(time.time(), method, path, status, round(seconds * 1000, 1), asked.request_id, actor)
    with handler.lock:  # type: ignore[union-attr]
        handler.stream.write(short(line) + handler.terminator)
        handler.flush()


def _only_handler() -> "logging.StreamHandler[Any] | None":
    """The one that would get the record, if there is but one, of the plain kind, and nobody filters."""
    found: list[logging.Handler] = []
    logger: logging.Logger | None = access_log
    while logger is not None:
        found += logger.handlers
        logger = logger.parent if logger.propagate else None
    if access_log.filters or len(found) != 1 or type(found[0]) is not logging.StreamHandler:
        return None
    return None if found[0].filters or found[0].level > logging.INFO else found[0]
