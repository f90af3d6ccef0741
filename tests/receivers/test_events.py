"""The event log: what happened is told once, in order, without holes, and never when it was rolled back."""

from functools import partial

import pytest
from django.db import transaction

from inventory.models import Event
from inventory.operations import catalog, events, reservations
from inventory.values import Line
from tests.builders import ANA, at_once, make_product, move

pytestmark = pytest.mark.django_db(transaction=True)


def types(**wanted):
    return list(Event.objects.filter(**wanted).order_by("position").values_list("type", flat=True))


def test_a_product_tells_what_becomes_of_it():
    mug = make_product("MUG")
    mug = catalog.update_product(mug, actor=ANA, price="2.00")
    catalog.delete_product(mug, actor=ANA)

    assert types(key=mug.pk) == ["product.created", "product.updated", "product.deleted"]
    assert Event.objects.get(type="product.updated").data["changed"] == ["price"]


def test_an_event_knows_who_did_it():
    make_product("MUG")

    assert Event.objects.get(type="product.created").actor == "user:ana"


def test_stock_alert_and_reservation_are_told_in_the_order_in_which_they_happened():
    mug = make_product("MUG", on_hand=10, reorder_point=5)

    row, _ = reservations.reserve([Line(sku="MUG", quantity=6)], actor=ANA)
    reservations.release(row, actor=ANA)

    told = types(key=mug.pk)
    assert told.count("stock.changed") == 3
    assert [name for name in told if name.startswith("alert")] == ["alert.opened", "alert.resolved"]
    assert types(key=row.pk) == ["reservation.created", "reservation.released"]


def test_a_bulk_write_is_told_in_its_order_however_many_statements_that_takes(monkeypatch):
    monkeypatch.setattr(events, "BATCH", 2)

    events.append_many([(f"test.{n}", "bulk", {}) for n in range(5)])

    assert types(key="bulk") == [f"test.{n}" for n in range(5)]


def test_what_is_rolled_back_has_no_event():
    with transaction.atomic():
        make_product("MUG")
        transaction.set_rollback(True)

    assert types(type__startswith="product") == []


def test_a_late_commit_is_not_skipped_by_a_reader_who_goes_on_after_the_last_number(api):
    first = make_product("A")
    with transaction.atomic():
        events.append("test.early", "early", {})
        early = Event.objects.get(type="test.early")
        # Another transaction draws a larger position, commits, and is read.
        at_once(partial(make_product, "B"))
        seen = at_once(lambda: (events.number(), max(Event.objects.values_list("sequence", flat=True)))[1])[0]

    read = api.get(f"events?after={seen}").json()["results"]

    assert early.position < Event.objects.get(type="product.created", data__sku="B").position
    assert [event["type"] for event in read] == ["test.early"]
    assert first.pk


def test_numbers_have_no_holes_under_concurrency():
    mugs = [make_product(f"M{n}") for n in range(4)]

    def sell(product):
        for _ in range(10):
            move(product, 1)
            events.number()

    at_once(*[partial(sell, mug) for mug in mugs])
    events.number()

    numbers = sorted(Event.objects.values_list("sequence", flat=True))
    assert numbers == list(range(1, len(numbers) + 1))


def test_pages_lead_on_to_the_end(api):
    for n in range(5):
        make_product(f"M{n}")
    told, address = [], "events?page_size=2&type=product.created"

    while address:
        page = api.get(address).json()
        told += [event["data"]["sku"] for event in page["results"]]
        address = page["next"] and page["next"].split("/api/v1/")[1]

    assert told == [f"M{n}" for n in range(5)]
