"""What a key may hold: nothing, somebody's lease, or a value. Bytes throughout, never pickle."""

from os import urandom
from typing import Literal, NamedTuple

#: Raise it when a renderer writes something else than before: entries of older code then count as misses.
SCHEMA = 1

_VALUE = b"v%d:" % SCHEMA
_LEASE = b"lease:"

Status = Literal["hit", "miss", "bypass"]


class Loaded(NamedTuple):
    """What a loader found. `body` None: it does not exist, and that is never cached.

    `ttl_s`: seconds for which `body` is certain to stay right if nobody writes (a hold that it counts expires then);
    None without such a limit, and zero or less if it must not be cached at all.
    """

    body: bytes | None
    ttl_s: float | None = None


class Read(NamedTuple):
    """An answer. `hit`: from the cache; `miss`: loaded, perhaps cached now; `bypass`: the cache was not consulted."""

    body: bytes | None
    status: Status


def encode(body: bytes) -> bytes:
    return _VALUE + body


def decode(raw: bytes | None) -> bytes | None:
    """The body inside `raw`; None for nothing, for a lease, and for what this version cannot read."""
    if raw is None or not raw.startswith(_VALUE):
        return None
    return raw[len(_VALUE) :]


def new_lease() -> bytes:
    """A lease that nobody else has: the compare-and-set of a fill rests on its being unique."""
    return _LEASE + urandom(12).hex().encode()


def is_lease(raw: bytes | None) -> bool:
    return raw is not None and raw.startswith(_LEASE)
