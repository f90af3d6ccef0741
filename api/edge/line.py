"""A thread's own connection to Redis: the request is counted and its value fetched in one round trip.

Counters and cache are two logical databases. Where they are not of one server that a bare socket can reach (Sentinel,
Cluster, TLS, a Redis of its own for the limits) there is no line, and every read goes through Django.
"""

import hashlib
import threading
import time
from dataclasses import dataclass
from typing import Any

from django.conf import settings

from api import counters
from inventory.caching.wire import Place, Wire, packed, place_of

#: An older connection may have been closed by the server meanwhile, and a refused request looks like an outage.
IDLE_S = 20.0
_SHA = hashlib.sha1(counters.HIT.encode(), usedforsecurity=False).hexdigest()
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

    def question(self, principal: str, per_minute: int) -> bytes:
        """Four replies: turn to the counters, count one request, turn back, and what is asked behind it."""
        names, arguments = counters.question(principal, per_minute)
        words = ["EVALSHA", _SHA, str(len(names)), *names, *map(str, arguments)]
        return packed("SELECT", str(self.counters)) + packed(*words) + packed("SELECT", str(self.cache))


class Line:
    """At rest, the cache's database is selected."""

    __slots__ = ("process", "setup", "used_at", "wire")

    def __init__(self, setup: Setup, process: str) -> None:
        assert setup.place is not None  # noqa: S101 - who asks for a line has looked
        self.setup, self.process, self.used_at = setup, process, time.monotonic()
        self.wire = Wire(setup.place, process, settings.REDIS_TIMEOUT_S)
        self.wire.do("SELECT", str(setup.counters))
        self.wire.do("SCRIPT", "LOAD", counters.HIT)
        self.wire.do("SELECT", str(setup.cache))


_mine = threading.local()
_setup: Setup | None = None


def wire_to(setup: Setup, process: str) -> Wire:
    """This thread's connection to the server process. Raises Redis' errors."""
    now = time.monotonic()
    line: Line | None = getattr(_mine, "line", None)
    if line is None or line.process != process or line.setup is not setup or not line.wire.is_open:
        line = _mine.line = Line(setup, process)
    elif now - line.used_at > IDLE_S:
        line.wire.close()
        line = _mine.line = Line(setup, process)
    line.used_at = now
    return line.wire


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
