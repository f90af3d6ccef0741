"""Our own signals: sent where Django's are silent, inside the transaction, with the arguments that are documented."""

import random
import re
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

import pytest
from django.db import connection
from django.db.models.signals import post_delete, post_save, pre_delete, pre_save
from django.dispatch import Signal

from inventory import signals
from inventory.models import (
    Activity,
    ArchivedObject,
    Product,
    ProductStock,
    Reservation,
    StockAlert,
    StockLevel,
    Transfer,
)
from inventory.operations import catalog, reservations, transfers
from inventory.signals import RowChange, StockChange
from inventory.values import Line
from tests.builders import ANA, make_category, make_location, make_product, move

from .bells import listening

pytestmark = pytest.mark.django_db(transaction=True)

OURS = {name: signal for name, signal in vars(signals).items() if isinstance(signal, Signal)}


def documented(name: str) -> set[str]:
    """The arguments of a signal as the docstring of `inventory.signals` lists them."""
    line = next(line for line in (signals.__doc__ or "").splitlines() if line.startswith(f"`{name}`"))
    return set(re.findall(r"(\w+)[=:]", line.removeprefix(f"`{name}`")))


def every_deed() -> None:
    """A walk on which every signal of ours is sent."""
    make_location("SHOP")
    product = make_product("A", reorder_point=5, on_hand=10)
    Product.objects.bulk_create([Product(sku="B", name="Bowl")])
    Product.objects.update(name="Cup")
    move(product, -8)
    move(product, 8)
    catalog.update_product(Product.objects.get(sku="A"), actor=ANA, reorder_point=7)
    reservations.reserve([Line(sku="A", quantity=1)], reference="r", actor=ANA)
    transfers.transfer([Line(sku="A", quantity=1)], from_location="MAIN", to_location="SHOP", actor=ANA)


@pytest.mark.parametrize("name", OURS)
def test_a_signal_carries_the_arguments_that_are_documented(name: str) -> None:
    with listening(OURS[name]) as heard:
        every_deed()

    assert heard
    assert {frozenset(ring) for ring in heard} == {frozenset({"signal", *documented(name)})}


@pytest.mark.parametrize("name", OURS)
def test_a_signal_is_sent_inside_the_transaction_of_the_change(name: str) -> None:
    inside: list[bool] = []

    with listening(OURS[name], deed=lambda **_: inside.append(connection.in_atomic_block)):
        every_deed()

    assert set(inside) == {True}


def test_stock_changed_tells_the_totals_before_and_after() -> None:
    product = make_product(reorder_point=5, on_hand=10)

    with listening(signals.stock_changed, StockLevel) as heard:
        move(product, -8)

    assert [ring["changes"] for ring in heard] == [[StockChange(str(product.pk), None, 10, 2, 5, 5)]]


def test_policy_changed_tells_the_reorder_points_before_and_after() -> None:
    product = make_product(reorder_point=5, on_hand=10)

    with listening(signals.policy_changed, ProductStock) as heard:
        catalog.update_product(product, actor=ANA, reorder_point=7)

    assert [ring["changes"] for ring in heard] == [[StockChange(str(product.pk), None, 10, 10, 5, 7)]]


def test_rows_changed_tells_every_row_of_a_bulk_write_with_before_and_after() -> None:
    one, two = make_product("A", name="One"), make_product("B", name="Two")

    with listening(signals.rows_changed, Product) as heard:
        Product.objects.filter(pk__in=[one.pk, two.pk]).update(name="Mug")

    (ring,) = heard
    told: list[RowChange] = ring["changes"]
    assert {(c.pk, c.before["name"], c.after["name"]) for c in told} == {(one.pk, "One", "Mug"), (two.pk, "Two", "Mug")}


def test_an_update_that_matches_nothing_rings_no_bell() -> None:
    with listening(signals.rows_changed, Product) as heard:
        count = Product.objects.filter(sku="NONE").update(name="Mug")

    assert (count, heard) == (0, [])


def test_alert_opened_and_alert_resolved_bring_the_alerts() -> None:
    product = make_product("A", reorder_point=5, on_hand=10)

    with (
        listening(signals.alert_opened, StockAlert) as opened,
        listening(signals.alert_resolved, StockAlert) as resolved,
    ):
        move(product, -8)
        move(product, 8)

    assert [[alert.state for alert in ring["alerts"]] for ring in opened] == [["open"]]
    assert [[alert.state for alert in ring["alerts"]] for ring in resolved] == [["resolved"]]


@pytest.mark.parametrize("sender", [Reservation, Transfer])
def test_reservations_and_transfers_say_what_became_of_them(sender: Any) -> None:
    signal = signals.reservation_changed if sender is Reservation else signals.transfer_changed

    with listening(signal, sender) as heard:
        every_deed()

    assert len(heard) == 1
    assert isinstance(heard[0]["change"], str)


# --- The order of the receivers ---------------------------------------------------------------------------------------


@contextmanager
def shuffled(seed: int) -> Iterator[None]:
    """Every signal calls its receivers in another order."""
    every = [pre_save, post_save, pre_delete, post_delete, *OURS.values()]
    kept = [list(signal.receivers) for signal in every]
    for signal in every:
        random.Random(seed).shuffle(signal.receivers)
        signal.sender_receivers_cache.clear()
    try:
        yield
    finally:
        for signal, receivers in zip(every, kept, strict=True):
            signal.receivers = receivers
            signal.sender_receivers_cache.clear()


def outcome() -> dict[str, Any]:
    """What a long walk leaves behind, without its ids and times."""
    top = make_category("Top", reorder_point=5)
    below = make_category("Below", parent=top)
    product = make_product("A", name="Mug", category=below, on_hand=10)
    move(product, -8)
    catalog.update_category(top, actor=ANA, reorder_point=1)
    product = catalog.update_product(product, actor=ANA, name="Cup", category_id=None)
    Product.objects.bulk_create([Product(sku="B", name="Cup", category=below)])
    Product.objects.update(description="Bulk")
    move(product, -2)
    product.refresh_from_db()
    catalog.delete_product(product, actor=ANA)
    return {
        "products": list(Product.objects.values_list("sku", "slug", "version", "last_modified_by")),
        "activity": sorted(Activity.objects.values_list("action", "object_type", "object_repr", "actor")),
        "alerts": sorted(StockAlert.objects.values_list("sku", "state", "severity", "reorder_point", "available")),
        "archive": list(ArchivedObject.objects.values_list("object_repr", "snapshot__description")),
        "points": list(ProductStock.objects.values_list("product__sku", "reorder_point_in_force", "available")),
    }


EXPECTED: dict[str, Callable[[Any], bool]] = {
    "alerts": lambda rows: rows == [("A", "resolved", "low_stock", 5, 2)],
    "archive": lambda rows: rows == [("A Cup", "Bulk")],
    "points": lambda rows: rows == [("B", 1, 0)],
}


@pytest.mark.parametrize("seed", range(6))
def test_the_order_of_the_receivers_does_not_matter(seed: int) -> None:
    with shuffled(seed):
        left = outcome()

    assert {name: holds(left[name]) for name, holds in EXPECTED.items()} == dict.fromkeys(EXPECTED, True)
    assert left["products"] == [("B", "cup", 2, "system")]
    assert len(left["activity"]) == 9
