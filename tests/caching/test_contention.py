"""Real threads, real servers, windows held open: nobody reads what is older than an answered write."""

import random
import threading
import time
from collections.abc import Callable
from typing import Any

import pytest
import redis as redis_library
from django.conf import settings
from django.db import connections, transaction

from inventory.caching.values import Loaded

from .probe import ALL, Process, key, load, load_all, sql

SECONDS = 4.0
ROWS = 4


def nap(chance: float = 0.5, longest_s: float = 0.003) -> None:
    if random.random() < chance:
        time.sleep(random.random() * longest_s)


class Naive(Process):
    """The tutorial's pattern: the receiver deletes, the reader gets and sets."""

    def __init__(self) -> None:
        super().__init__()
        self.plain = redis_library.Redis.from_url(settings.REDIS_URL)

    def change(self, number: int = 1) -> int:
        version = sql("UPDATE cache_probe SET version = version + 1 WHERE id = %s RETURNING version", [number])[0]
        self.plain.delete(key(number), ALL)
        return version

    def get(self, name: str, loading: Callable[[], Loaded]) -> bytes:
        found = self.plain.get(name)
        if found is None:
            found = loading().body
            self.plain.set(name, found or b"")
        return found or b""


class Coherent(Process):
    def get(self, name: str, loading: Callable[[], Loaded]) -> bytes:
        if name == ALL:
            return self.reader.read_page(name, "1", loading).body or b""
        return self.reader.read(name, loading).body or b""


class Traffic:
    """Writers and readers over the same rows; counts the reads that were older than an answered write."""

    def __init__(self, process: Any) -> None:
        self.process = process
        self.answered = [1] * ROWS
        self.reads = self.stale = self.writes = 0
        self.errors: list[Exception] = []
        self._lock = threading.Lock()
        self._stop = threading.Event()

    def run(self, *others: Callable[[], None]) -> "Traffic":
        deeds = [self.write] * 3 + [self.read] * 4 + list(others)
        threads = [threading.Thread(target=self._repeat, args=(deed,)) for deed in deeds]
        for thread in threads:
            thread.start()
        time.sleep(SECONDS)
        self._stop.set()
        for thread in threads:
            thread.join(30)
        assert not self.errors
        return self

    def _repeat(self, deed: Callable[[], None]) -> None:
        try:
            while not self._stop.is_set():
                deed()
        except Exception as error:
            self.errors.append(error)
        finally:
            connections.close_all()

    def write(self) -> None:
        row, kind = random.randrange(ROWS), random.random()
        with transaction.atomic():
            if kind < 0.1:
                with transaction.atomic():
                    self.process.change(row + 1)
                    transaction.set_rollback(True)
            version = self.process.change(row + 1)
            nap()
            if kind > 0.85:
                transaction.set_rollback(True)
        if kind <= 0.85:
            with self._lock:
                self.answered[row] = max(self.answered[row], version)
                self.writes += 1
        nap(longest_s=0.02)

    def read(self) -> None:
        due = list(self.answered)
        if random.random() < 0.3:
            got = dict(enumerate(self.process.get(ALL, self.slowly(load_all)).split(b",")))
        else:
            row = random.randrange(ROWS)
            got = {row: self.process.get(key(row + 1), self.slowly(lambda: load(row + 1)))}
        with self._lock:
            self.reads += 1
            self.stale += any(int(version) < due[row] for row, version in got.items())

    def slowly(self, loading: Callable[[], Loaded]) -> Callable[[], Loaded]:
        def load_and_nap() -> Loaded:
            found = loading()
            nap()
            return found

        return load_and_nap

    def cached_wrong(self) -> int:
        """How many keys, now that all is quiet, are answered wrong and would stay so."""
        wrong = sum(self.process.get(key(n + 1), lambda n=n: load(n + 1)) != load(n + 1).body for n in range(ROWS))
        return wrong + (self.process.get(ALL, load_all) != load_all().body)


@pytest.mark.slow
def test_under_contention_no_read_is_older_than_an_answered_write(probes: None) -> None:
    traffic = Traffic(Coherent()).run()

    assert traffic.reads > 500
    assert traffic.writes > 50
    assert traffic.stale == traffic.cached_wrong() == 0


@pytest.mark.slow
def test_nor_while_redis_loses_keys_all_the_time(probes: None) -> None:
    process = Coherent()
    process.trust.current()
    redis = process.redis()

    def lose() -> None:
        redis.flushdb() if random.random() < 0.2 else redis.delete(redis.randomkey() or "")
        time.sleep(0.002)

    traffic = Traffic(process).run(lose)

    assert traffic.reads > 500
    assert traffic.stale == traffic.cached_wrong() == 0


@pytest.mark.slow
def test_nor_while_trust_is_taken_away_again_and_again(probes: None) -> None:
    process = Coherent()

    def doubt() -> None:
        time.sleep(random.random() * 1.5)
        process.database.distrust(process.database.trusted().epoch)

    traffic = Traffic(process).run(doubt)

    assert traffic.reads > 500
    assert traffic.stale == traffic.cached_wrong() == 0


@pytest.mark.slow
def test_the_same_traffic_finds_the_tutorials_pattern_stale(probes: None) -> None:
    traffic = Traffic(Naive()).run()

    assert traffic.stale > 0
