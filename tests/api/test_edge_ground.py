"""What every lane stands on: a request is counted once, read once, answered once, and handed down whole."""

import logging
import time

import pytest
from django.conf import settings as shipped
from django.urls import resolve

from api import authentication, counters, metrics, tally
from api.edge import failures, frame, routes
from api.edge.asked import Answer, Lane
from api.request_ids import logger as access_log
from inventory.models import ApiKey, StockMovement
from tests.api.door import product

PATH = "/api/v1/stock/adjustments"
ROUTE = resolve(PATH).route
ALLOW = "POST, OPTIONS"


@pytest.fixture
def lane(monkeypatch):
    """Put a lane on the adjustments: `lane(lambda asked: …)`."""

    def put(answer, **values):
        made = Lane(answer, **{"method": "POST", "route": ROUTE, "allow": ALLOW, "scope": "stock:write", **values})
        monkeypatch.setitem(routes.EXACT, ("POST", PATH), made)

    return put


def admitted(asked):
    return asked.enter() and asked.decision.allowed


def asked_before(door):
    """The key was looked up, and its use noted."""
    assert door.get("me").status == 200
    return door


def taking(sku):
    return {"reason": "received", "lines": [{"sku": sku, "location": None, "delta": 1, "expected_on_hand": None}]}


def test_a_lane_answers_in_djangos_stead_with_the_headers_of_every_answer(door, lane):
    by_django = door.post(PATH, taking(product(door)["sku"]))
    lane(lambda asked: Answer(201, b"{}", [("Content-Type", "application/json")]) if admitted(asked) else None)

    by_lane = door.post(PATH, {}, checked=False, x_request_id="mine")

    assert (by_lane.status, by_lane.body, by_lane.headers["x-request-id"]) == (201, b"{}", "mine")
    assert list(by_lane.headers) == [name for name in by_django.headers if name != "etag"]
    differing = {"x-request-id", "ratelimit", "content-length"}
    assert {name: value for name, value in by_lane.headers.items() if name not in differing}.items() <= set(
        by_django.headers.items()
    )


def test_what_is_handed_down_was_counted_once_and_keeps_its_body(door_with, lane):
    door = asked_before(door_with(rate_limit=4))
    sku = product(door)["sku"]

    def read_and_leave(asked):
        if admitted(asked):
            asked.body()

    lane(read_and_leave)

    statuses = [door.post(PATH, taking(sku)).status for _ in range(3)]

    assert statuses == [201, 201, 429]
    assert StockMovement.objects.count() == 2
    assert not counters._running


def test_a_lane_that_fails_hands_down_and_is_logged_once(door, lane, caplog):
    lane(lambda asked: 1 / 0)
    failed = failures.COUNT._value.get()

    answer = asked_before(door).post(PATH, taking(product(door)["sku"]))

    assert answer.status == 201
    assert failures.COUNT._value.get() == failed + 1
    assert [record.message for record in caplog.records].count("The fast lane failed") == 1


@pytest.mark.parametrize(
    "unusual",
    [
        {"authorization": None},
        {"authorization": "Bearer nobody"},
        {"authorization": "Basic eA=="},
        {"cookie": "csrftoken=x"},
        {"host": "elsewhere.example"},
        {"accept": "text/html"},
    ],
)
def test_whoever_is_unusual_is_handed_down_uncounted(door, lane, unusual):
    seen = []
    lane(seen.append)

    asked_before(door).post(PATH, {}, checked=False, **unusual)

    assert seen == []


def test_a_key_without_the_scope_is_handed_down(door_with, lane):
    seen = []
    lane(seen.append)

    answer = asked_before(door_with("catalog:read")).post(PATH, {})

    assert (answer.status, seen) == (403, [])


def test_the_use_of_a_key_is_written_although_lanes_answer(door, lane):
    lane(lambda asked: Answer(201, b"{}", []) if admitted(asked) else None)
    authentication._uses.clear()
    authentication.forget_all()

    statuses = [door.post(PATH, {}, checked=False).status for _ in range(3)]

    # Django answered the first one, as it does whenever there is something to write down.
    assert statuses == [400, 201, 201]
    assert ApiKey.objects.get().last_used_at is not None


def test_line_and_metrics_are_those_of_any_answer(door, lane, caplog):
    lane(lambda asked: Answer(201, b"{}", []) if admitted(asked) else None)
    asked_before(door)
    tally.write_down()
    counted = metrics.REQUESTS.labels("POST", ROUTE, 201)._value.get()
    caplog.set_level(logging.INFO, logger=access_log.name)
    caplog.clear()

    door.post(PATH, {}, checked=False)

    [line] = [record for record in caplog.records if record.name == access_log.name]
    assert (line.message, line.method, line.path, line.status, line.actor) == (
        f"POST {PATH} 201",
        "POST",
        PATH,
        201,
        "api_key:test",
    )
    time.sleep(2 * tally.WITHIN_S)
    assert metrics.REQUESTS.labels("POST", ROUTE, 201)._value.get() == counted + 1


def test_the_lanes_know_the_middlewares_that_they_stand_in_for(settings):
    assert frame.MIDDLEWARE == shipped.MIDDLEWARE
    assert frame.is_known()

    settings.MIDDLEWARE = ["somebody.elses.Middleware", *shipped.MIDDLEWARE]
    frame.forget()

    assert not frame.is_known()
