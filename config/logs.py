"""Logs: one JSON object per line on standard output, with the request id and the actor; keys are struck out."""

import json
import logging
import re
from datetime import UTC, datetime
from json.encoder import encode_basestring_ascii as _quoted
from typing import Any, Protocol

_STANDARD = frozenset(vars(logging.makeLogRecord({}))) | {"message", "asctime", "taskName"}
_SECRETS = re.compile(
    r"(sk_stockroom_)[0-9A-Za-z]{8,}|(\b[Bb]earer\s+)[^\s\"',]+|(\bwhsec_)[0-9A-Za-z+/=]+"
    r"|(\beyJ)[\w-]*\.[\w-]+\.[\w-]*"
)
#: No secret of `_SECRETS` is without one of these, and they are found sooner.
_MARKS = ("sk_stockroom_", "earer", "whsec_", "eyJ")
_OBJECTS = frozenset({"request", "response", "exc_info", "server_time"})


class AccessLine(Protocol):
    """An answer of the fast lane: its method is plain, and nothing about it is empty."""

    created: float
    method: str
    path: str
    status: int
    duration_ms: float
    request_id: str
    actor: str


class JsonFormatter(logging.Formatter):
    """`time`, `level`, `logger`, `message`, `request_id`, `actor`, then whatever came in `extra`."""

    def format(self, record: logging.LogRecord) -> str:
        # Imported here: logging is configured before the applications are.
        from inventory.context import current_actor, current_request_id

        line: dict[str, Any] = {
            "time": _time(record.created),
            "level": record.levelname.lower(),
            "logger": record.name,
            "message": record.getMessage(),
            "request_id": current_request_id(),
            "actor": str(current_actor()),
        }
        line |= {name: value for name, value in vars(record).items() if name not in _STANDARD | _OBJECTS}
        if record.exc_info:
            line["exception"] = self.formatException(record.exc_info)
        return without_secrets(json.dumps({name: value for name, value in line.items() if value != ""}, default=str))

    @staticmethod
    def access_line(answer: AccessLine) -> str:
        """What `format` would make of such an answer, without its detours; a test holds the two together."""
        return without_secrets(
            f'{{"time": "{_time(answer.created)}", "level": "info", "logger": "stockroom.access", '
            f'"message": {_quoted(f"{answer.method} {answer.path} {answer.status}")}, '
            f'"request_id": {_quoted(answer.request_id)}, "actor": {_quoted(answer.actor)}, '
            f'"method": "{answer.method}", "path": {_quoted(answer.path)}, "status": {answer.status}, '
            f'"duration_ms": {answer.duration_ms}}}'
        )


def _time(created: float) -> str:
    return datetime.fromtimestamp(created, UTC).isoformat(timespec="milliseconds")[:-6] + "Z"


def without_secrets(text: str) -> str:
    if not any(mark in text for mark in _MARKS):
        return text
    return _SECRETS.sub(lambda found: next(filter(None, found.groups())) + "***", text)
