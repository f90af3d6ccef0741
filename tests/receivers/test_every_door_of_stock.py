"""Every way to move stock, or the policies that judge it, rings the same bells: booked, read fresh, alerting.

One table for each sort of change. A new door is a new line.
"""

from pathlib import Path
from typing import Any

import pytest

from inventory.context import answering
from inventory.models import Activity, StockMovement, Transfer
from inventory.operations import catalog, reservations, stock, transfers
from inventory.values import Line
from tests.builders import BEN, move, open_alerts
from tests.client import Api

from .doors import API, CODE, PERSON, Deed, World, bulk_updated, doors, furnished, put, saved, updated

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture
def world(api: Api, tmp_path: Path) -> World:
    return furnished(api, tmp_path)


# --- Stock falls ------------------------------------------------------------------------------------------------------


def line(quantity: int, **more: Any) -> Line:
    return Line(sku="A", quantity=quantity, **more)


def adjustment(delta: int) -> dict[str, Any]:
    return {"reason": "sold" if delta < 0 else "received", "lines": [{"sku": "A", "delta": delta}]}


def transferred(world: World, **more: Any) -> None:
    body = {"from_location": "MAIN", "to_location": "SHOP", "lines": [{"sku": "A", "quantity": 8}], **more}
    assert world.api.post("stock/transfers", body).status_code == 201


def reserved(world: World) -> None:
    body = {"reference": "order 1", "lines": [{"sku": "A", "quantity": 8}]}
    assert world.api.post("reservations", body).status_code == 201


COUNT = {"lines": [{"sku": "A", "counted": 2, "expected_on_hand": 10}]}

FALLS: dict[str, tuple[str, Deed]] = {
    "adjustment": (API, lambda w: w.api.post("stock/adjustments", adjustment(-8))),
    "adjustment, once": (API, lambda w: w.api.post("stock/adjustments", adjustment(-8), idempotency_key="k")),
    "count": (API, lambda w: w.api.post("stock/counts", COUNT)),
    "transfer on its way": (API, lambda w: transferred(w, in_transit=True)),
    "reservation": (API, reserved),
    "admin": (PERSON, lambda w: w.desk.adjust(w.product, -8, "sold")),
    "operation adjust": (CODE, lambda w: stock.adjust([line(-8)], reason="lost", actor=BEN)),
    "operation count": (CODE, lambda w: stock.count([line(2, expected=10)], actor=BEN)),
    "operation damage": (CODE, lambda w: stock.adjust([line(-8)], reason="damaged", actor=BEN)),
    "operation reserve": (CODE, lambda w: reservations.reserve([line(8)], reference="r", actor=BEN)),
}


@doors(FALLS)
def test_a_fall_of_stock_is_booked_read_fresh_and_alerts_once(actor: str, deed: Deed, world: World) -> None:
    world.warm()

    with answering("request-3"):
        deed(world)

    booked = StockMovement.objects.filter(product=world.product.pk).latest("sequence")
    assert (booked.actor, booked.balance_available) == (actor, 2)
    status, body = world.read()
    assert (status, body["stock"]["available"], body["stock"]["state"]) == ("stockroom; fwd=miss", 2, "low_stock")
    assert [alert.available for alert in open_alerts(world.product)] == [2]


# --- Stock rises ------------------------------------------------------------------------------------------------------


def arrived(world: World) -> None:
    sent = Transfer.objects.get()
    transfers.receive(sent, actor=BEN)


RISES: dict[str, tuple[str, Deed]] = {
    "adjustment": (API, lambda w: w.api.post("stock/adjustments", adjustment(8))),
    "count": (
        API,
        lambda w: w.api.post("stock/counts", {"lines": [{"sku": "A", "counted": 10, "expected_on_hand": 2}]}),
    ),
    "admin": (PERSON, lambda w: w.desk.adjust(w.product, 8, "received")),
    "operation": (CODE, lambda w: stock.adjust([line(8)], reason="found", actor=BEN)),
}


@doors(RISES)
def test_a_rise_of_stock_is_booked_read_fresh_and_resolves_the_alert(actor: str, deed: Deed, world: World) -> None:
    move(world.product, -8)
    world.warm()

    deed(world)

    assert StockMovement.objects.filter(product=world.product.pk).latest("sequence").actor == actor
    status, body = world.read()
    assert (status, body["stock"]["available"], body["stock"]["state"]) == ("stockroom; fwd=miss", 10, "in_stock")
    assert open_alerts(world.product) == []


