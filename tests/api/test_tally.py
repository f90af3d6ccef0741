"""Metrics that are written in batches are those that would have been written one by one."""

import time
from concurrent.futures import ThreadPoolExecutor

import pytest
from prometheus_client import CollectorRegistry, Counter, Histogram

from api import metrics, tally


@pytest.fixture
def counted(monkeypatch):
    """Metrics of the test's own, and nothing noted."""
    tally.write_down()
    registry = CollectorRegistry()
    monkeypatch.setattr(metrics, "REQUESTS", Counter("r", "r", ["method", "route", "status"], registry=registry))
    seconds = Histogram("s", "s", ["method", "route"], registry=registry, buckets=metrics.SECONDS._kwargs["buckets"])
    monkeypatch.setattr(metrics, "SECONDS", seconds)
    return lambda: {(sample.name, *sample.labels.values()): sample.value for sample in _samples(registry)}


def _samples(registry):
    found = [sample for metric in registry.collect() for sample in metric.samples]
    return [sample for sample in found if not sample.name.endswith("_created")]


NOTED = [
    ("GET", "one", status, seconds, 1)
    for status in (200, 304)
    for seconds in (0.0, 0.0005, 0.001, 0.0011, 0.3, 10.0, 10.1, 99.0)
] + [("GET", "two", 200, 0.02, 0)]


def test_a_batch_is_what_one_by_one_would_have_been(counted, monkeypatch):
    for noted in NOTED:
        tally.note(noted)
    tally.write_down()
    in_a_batch = counted()

    for method, route, status, seconds, _ in NOTED:
        metrics.count_on(method, route, status, seconds)

    assert {name: pytest.approx(2 * value) for name, value in in_a_batch.items()} == counted()


def test_what_many_threads_note_is_counted_once_each(counted):
    def note(_):
        for noted in NOTED:
            tally.note(noted)

    with ThreadPoolExecutor(8) as pool:
        list(pool.map(note, range(200)))
    tally.write_down()

    assert counted()["r_total", "GET", "two", "200"] == 200
    assert counted()["s_count", "GET", "one"] == 200 * 16


def test_what_is_noted_is_written_soon_although_nobody_asks(counted):
    tally.note(NOTED[0])

    until = time.monotonic() + 10 * tally.WITHIN_S
    while ("r_total", "GET", "one", "200") not in counted() and time.monotonic() < until:
        time.sleep(0.02)

    assert counted()["r_total", "GET", "one", "200"] == 1
