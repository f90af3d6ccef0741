"""Logs: one JSON object per line on standard output, with the request id and the actor; keys are struck out."""

import json
import logging
import re
from datetime import UTC, datetime
from typing import Any

_STANDARD = frozenset(vars(logging.makeLogRecord({}))) | {"message", "asctime", "taskName"}
_SECRETS = re.compile(
    r"(sk_stockroom_)[0-9A-Za-z]{8,}|(\b[Bb]earer\s+)[^\s\"',]+|(\bwhsec_)[0-9A-Za-z+/=]+"
    r"|(\beyJ)[\w-]*\.[\w-]+\.[\w-]*"
)
_OBJECTS = frozenset({"request", "response", "exc_info", "server_time"})


class JsonFormatter(logging.Formatter):
    """`time`, `level`, `logger`, `message`, `request_id`, `actor`, then whatever came in `extra`."""

    def format(self, record: logging.LogRecord) -> str:
        # Imported here: logging is configured before the applications are.
        from inventory.context import current_actor, current_request_id

        line: dict[str, Any] = {
            "time": datetime.fromtimestamp(record.created, UTC)
            .isoformat(timespec="milliseconds")
            .replace("+00:00", "Z"),
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


def without_secrets(text: str) -> str:
    return _SECRETS.sub(lambda found: next(filter(None, found.groups())) + "***", text)
