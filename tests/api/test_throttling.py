"""How much a key may ask: exact under concurrency, per key, also while Redis is away."""

import time
from concurrent.futures import ThreadPoolExecutor
from threading import Barrier, Event

import pytest
from django.test import override_settings

from api import counters
from tests.api.door import Door

LIMIT, THREADS = 50, 8


def ask(door, times, **headers):
    start = Barrier(THREADS)

    def some(_):
        start.wait()
        return [door.get("me", **headers).status for _ in range(times // THREADS)]

    with ThreadPoolExecutor(THREADS) as pool:
        return [status for statuses in pool.map(some, range(THREADS)) for status in statuses]


def test_a_limit_of_fifty_lets_exactly_fifty_through(door_with):
    door = door_with("catalog:read", rate_limit=LIMIT)

    statuses = ask(door, 160)

    assert statuses.count(200) == LIMIT
    assert statuses.count(429) == 160 - LIMIT


def test_each_key_has_its_own_window_and_no_address_changes_it(door_with):
    first, second = door_with("catalog:read", rate_limit=2), door_with("catalog:read", rate_limit=2)

    assert [first.get("me", x_forwarded_for=f"10.0.0.{n}").status for n in range(3)] == [200, 200, 429]
    assert second.get("me").status == 200


def test_the_headers_tell_what_is_left_and_when_to_come_back(door_with):
    door = door_with("catalog:read", rate_limit=2)

    first, second, third = (door.get("me") for _ in range(3))

    assert first.headers["ratelimit-policy"] == '"default";q=2;w=60'
    assert first.headers["ratelimit"].startswith('"default";r=1;t=')
    assert second.headers["ratelimit"].startswith('"default";r=0;t=')
    assert third.code == "throttled"
    assert 1 <= int(third.headers["retry-after"]) <= 60
    assert third.headers["ratelimit"].startswith('"default";r=0;t=')


def test_the_limit_holds_in_this_process_while_redis_is_away(door_with, monkeypatch, caplog):
    monkeypatch.setattr(counters, "_redis_away_until", 0.0)
    with override_settings(LIMITS_REDIS_URL="redis://127.0.0.1:1/0"):
        door = door_with("catalog:read", rate_limit=LIMIT)

        statuses = ask(door, 80)

    assert statuses.count(200) == LIMIT
    assert 1 <= sum("Redis is away" in record.message for record in caplog.records) <= THREADS


def test_after_an_outage_redis_is_asked_again(door_with, monkeypatch):
    monkeypatch.setattr(counters, "_redis_away_until", time.monotonic() + 60)
    door = door_with("catalog:read", rate_limit=1)
    assert door.get("me").status == 200

    monkeypatch.setattr(counters, "_redis_away_until", 0.0)

    assert door.get("me").status == 200  # Redis counts from its own beginning
    assert door.get("me").status == 429


def test_the_services_own_limit_counts_where_the_key_has_none(door_with):
    door = door_with("catalog:read")

    with override_settings(API_RATE_LIMIT=3):
        assert [door.get("me").status for _ in range(4)] == [200, 200, 200, 429]


def test_too_many_requests_at_once_are_refused_and_their_places_given_back(door_with, monkeypatch):
    door = door_with("catalog:read")
    inside, leave = Event(), Event()

    def slow(view, request):
        inside.set()
        leave.wait(10)
        return view.answer({}, version=1)

    monkeypatch.setattr("api.viewsets.access.MeViewSet.list", slow)
    with override_settings(API_CONCURRENT_REQUESTS=1), ThreadPoolExecutor(1) as pool:
        running = pool.submit(door.get, "me", checked=False)
        assert inside.wait(10)
        refused = door.get("me")
        leave.set()
        assert running.result().status == 200
        monkeypatch.undo()
        assert door.get("me").status == 200

    assert (refused.status, refused.headers["retry-after"]) == (429, "1")
    assert not counters._running


def test_a_refused_caller_keeps_no_place(stranger, door_with):
    stranger.get("me")
    door_with("stock:read").get("products")

    assert not counters._running
    assert isinstance(stranger, Door)


@pytest.mark.parametrize(
    ("url", "following"),
    [
        ("redis://127.0.0.1:6379/0", "redis://127.0.0.1:6379/1"),
        ("redis://127.0.0.1:6379", "redis://127.0.0.1:6379/1"),
        ("rediss://u:p@h:1/3?x=y", "rediss://u:p@h:1/4?x=y"),
        ("redis://h?db=2", "redis://h?db=3"),
        ("unix:///run/redis.sock", "unix:///run/redis.sock?db=1"),
        ("unix:///run/redis.sock?db=0", "unix:///run/redis.sock?db=1"),
    ],
)
def test_counters_live_one_logical_database_further(url, following):
    assert counters.next_database(url) == following
