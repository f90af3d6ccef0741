"""A thread's own connection to Redis: the request is counted and its value fetched in one round trip.

Counters and cache are two logical databases. Where they are not of one server that a bare socket can reach (Sentinel,
Cluster, TLS, a Redis of its own for the limits) there is no line, and every read goes through Django.
"""

import hashlib
import threading
import time
from dataclasses import dataclass, field
from typing import Any

from django.conf import settings

from api import counters
from inventory.caching.wire import Place, Wire, packed, place_of

#: An older connection may have been closed by the server meanwhile, and a refused request looks like an outage.
IDLE_S = 20.0
_SHA = hashlib.sha1(counters.HIT.encode(), usedforsecurity=False).hexdigest()
_REMEMBERED_AT_MOST = 10_000
#: Options of the cache that say nothing about where it is.
_HARMLESS = {"SERIALIZER", "SOCKET_TIMEOUT", "SOCKET_CONNECT_TIMEOUT", "CONNECTION_POOL_KWARGS"}


@dataclass(frozen=True, slots=True)
class Setup:
    """Where the settings say that cache and counters are; `place` None: not where a line leads."""

    caches: Any
    limits: str
    place: Place | None
    cache: int = 0
    counters: int = 0
    questions: dict[tuple[str, int], bytes] = field(default_factory=dict)

    def question(self, principal: str, per_minute: int) -> bytes:
        """Count one request, then turn to the cache."""
        known = self.questions.get((principal, per_minute))
        if known is None:
            names, arguments = counters.question(principal, per_minute)
            words = ["EVALSHA", _SHA, str(len(names)), *names, *map(str, arguments)]
            known = packed("SELECT", str(self.counters)) + packed(*words) + packed("SELECT", str(self.cache))
            if len(self.questions) >= _REMEMBERED_AT_MOST:
                self.questions.clear()
            self.questions[principal, per_minute] = known
        return known


class Line:
    """At rest, the cache's database is selected."""

    def __init__(self, setup: Setup, process: str) -> None:
        assert setup.place is not None  # noqa: S101 - `is_laid` was asked
        self.setup, self.process, self.used_at = setup, process, time.monotonic()
        self.wire = Wire(setup.place, process, settings.REDIS_TIMEOUT_S)
        self.wire.do("SELECT", str(setup.counters))
        self.wire.do("SCRIPT", "LOAD", counters.HIT)
        self.wire.do("SELECT", str(setup.cache))

    def serves(self, setup: Setup, process: str, now: float) -> bool:
        fits = self.setup is setup and self.process == process and self.wire.is_open
        if not fits or now - self.used_at > IDLE_S:
            self.wire.close()
            return False
        self.used_at = now
        return True

    def count_and_ask(self, principal: str, per_minute: int, command: tuple[str, ...]) -> tuple[list[int], Any]:
        """What the counters say to one more request, and the command's reply."""
        _, counted, _, reply = self.wire.ask(self.setup.question(principal, per_minute) + packed(*command), 4)
        return counted, reply

    def ask(self, command: tuple[str, ...]) -> Any:
        return self.wire.do(*command)


_mine = threading.local()
_setup: Setup | None = None


def is_laid() -> bool:
    """Can there be a line, as the settings are?"""
    return setup().place is not None


def line_to(process: str) -> Line:
    """This thread's line to the server process. Raises Redis' errors."""
    wanted = setup()
    line: Line | None = getattr(_mine, "line", None)
    if line is None or not line.serves(wanted, process, time.monotonic()):
        line = _mine.line = Line(wanted, process)
    return line


def setup() -> Setup:
    global _setup
    known = _setup
    if known is None or known.caches is not settings.CACHES or known.limits is not settings.LIMITS_REDIS_URL:
        known = _setup = _looked_up()
    return known


def _looked_up() -> Setup:
    caches, limits = settings.CACHES, settings.LIMITS_REDIS_URL
    nowhere = Setup(caches, limits, None)
    configured: dict[str, Any] = caches["default"]
    cache, options = configured["LOCATION"], configured.get("OPTIONS", {})
    pool = options.get("CONNECTION_POOL_KWARGS", {})
    if not isinstance(cache, str) or "," in cache or not set(options) <= _HARMLESS or set(pool) - {"max_connections"}:
        return nowhere
    here, there = place_of(cache), place_of(counters.redis_url().removeprefix("redis+"))
    if here is None or there is None or here[0] != there[0]:
        return nowhere
    return Setup(caches, limits, here[0], here[1], there[1])
