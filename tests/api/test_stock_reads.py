"""Levels and the ledger over HTTP: filters, pages, and stock as it was at any instant."""

import time
from datetime import timedelta
from itertools import pairwise

import pytest
from django.utils import timezone

from inventory.models import ArchivedObject, Location, Product, StockMovement
from inventory.operations import catalog, history, locations, stock, transfers
from inventory.values import Line
from tests.api.door import product
from tests.builders import ANA, make_location, make_product

pytestmark = pytest.mark.django_db(transaction=True)


def moved(door, **filters):
    query = "&".join(f"{name}={value}" for name, value in filters.items())
    answer = door.get(f"stock/movements?{query}")
    assert answer.status == 200, answer.body
    return [(row["sku"], row["location"], row["delta"]["on_hand"]) for row in answer.json()["results"]]


def book(sku, delta, location=None, reason="correction", **values):
    stock.adjust([Line(sku=sku, quantity=delta, location=location)], reason=reason, actor=ANA, **values)


def z(moment):
    return moment.strftime("%Y-%m-%dT%H:%M:%S.%fZ")


@pytest.fixture
def ledger(transactional_db):
    """MUG and CUP at MAIN and SHOP, in this order."""
    make_location("SHOP")
    make_product("MUG")
    make_product("CUP")
    book("MUG", 10, reason="received", reference="PO-1")
    book("CUP", 5, "SHOP", reason="found")
    transfers.transfer([Line(sku="MUG", quantity=4)], from_location="MAIN", to_location="SHOP", actor=ANA)
    book("MUG", -1, "SHOP", reason="sold", reference="SO-1")


def test_the_ledger_is_filtered_by_everything_that_it_shows(door, ledger):
    sold, sent, arrived, cup, received = (
        ("MUG", "SHOP", -1),
        ("MUG", "MAIN", -4),
        ("MUG", "SHOP", 4),
        ("CUP", "SHOP", 5),
        ("MUG", "MAIN", 10),
    )

    assert set(moved(door)) == {sold, sent, arrived, cup, received}
    assert moved(door)[0] == sold
    assert set(moved(door, sku="mug")) == {sold, sent, arrived, received}
    assert moved(door, product="sku:cup") == [cup]
    assert set(moved(door, location="SHOP")) == {sold, arrived, cup}
    assert moved(door, kind="transfer_in") == [arrived]
    assert set(moved(door, kind="adjustment")) == {sold, cup, received}
    assert moved(door, reason="found") == [cup]
    assert moved(door, reference="PO-1") == [received]
    assert moved(door, sku="MUG", location="SHOP", reason="sold") == [sold]
    assert moved(door, sku="NO-SUCH") == moved(door, location="NOWHERE") == moved(door, product="sku:NO-SUCH") == []
    both = door.get("stock/movements?sku=MUG&sku=CUP").json()["results"]
    assert len(both) == 5


def test_since_and_until_are_exact_to_the_microsecond(door, ledger):
    rows = list(StockMovement.objects.order_by("id"))

    for row in rows:
        at = z(row.recorded_at)
        before, after = z(row.recorded_at - timedelta(microseconds=1)), z(row.recorded_at + timedelta(microseconds=1))
        here = (row.sku, row.location_code, row.delta_on_hand)
        assert here in moved(door, since=at)
        assert here in moved(door, until=at)
        assert here not in moved(door, since=after)
        assert here not in moved(door, until=before)
    assert moved(door, since="1970-01-02T00:00:00Z", until="9000-01-01T00:00:00Z") == moved(door)
    assert moved(door, until="0500-01-01T00:00:00Z") == moved(door, since="9000-01-01T00:00:00Z") == []


def test_the_ledger_knows_what_is_gone(door, ledger):
    book("CUP", -5, "SHOP", reason="lost")
    catalog.delete_product(Product.objects.get(sku="CUP"), actor=ANA)
    van = make_location("VAN")
    book("MUG", 1, "VAN")
    book("MUG", -1, "VAN")
    locations.delete_location(Location.objects.get(pk=van.pk), actor=ANA)

    assert moved(door, sku="CUP") == moved(door, product="sku:CUP") == [("CUP", "SHOP", -5), ("CUP", "SHOP", 5)]
    assert moved(door, location="VAN") == [("MUG", "VAN", -1), ("MUG", "VAN", 1)]


def test_a_renamed_product_is_found_under_its_new_name_as_a_product_and_under_each_as_text(door, ledger):
    catalog.update_product(Product.objects.get(sku="CUP"), actor=ANA, sku="BOWL")
    book("BOWL", 1, "SHOP")

    assert moved(door, product="sku:BOWL") == [("BOWL", "SHOP", 1), ("CUP", "SHOP", 5)]
    assert (moved(door, sku="BOWL"), moved(door, sku="CUP")) == ([("BOWL", "SHOP", 1)], [("CUP", "SHOP", 5)])


def test_a_location_with_a_new_code_is_found_under_each(door, ledger):
    locations.update_location(Location.objects.get(code="SHOP"), actor=ANA, code="STORE")
    book("CUP", 1, "STORE")

    assert moved(door, location="STORE") == [("CUP", "STORE", 1)]
    assert len(moved(door, location="SHOP")) == 3


def test_a_sku_that_another_product_took_over_finds_the_rows_of_both(door, ledger):
    catalog.update_product(Product.objects.get(sku="CUP"), actor=ANA, sku="BOWL")
    make_product("cup")
    book("cup", 1)

    assert moved(door, sku="CUP") == [("cup", "MAIN", 1), ("CUP", "SHOP", 5)]
    assert moved(door, product="sku:CUP") == [("cup", "MAIN", 1)]


def test_a_restored_product_keeps_its_rows(door, ledger):
    book("CUP", -5, "SHOP", reason="lost")
    catalog.delete_product(Product.objects.get(sku="CUP"), actor=ANA)
    history.restore(ArchivedObject.objects.get(snapshot__sku="CUP"), actor=ANA)
    book("CUP", 2)

    assert moved(door, sku="CUP") == [("CUP", "MAIN", 2), ("CUP", "SHOP", -5), ("CUP", "SHOP", 5)]


def test_stock_as_of_any_instant_is_what_was_recorded_then(door):
    sku, shop = product(door)["sku"], make_location("SHOP").code
    history, deeds = [], [(10, None), (-3, None), (5, shop), (-2, shop), (4, None)]
    for delta, place in deeds:
        before = timezone.now()
        book(sku, delta, place)
        time.sleep(0.002)
        history.append((before, door.get(f"products/sku:{sku}/stock").json()))

    def figures(body):
        return body["on_hand"], body["available"], {v["location"]: v["on_hand"] for v in body["levels"]}

    empty = door.get(f"products/sku:{sku}/stock?as_of={z(history[0][0])}").json()
    assert (empty["on_hand"], empty["available"]) == (0, 0)
    for (_, then), (instant, _) in pairwise(history):
        seen = figures(door.get(f"products/sku:{sku}/stock?as_of={z(instant)}").json())
        on_hand, available, places = figures(then)
        assert seen == (on_hand, available, {code: places.get(code, 0) for code in ("MAIN", "SHOP")})
        levels = door.get(f"stock/levels?sku={sku}&as_of={z(instant)}").json()["results"]
        assert {v["location"]: v["on_hand"] for v in levels} == seen[2]
