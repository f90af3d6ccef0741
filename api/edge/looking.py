"""Looking into the cache on the fast lane, under the cache's own rules, and counting the request on the way."""

from collections.abc import Sequence
from typing import Any

from api import counters, throttling
from api.edge.asked import Asked
from api.edge.line import wire_to
from inventory import caching
from inventory.caching import Slot, Trusted
from inventory.caching.reader import Look
from inventory.caching.wire import packed


def counted(asked: Asked, slot: Slot) -> bytes | None:
    """The value, if it is a hit and its caller may have it. None: hand down, counted or not."""
    passport, allowed = asked.passport, False
    if passport.setup.place is None or counters.is_away():
        return None
    if not throttling.enter(asked.environ, passport.principal, passport.at_once):
        return None

    def look(trusted: Trusted, command: tuple[str, ...]) -> Any:
        nonlocal allowed
        wire = wire_to(passport.setup, trusted.process)
        _, reply, _, raw = wire.ask(passport.question + packed(*command), 4)
        allowed = asked.decided(counters.decision_by(passport.limit, reply))
        return raw

    body = caching.peek(slot, look)
    return body if allowed else None


def also(asked: Asked, slot: Slot) -> bytes | None:
    """A further value, once the request is counted."""
    return caching.peek(slot, _look_for(asked))


def all_of(asked: Asked, keys: Sequence[str]) -> list[bytes] | None:
    """The values of all keys; None: one of them is missing."""
    if not keys:
        return []
    return caching.peek_many(keys, _look_for(asked))


def _look_for(asked: Asked) -> Look:
    return lambda trusted, command: wire_to(asked.passport.setup, trusted.process).do(*command)