def test_an_arrival_and_the_end_of_a_hold_resolve_their_alerts_too(world: World) -> None:
    transferred(world, in_transit=True)
    on_the_way = len(open_alerts(world.product))
    arrived(world)
    after_arrival = len(open_alerts(world.product))
    hold, _ = reservations.reserve([line(2), line(6, location="SHOP")], reference="r", actor=BEN)
    held = len(open_alerts(world.product))
    reservations.release(hold, actor=BEN)

    assert (on_the_way, after_arrival, held, len(open_alerts(world.product))) == (1, 0, 1, 0)


# --- The reorder point crosses the stock ------------------------------------------------------------------------------

POLICIES: dict[str, tuple[str, Deed]] = {
    "PATCH": (API, lambda w: w.api.patch("products/sku:A", {"reorder_point": 20}, version=1)),
    "PUT": (API, lambda w: put(w, "products/sku:A", reorder_point=20)),
    "admin": (PERSON, lambda w: w.desk.change(w.product, reorder_point=20)),
    "operation": (CODE, lambda w: catalog.update_product(w.product, actor=BEN, reorder_point=20)),
    "save": (CODE, lambda w: saved(w.product, reorder_point=20)),
    "save of single fields": (CODE, lambda w: saved(w.product, ["reorder_point"], reorder_point=20)),
    "QuerySet.update": (CODE, lambda w: updated(w.product, reorder_point=20)),
    "bulk_update": (CODE, lambda w: bulk_updated(w.product, reorder_point=20)),
    "fixture": ("system", lambda w: w.load(w.product, reorder_point=20)),
}


@doors(POLICIES)
def test_a_reorder_point_raised_above_the_stock_is_told_read_fresh_and_alerts(
    actor: str, deed: Deed, world: World
) -> None:
    world.warm()

    deed(world)

    told = Activity.objects.filter(object_id=str(world.product.pk), action="updated").get()
    assert (told.actor, told.changes) == (actor, {"reorder_point": [5, 20]})
    assert world.read()[1]["stock"]["state"] == "low_stock"
    assert [alert.reorder_point for alert in open_alerts(world.product)] == [20]


CATEGORY_POLICIES: dict[str, tuple[str, Deed]] = {
    "PATCH": (API, lambda w: w.api.patch(f"categories/{w.shelf.pk}", {"safety_stock": 8}, version=1)),
    "PUT": (API, lambda w: put(w, f"categories/{w.shelf.pk}", safety_stock=8)),
    "admin": (PERSON, lambda w: w.desk.change(w.shelf, safety_stock=8)),
    "operation": (CODE, lambda w: catalog.update_category(w.shelf, actor=BEN, safety_stock=8)),
    "save": (CODE, lambda w: saved(w.shelf, safety_stock=8)),
    "QuerySet.update": (CODE, lambda w: updated(w.shelf, safety_stock=8)),
    "bulk_update": (CODE, lambda w: bulk_updated(w.shelf, safety_stock=8)),
    "fixture": ("system", lambda w: w.load(w.shelf, safety_stock=8)),
}


@doors(CATEGORY_POLICIES)
def test_a_policy_of_the_category_is_told_read_fresh_below_and_alerts(actor: str, deed: Deed, world: World) -> None:
    world.warm()

    deed(world)

    told = Activity.objects.filter(object_id=str(world.shelf.pk), action="updated").get()
    assert (told.actor, told.changes) == (actor, {"safety_stock": [None, 8]})
    assert world.read()[1]["stock"]["available"] == 2
    assert [alert.available for alert in open_alerts(world.product)] == [2]


LEVEL_POLICIES: dict[str, Deed] = {
    "PATCH": lambda w: w.api.patch(f"stock/levels/{w.level.pk}", {"safety_stock": 8}, version=1),
    "admin": lambda w: w.desk.change(w.level, safety_stock=8),
    "operation": lambda w: stock.set_policies(w.level, actor=BEN, safety_stock=8),
}


@pytest.mark.parametrize("deed", LEVEL_POLICIES.values(), ids=LEVEL_POLICIES)
def test_a_policy_of_a_level_is_read_fresh_and_alerts(deed: Deed, world: World) -> None:
    world.warm()

    deed(world)

    assert world.read()[1]["stock"]["available"] == 2
    assert [alert.available for alert in open_alerts(world.product)] == [2]
