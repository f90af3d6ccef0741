"""What the cache counts."""

from collections.abc import Iterator
from contextlib import contextmanager

import pytest
from prometheus_client import REGISTRY

from inventory.caching.values import Loaded

from .probe import Process, key, load_many
from .servers import PrivateRedis
from .test_outages import warm

NAMES = {
    "hits": ("stockroom_cache_reads_total", {"status": "hit"}),
    "misses": ("stockroom_cache_reads_total", {"status": "miss"}),
    "bypasses": ("stockroom_cache_reads_total", {"status": "bypass"}),
    "fills": ("stockroom_cache_fills_total", {}),
    "refused": ("stockroom_cache_fills_refused_total", {}),
    "errors": ("stockroom_cache_redis_errors_total", {}),
    "taken": ("stockroom_cache_trust_taken_total", {}),
    "given": ("stockroom_cache_trust_given_total", {}),
}


@contextmanager
def counting(**expected: int) -> Iterator[None]:
    """Inside the block these and no other counters rise, each by so much."""
    before = {name: REGISTRY.get_sample_value(*sample) or 0 for name, sample in NAMES.items()}
    yield
    after = {name: REGISTRY.get_sample_value(*sample) or 0 for name, sample in NAMES.items()}
    assert {name: after[name] - before[name] for name in NAMES if after[name] != before[name]} == expected


def test_reads_of_one_key(process: Process) -> None:
    with counting(misses=1, fills=1):
        process.read()
    with counting(hits=1):
        process.read()
    with counting(misses=1, refused=1):
        process.reader.read(key(99), lambda: Loaded(None))


def test_reads_of_many_keys(process: Process) -> None:
    process.read(1)

    with counting(hits=1, misses=3, fills=2, refused=1):
        process.reader.read_many([key(1), key(2), key(3), key(99)], load_many)


def test_a_fill_that_a_writer_prevents(process: Process) -> None:
    def overtaken() -> Loaded:
        process.write()
        return Loaded(b"1")

    with counting(misses=1, refused=1):
        process.reader.read(key(1), overtaken)


def test_a_key_that_somebody_else_fills(process: Process) -> None:
    process.redis().set(process.name(1), b"lease:somebody's")

    with counting(misses=1, refused=1):
        process.read()


def test_trust_that_is_given(probes: None) -> None:
    with counting(given=1, misses=1, fills=1):
        Process().read()


@pytest.mark.parametrize("reads", [1, 2])
def test_an_outage(redis: PrivateRedis, reads: int) -> None:
    process = Process()
    warm(process)
    redis.kill()

    with counting(errors=1, bypasses=reads):
        for _ in range(reads):
            process.read()
    with counting(errors=1, taken=1):
        process.write()
