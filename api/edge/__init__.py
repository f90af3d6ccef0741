"""The fast lane: answers plain requests before Django, and hands everything else down to it untouched.

Django with REST framework spends most of a cached read on itself. A lane answers only what it surely can, with the
bytes that Django would send; whatever is odd, missing, refused or broken goes down, and nobody can tell the difference
but by the clock. `API_FAST_LANE=false` leaves it out.
"""

import logging
from collections.abc import Iterable, Iterator
from contextlib import contextmanager, nullcontext

from django.core.signals import request_finished, request_started

from api import throttling
from api.edge import admission, failures, frame
from api.edge.asked import Answer, Asked, Lane
from api.edge.record import record
from api.edge.routes import lane_for
from api.unread import Application, Environ, StartResponse

logger = logging.getLogger("stockroom.api")

#: In the environ of a request that a lane has answered.
ANSWERED = "stockroom.edge"


class Edge:
    """Wraps Django's WSGI application."""

    def __init__(self, application: Application) -> None:
        self.application = application

    def __call__(self, environ: Environ, start_response: StartResponse) -> Iterable[bytes]:
        lane = lane_for(environ["REQUEST_METHOD"], environ["PATH_INFO"])
        asked = None if lane is None else admission.admit(environ, lane)
        if asked is None:
            return self.application(environ, start_response)
        try:
            answer = _ask(asked.lane, asked)
            if answer is not None:
                return _tell(asked, answer, start_response)
            asked.put_back()
            return self.application(environ, start_response)
        finally:
            throttling.give_place_back(environ)


def _ask(lane: Lane, asked: Asked) -> Answer | None:
    """The lane's answer; None: hand down. Its failure is Django's turn, unless something may have happened already."""
    try:
        with _as_a_request(asked.environ) if lane.uses_database else nullcontext():
            return lane.answer(asked)
    except Exception as error:
        failures.COUNT.inc()
        logger.exception("The fast lane failed")
        return failures.answer_to(error, asked) if asked.past_return else None


@contextmanager
def _as_a_request(environ: Environ) -> Iterator[None]:
    """What Django does around each request: connections go back to their pool, the last use of a key is written."""
    request_started.send(sender=Edge, environ=environ)
    try:
        yield
    finally:
        request_finished.send(sender=Edge)


def _tell(asked: Asked, answer: Answer, start_response: StartResponse) -> Iterable[bytes]:
    asked.environ[ANSWERED] = True
    start_response(frame.status_line(answer.status), frame.headers(asked, answer))
    record(asked, answer.status)
    return [answer.body]
