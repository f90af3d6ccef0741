"""Counting requests: one sliding window per caller in Redis, exact under concurrency; in this process while it is away.

The window is that of the library `limits`, with its keys and its arithmetic. The library asks Redis twice for each
request, whether it fits and then what is left; `HIT` is both in one round trip.

Counters live in their own logical database (`LIMITS_REDIS_URL`, else the one after the cache's), because the cache may
be wiped at any time.
"""

import logging
import math
import time
from functools import cache
from threading import Lock
from typing import Any, NamedTuple
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
_WINDOW_MS = WINDOW_S * 1000
TRY_REDIS_AGAIN_AFTER_S = 5.0


class Decision(NamedTuple):
    """The answer for one request: `reset_s` is when the window is fresh again."""

    allowed: bool
    limit: int
    remaining: int
    reset_s: int


_in_process = SlidingWindowCounterRateLimiter(MemoryStorage())
_redis_away_until = 0.0


def count(principal: str, per_minute: int) -> Decision:
    """Take one request from the caller's window, in Redis or, while that is away, in this process alone."""
    return count_many(principal, per_minute, 1)[0]


def count_many(principal: str, per_minute: int, wanted: int) -> list[Decision]:
    """Take so many requests from the caller's window as fit, the first ones first, in one round trip."""
    global _redis_away_until
    if not is_away():
        try:
            return _count_in_redis(principal, per_minute, wanted)
        except (RedisError, OSError) as error:
            _redis_away_until = time.monotonic() + TRY_REDIS_AGAIN_AFTER_S
            logger.warning("Rate limits are counted in this process: Redis is away (%s)", error)
    return [_count_here(principal, per_minute) for _ in range(wanted)]


def is_away() -> bool:
    """Did Redis fail a moment ago, so that this process counts by itself?"""
    return time.monotonic() < _redis_away_until


def _count_here(principal: str, per_minute: int) -> Decision:
    item = RateLimitItemPerMinute(per_minute)
    allowed = _in_process.hit(item, principal)
    reset_at, remaining = _in_process.get_window_stats(item, principal)
    return _decision(allowed, per_minute, remaining, reset_at - time.time())


def _count_in_redis(principal: str, per_minute: int, wanted: int) -> list[Decision]:
    allowed, *window = _script(redis_url())(*question(principal, per_minute, wanted))
    before, before_ms, now, now_ms = window
    # Each as if it had been the last one: what was left of the window after it.
    found = [decision_by(per_minute, [1, before, before_ms, now - allowed + n + 1, now_ms]) for n in range(allowed)]
    return found + [decision_by(per_minute, [0, *window])] * (wanted - allowed)


def question(principal: str, per_minute: int, wanted: int = 1) -> tuple[list[str], list[int]]:
    """Keys and arguments of the script `HIT`."""
    prefix = f"{settings.CACHES['default'].get('KEY_PREFIX', 'stockroom')}:limits"
    current = f"{prefix}:{{{RateLimitItemPerMinute(per_minute).key_for(principal)}}}"
    return [f"{current}/-1", current], [per_minute, WINDOW_S * 1000, wanted]


def decision_by(per_minute: int, reply: list[int]) -> Decision:
    """What the script's reply means."""
    allowed, before, before_ms, now, now_ms = reply
    remaining = per_minute - math.floor(before * before_ms / _WINDOW_MS + now)
    # A window just begun has all of it left.
    resets_s = ((now_ms - 1) % _WINDOW_MS + 1) / 1000 if now else math.inf
    if before:
        resets_s = min(resets_s, before_ms / 1000 % (WINDOW_S / before))
    return _decision(bool(allowed), per_minute, remaining, 0 if resets_s == math.inf else resets_s)


def _decision(allowed: bool, limit: int, remaining: int, reset_s: float) -> Decision:
    return Decision(allowed, limit, max(0, remaining), min(WINDOW_S, max(1, round(reset_s))))


HIT = """
local before_key, now_key, limit, window = KEYS[1], KEYS[2], tonumber(ARGV[1]), tonumber(ARGV[2])
local wanted = tonumber(ARGV[3])
local function look(key) return tonumber(redis.call('GET', key)) or 0, math.max(0, redis.call('PTTL', key)) end
local now, now_ms = look(now_key)
if now_ms > 0 and now_ms < window then
    redis.call('RENAME', now_key, before_key)
    now, now_ms = 0, now_ms + window
    redis.call('SET', now_key, 0, 'PX', now_ms)
end
local before, before_ms = look(before_key)
local allowed = math.max(0, math.min(wanted, limit - math.floor(before * before_ms / window) - now))
if allowed > 0 then
    now = redis.call('INCRBY', now_key, allowed)
    if now_ms == 0 then
        now_ms = window * 2
        redis.call('PEXPIRE', now_key, now_ms)
    end
end
return {allowed, before, before_ms, now, now_ms}
"""


@cache
def _script(url: str) -> Any:
    timeout = settings.REDIS_TIMEOUT_S
    options: dict[str, Any] = {
        "socket_timeout": timeout,
        "socket_connect_timeout": timeout,
        "retry": Retry(NoBackoff(), 0),  # the fallback is at hand: waiting again would only cost the caller time
    }
    storage: Any = storage_from_string(url, **options)
    return storage.get_connection().register_script(HIT)


def redis_url() -> str:
    """Where the counters live, in the spelling of the `limits` library, which knows Sentinel and Cluster as well."""
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

_running: dict[str, int] = {}
_running_lock = Lock()


def enter(principal: str, at_most: int) -> bool:
    """Begin a request unless `at_most` of the caller's run here already. Who got True calls `leave` once."""
    with _running_lock:
        running = _running.get(principal, 0)
        if running >= at_most:
            return False
        _running[principal] = running + 1
        return True


def leave(principal: str) -> None:
    with _running_lock:
        running = _running.pop(principal) - 1
        if running:
            _running[principal] = running
