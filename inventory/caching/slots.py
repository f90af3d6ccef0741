"""Where a value lives in Redis, as four small steps: look, lease, fill, release.

Every step touches one key, so a sharded Redis serves them as well. Times are in milliseconds and are judged by Redis.
"""

from typing import Any

LEASE_MS = 3_000  # a filler that dies blocks the others from filling this long; readers never wait for it
GROUP_TTL_MS = 300_000
MAX_FIELDS = 4_096  # a group that somebody walks through with invented page sizes stays bounded

# The time to live counts from the lease, which is older than the load: a late fill never outlives what it counted.
_FILL = """
if redis.call('GET', KEYS[1]) ~= ARGV[1] then return 0 end
local left = ARGV[3] - (ARGV[4] - redis.call('PTTL', KEYS[1]))
if left < 1 then redis.call('DEL', KEYS[1]) return 0 end
redis.call('SET', KEYS[1], ARGV[2], 'PX', left)
return 1
"""

_RELEASE = """
if redis.call('GET', KEYS[1]) == ARGV[1] then return redis.call('DEL', KEYS[1]) end
return 0
"""

_NOW = "local t = redis.call('TIME') local now = t[1] * 1000 + math.floor(t[2] / 1000)\n"

# A page's lease is a field of its group, '<lease> <expiry>': one UNLINK drops it with everything else, and it runs out
# by itself although the group lives on.
_PAGE_LEASE = (
    _NOW
    + """
local field = 'lease:' .. ARGV[1]
local lease = redis.call('HGET', KEYS[1], field)
if lease and tonumber(string.match(lease, '%d+$')) > now then return 0 end
if redis.call('HLEN', KEYS[1]) >= tonumber(ARGV[5]) then return 0 end
redis.call('HSET', KEYS[1], field, ARGV[2] .. ' ' .. string.format('%.0f', now + ARGV[3]))
if redis.call('PTTL', KEYS[1]) < 0 then redis.call('PEXPIRE', KEYS[1], ARGV[4]) end
return 1
"""
)

_PAGE_FILL = (
    _NOW
    + """
local field = 'lease:' .. ARGV[1]
local lease = redis.call('HGET', KEYS[1], field)
if not lease or string.sub(lease, 1, #ARGV[2]) ~= ARGV[2] then return 0 end
local left = ARGV[4] - (now - (tonumber(string.match(lease, '%d+$')) - ARGV[5]))
if left >= 1 then redis.call('HSET', KEYS[1], 'page:' .. ARGV[1], ARGV[3]) end
redis.call('HDEL', KEYS[1], field) -- last: a hash without fields is gone, and its time to live with it
if left < 1 then return 0 end
if redis.call('PTTL', KEYS[1]) > left then redis.call('PEXPIRE', KEYS[1], string.format('%.0f', left)) end
return 1
"""
)

_PAGE_RELEASE = """
local field = 'lease:' .. ARGV[1]
local lease = redis.call('HGET', KEYS[1], field)
if lease and string.sub(lease, 1, #ARGV[2]) == ARGV[2] then return redis.call('HDEL', KEYS[1], field) end
return 0
"""


class Single:
    """One value under a key of its own."""

    def __init__(self, key: str) -> None:
        self.key = key

    def look(self, redis: Any, name: str) -> Any:
        return redis.get(name)

    def command(self, name: str) -> tuple[str, ...]:
        """`look`, in words."""
        return "GET", name

    def lease(self, redis: Any, name: str, lease: bytes) -> Any:
        return redis.set(name, lease, nx=True, px=LEASE_MS)

    def fill(self, redis: Any, name: str, lease: bytes, value: bytes, ttl_ms: int) -> Any:
        return redis.eval(_FILL, 1, name, lease, value, ttl_ms, LEASE_MS)

    def release(self, redis: Any, name: str, lease: bytes) -> Any:
        return redis.eval(_RELEASE, 1, name, lease)

    def discard(self, redis: Any, name: str) -> Any:
        return redis.unlink(name)


class Page:
    """One page of a group; the group's key is what writers declare."""

    def __init__(self, key: str, field: str) -> None:
        self.key = key
        self.field = field

    def look(self, redis: Any, name: str) -> Any:
        return redis.hget(name, f"page:{self.field}")

    def command(self, name: str) -> tuple[str, ...]:
        return "HGET", name, f"page:{self.field}"

    def lease(self, redis: Any, name: str, lease: bytes) -> Any:
        return redis.eval(_PAGE_LEASE, 1, name, self.field, lease, LEASE_MS, GROUP_TTL_MS, MAX_FIELDS)

    def fill(self, redis: Any, name: str, lease: bytes, value: bytes, ttl_ms: int) -> Any:
        return redis.eval(_PAGE_FILL, 1, name, self.field, lease, value, ttl_ms, LEASE_MS)

    def release(self, redis: Any, name: str, lease: bytes) -> Any:
        return redis.eval(_PAGE_RELEASE, 1, name, self.field, lease)

    def discard(self, redis: Any, name: str) -> Any:
        return redis.hdel(name, f"page:{self.field}")


Slot = Single | Page
