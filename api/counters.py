"""Counting requests: one sliding window per caller in Redis, exact under concurrency; in this process while it is away.

Counters live in their own logical database (`LIMITS_REDIS_URL`, else the one after the cache's), because the cache may
be wiped at any time.
"""

import logging
import time
from collections import Counter
from dataclasses import dataclass
from functools import cache
from threading import Lock
from typing import Any
from urllib.parse import parse_qsl, urlencode

from django.conf import settings
from limits import RateLimitItemPerMinute
from limits.storage import MemoryStorage, storage_from_string
from limits.strategies import SlidingWindowCounterRateLimiter
from redis.backoff import NoBackoff
from redis.exceptions import RedisError
from redis.retry import Retry

logger = logging.getLogger("stockroom.api")

WINDOW_S = 60
TRY_REDIS_AGAIN_AFTER_S = 5.0


@dataclass(frozen=True, slots=True)
class Decision:
    """The answer for one request: `reset_s` is when the window is fresh again."""

    allowed: bool
    limit: int
    remaining: int
    reset_s: int


_in_process = SlidingWindowCounterRateLimiter(MemoryStorage())
_redis_away_until = 0.0


def count(principal: str, per_minute: int) -> Decision:
    """Take one request from the caller's window, in Redis or, while that is away, in this process alone."""
    global _redis_away_until
    if time.monotonic() >= _redis_away_until:
        try:
            return _count(_in_redis(redis_url()), principal, per_minute)
        except (RedisError, OSError) as error:
            _redis_away_until = time.monotonic() + TRY_REDIS_AGAIN_AFTER_S
            logger.warning("Rate limits are counted in this process: Redis is away (%s)", error)
    return _count(_in_process, principal, per_minute)


def _count(limiter: SlidingWindowCounterRateLimiter, principal: str, per_minute: int) -> Decision:
    item = RateLimitItemPerMinute(per_minute)
    allowed = limiter.hit(item, principal)
    reset_at, remaining = limiter.get_window_stats(item, principal)
    reset_s = min(WINDOW_S, max(1, round(reset_at - time.time())))
    return Decision(allowed, per_minute, max(0, remaining), reset_s)


@cache
def _in_redis(url: str) -> SlidingWindowCounterRateLimiter:
    timeout = settings.REDIS_TIMEOUT_S
    options: dict[str, Any] = {
        "socket_timeout": timeout,
        "socket_connect_timeout": timeout,
        "retry": Retry(NoBackoff(), 0),  # the fallback is at hand: waiting again would only cost the caller time
        "key_prefix": f"{settings.CACHES['default'].get('KEY_PREFIX', 'stockroom')}:limits",
    }
    return SlidingWindowCounterRateLimiter(storage_from_string(url, **options))


def redis_url() -> str:
    """Where the counters live, in the spelling of the `limits` library."""
    url = settings.LIMITS_REDIS_URL or next_database(settings.REDIS_URL)
    return "redis+" + url if url.startswith("unix://") else url


def next_database(url: str) -> str:
    """The same Redis, one logical database further: `redis://host:6379/0` → `/1`, `unix://path?db=0` → `?db=1`."""
    address, _, query = url.partition("?")
    options = dict(parse_qsl(query))
    if "db" in options or "unix://" in address:
        options["db"] = str(int(options.get("db", 0)) + 1)
    else:
        scheme, _, rest = address.partition("://")
        host, _, number = rest.partition("/")
        address = f"{scheme}://{host}/{int(number or 0) + 1}"
    return address + ("?" + urlencode(options, safe="/") if options else "")


# --- Requests that run at the same time, in this process --------------------------------------------------------------

_running: Counter[str] = Counter()
_running_lock = Lock()


def enter(principal: str, at_most: int) -> bool:
    """Begin a request unless `at_most` of the caller's run here already. Who got True calls `leave` once."""
    with _running_lock:
        if _running[principal] >= at_most:
            return False
        _running[principal] += 1
        return True


def leave(principal: str) -> None:
    with _running_lock:
        _running[principal] -= 1
        if _running[principal] <= 0:
            del _running[principal]
