"""Compare what is cached with what is committed, without false alarms: GET, SELECT, GET.

A value that is there, the same, before and after the rows were read was there while they were read. So it has to be
what they say; a difference is a broken promise, and its count is a metric that has to stay 0.
"""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from itertools import islice
from typing import Any

from inventory import conf
from inventory.caching import metrics, values
from inventory.caching.reader import NOTHING, LoadMany
from inventory.caching.trust import Trust, Trusted

BATCH = 200


@dataclass
class Audit:
    """`stale`: key → seconds since it was stored, at most. `moving`: entries that went or changed meanwhile.

    `skipped`: entries of other kinds. `trusted` is false if Redis is away: then nothing was compared, and nothing that
    is cached is believed.
    """

    trusted: bool = True
    compared: int = 0
    moving: int = 0
    skipped: int = 0
    stale: dict[str, float] = field(default_factory=dict)


def audit(trust: Trust, load: LoadMany, kinds: Iterable[str], sample: int | None = None) -> Audit:
    """Audit entries of these kinds (what stands before the colon of a key): all, or `sample` looks at random.

    `load` gets keys and returns what may be cached under each, as readers' loaders do. Raises `redis.RedisError`.
    """
    trusted, found = trust.current(), Audit()
    if trusted is None:
        return Audit(trusted=False)
    known = tuple(f"{kind}:" for kind in kinds)
    names = iter(_all(trusted) if sample is None else _some(trusted, sample))
    while batch := list(islice(names, BATCH)):
        keys = [key for key in batch if key.startswith(known)]
        found.skipped += len(batch) - len(keys)
        _compare(trusted, keys, load, found)
    return found


def _compare(trusted: Trusted, keys: list[str], load: LoadMany, found: Audit) -> None:
    first = _look(trusted, keys)
    present = [key for key in keys if values.decode(first[key][0]) is not None]
    loaded = load(present) if present else {}
    again = _look(trusted, present)
    for key in present:
        raw, left_ms = again[key]
        if raw != first[key][0]:
            found.moving += 1
            continue
        found.compared += 1
        metrics.AUDITED.inc()
        if values.decode(raw) != loaded.get(key, NOTHING).body:
            found.stale[key] = conf.cache_ttl_s() - left_ms / 1000
            metrics.STALE.inc()
            metrics.STALE_AGE.observe(found.stale[key])


def _look(trusted: Trusted, keys: list[str]) -> dict[str, tuple[bytes | None, int]]:
    """Each key's value and the milliseconds that it has left."""
    pipeline = trusted.redis.pipeline(transaction=False)
    for key in keys:
        pipeline.get(trusted.name(key)).pttl(trusted.name(key))
    answers: list[Any] = pipeline.execute() if keys else []
    return dict(zip(keys, zip(answers[::2], answers[1::2], strict=True), strict=True))


def _all(trusted: Trusted) -> Iterator[str]:
    prefix = trusted.name("")
    for name in trusted.redis.scan_iter(match=f"{prefix}*", count=1000):
        yield name.decode().removeprefix(prefix)


def _some(trusted: Trusted, sample: int) -> list[str]:
    prefix = trusted.name("")
    pipeline = trusted.redis.pipeline(transaction=False)
    for _ in range(sample):
        pipeline.randomkey()
    names = {name.decode() for name in pipeline.execute() if name is not None}
    return [name.removeprefix(prefix) for name in sorted(names) if name.startswith(prefix)]
