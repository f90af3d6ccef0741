"""The same key twice: one effect, one answer; in the transaction of the effect."""

from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from threading import Barrier

import pytest
from django.db import connection, transaction
from django.urls import get_resolver
from django.utils import timezone

from inventory.models import IdempotencyRecord, StockMovement
from inventory.operations import idempotency
from tests.api.door import Door, fresh, product

THREADS = 8


def on_hand(door, sku):
    return door.get(f"products/sku:{sku}").json()["stock"]["on_hand"]


def receive(sku, delta=1):
    return {"reason": "received", "lines": [{"sku": sku, "delta": delta}]}


def test_a_repeated_request_gets_the_first_answer_byte_for_byte(door, shelf):
    sku = product(door)["sku"]

    first = door.post("stock/adjustments", receive(sku, 5), idempotency_key="delivery-1")
    again = door.post("stock/adjustments", receive(sku, 5), idempotency_key="delivery-1", x_request_id="second-try")

    assert (first.status, again.status) == (201, 201)
    assert again.body == first.body
    assert again.headers["idempotency-replayed"] == "true"
    assert "idempotency-replayed" not in first.headers
    assert again.headers["x-request-id"] == "second-try"
    assert on_hand(door, sku) == 5


def test_a_replay_repeats_the_etag_and_the_location(door):
    body = {"sku": fresh("SKU"), "name": "once"}

    first, again = (door.post("products", body, idempotency_key="make") for _ in range(2))

    for name in ("etag", "location", "content-type"):
        assert again.headers[name] == first.headers[name]


@pytest.mark.parametrize("other", ["body", "path", "query"])
def test_the_same_key_for_another_request_is_refused(door, shelf, other):
    sku = product(door)["sku"]
    assert door.post("stock/adjustments", receive(sku), idempotency_key="k").status == 201

    if other == "body":
        answer = door.post("stock/adjustments", receive(sku, 2), idempotency_key="k")
    elif other == "path":
        answer = door.post("stock/counts", receive(sku), idempotency_key="k")
    else:
        answer = door.post("stock/adjustments?x=1", receive(sku), idempotency_key="k", checked=False)

    assert answer.status == (422 if other != "query" else 400)
    assert on_hand(door, sku) == 1


def test_keys_of_different_callers_are_different_keys(door, door_with, shelf):
    sku = product(door)["sku"]

    for caller in (door, door_with("stock:write")):
        answer = caller.post("stock/adjustments", receive(sku), idempotency_key="same")
        assert (answer.status, "idempotency-replayed" in answer.headers) == (201, False)

    assert on_hand(door, sku) == 2


@pytest.mark.parametrize("key", ["", " ", "a b", "x" * 256, "é", "a\x00", "\x7f"])
def test_a_key_that_is_not_visible_ascii_is_refused_and_named(door, key):
    answer = door.post("products", {"sku": fresh("SKU"), "name": "n"}, idempotency_key=key)

    assert (answer.status, answer.culprit("parameter")) == (400, ["Idempotency-Key"])


def test_a_refused_request_may_be_tried_again_with_its_key(door, shelf):
    sku = product(door)["sku"]
    sell = {"reason": "sold", "lines": [{"sku": sku, "delta": -1}]}
    assert door.post("stock/adjustments", sell, idempotency_key="sale").code == "insufficient_stock"

    door.post("stock/adjustments", receive(sku, 3))
    second = door.post("stock/adjustments", sell, idempotency_key="sale")

    assert (second.status, "idempotency-replayed" in second.headers) == (201, False)
    assert on_hand(door, sku) == 2


def test_twins_at_the_same_instant_have_one_effect(door, shelf):
    sku = product(door)["sku"]
    start = Barrier(THREADS)

    def send(number):
        start.wait()
        return door.post("stock/adjustments", receive(sku), idempotency_key=f"twin-{number // THREADS}")

    with ThreadPoolExecutor(THREADS) as pool:
        answers = list(pool.map(send, range(10 * THREADS)))

    statuses = {answer.status for answer in answers}
    assert statuses <= {201, 409}
    assert on_hand(door, sku) == 10 == StockMovement.objects.count()
    for answer in answers:
        if answer.status == 409:
            assert answer.code == "idempotency_in_progress"
            assert int(answer.headers["retry-after"]) >= 1
    bodies = {answer.body for answer in answers if answer.status == 201}
    assert len(bodies) == 10


def test_while_the_first_runs_its_twin_is_told_to_wait(door, shelf):
    sku = product(door)["sku"]
    me = door.get("me").json()["id"]

    with transaction.atomic():  # somebody else holds the key
        idempotency._claimed(f"api_key:{me}", "slow", b"")
        with ThreadPoolExecutor(1) as pool:
            answer = pool.submit(door.post, "stock/adjustments", receive(sku), idempotency_key="slow").result()

    assert (answer.status, answer.code) == (409, "idempotency_in_progress")
    assert door.post("stock/adjustments", receive(sku), idempotency_key="slow").status == 201


def test_a_crash_after_the_effect_leaves_neither_effect_nor_record(door, shelf, monkeypatch):
    sku = product(door)["sku"]

    def crash(*_):
        raise SystemError("power cut")

    monkeypatch.setattr(idempotency, "_record", crash)
    monkeypatch.setattr(idempotency, "record", crash)  # of several requests
    assert door.post("stock/adjustments", receive(sku), idempotency_key="crash").status == 500
    monkeypatch.undo()

    assert on_hand(door, sku) == 0
    assert not IdempotencyRecord.objects.filter(key="crash").exists()
    assert door.post("stock/adjustments", receive(sku), idempotency_key="crash").status == 201
    assert on_hand(door, sku) == 1


def test_records_are_kept_for_a_day_and_pruned_later(door):
    body = {"sku": fresh("SKU"), "name": "n"}
    door.post("products", body, idempotency_key="old")
    door.post("products", {**body, "sku": fresh("SKU")}, idempotency_key="new")
    IdempotencyRecord.objects.filter(key="old").update(created_at=timezone.now() - timedelta(hours=49))

    assert timedelta(hours=24) <= idempotency.KEPT_FOR
    assert idempotency.prune() == 1
    assert [record.key for record in IdempotencyRecord.objects.all()] == ["new"]


def test_every_post_handler_takes_an_idempotency_key():
    missing = []
    for pattern in get_resolver("api.urls").url_patterns:
        actions = getattr(pattern.callback, "actions", {})
        if "post" in actions:
            handler = getattr(pattern.callback.cls, actions["post"])
            if not getattr(handler, "idempotent", False):
                missing.append(str(pattern.pattern))

    assert missing == []


def test_nothing_is_recorded_without_a_key(door):
    product(door)

    assert not IdempotencyRecord.objects.exists()
    assert connection.vendor == "postgresql"


def test_a_key_without_a_caller_is_not_recorded(stranger):
    assert stranger.post("products", {"sku": "X", "name": "x"}, idempotency_key="k").status == 401
    assert not IdempotencyRecord.objects.exists()
    assert isinstance(stranger, Door)
