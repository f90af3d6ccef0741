"""Looking into the cache on the fast lane, under the cache's own rules, and counting the request on the way."""

from collections.abc import Sequence
from typing import Any

from api import counters, throttling
from api.edge.asked import Asked
from api.edge.line import is_laid, line_to
from inventory import caching
from inventory.caching import Slot, Trusted


def counted(asked: Asked, slot: Slot) -> bytes | None:
    """The value, if it is a hit and its caller may have it. None: hand down, counted or not."""
    if counters.is_away() or not is_laid() or not asked.enter():
        return None
    caller, allowed = asked.caller, False

    def look(trusted: Trusted, command: tuple[str, ...]) -> Any:
        nonlocal allowed
        limit = throttling.limit_of(caller)
        reply, raw = line_to(trusted.process).count_and_ask(caller.principal, limit, command)
        allowed = asked.decided(counters.decision_by(limit, reply))
        return raw

    body = caching.peek(slot, look)
    return body if allowed else None


def also(slot: Slot) -> bytes | None:
    """A further value, once the request is counted."""
    return caching.peek(slot, _look)


def all_of(keys: Sequence[str]) -> list[bytes] | None:
    """The values of all keys; None: one of them is missing."""
    return caching.peek_many(keys, _look) if keys else []


def _look(trusted: Trusted, command: tuple[str, ...]) -> Any:
    return line_to(trusted.process).ask(command)
