"""Every way to write rings the same bells: the change is told, nothing old is read, a crossing alerts.

One table for each sort of change. A new door is a new line.
"""

import json
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from django.core import serializers
from django.core.management import call_command

from inventory.context import acting_as, answering
from inventory.models import Activity, ArchivedObject, Category, Product, StockLevel, StockMovement
from inventory.operations import catalog, history, reservations, stock, transfers
from inventory.values import Line
from tests.builders import BEN, CLEO, make_category, make_location, make_product, move, open_alerts
from tests.client import Api

from .desk import Desk

pytestmark = pytest.mark.django_db(transaction=True)

API, PERSON, CODE = "api_key:tests", "user:root", "user:ben"


@dataclass
class World:
    """A product `A`, ten pieces, reorder point 5, on a shelf; a shop; and everybody who may come to the doors."""

    api: Api
    tmp_path: Path
    shelf: Category
    product: Product
    level: StockLevel

    @property
    def desk(self) -> Desk:
        return Desk()

    def fresh(self) -> Product:
        return Product.objects.get(pk=self.product.pk)

    def load(self, row: Any, **changed: Any) -> None:
        """Through a fixture."""
        text = json.loads(serializers.serialize("json", [row]))
        text[0]["fields"] |= changed
        file = self.tmp_path / "fixture.json"
        file.write_text(json.dumps(text))
        call_command("loaddata", str(file), verbosity=0)

    def read(self) -> tuple[str, dict[str, Any]]:
        answer = self.api.get(f"products/{self.product.pk}")
        return answer.headers.get("Cache-Status", ""), answer.json()

    def names(self) -> list[str]:
        return [row["name"] for row in self.api.get(f"categories/{self.shelf.pk}/products").json()["results"]]

    def warm(self) -> None:
        """Everything is in the cache."""
        self.read(), self.names()
        assert self.read()[0] == "stockroom; hit"
        assert self.names() == ["Mug"]


@pytest.fixture
def world(api: Api, tmp_path: Path) -> World:
    shelf = make_category("Shelf")
    product = make_product("A", name="Mug", category=shelf, reorder_point=5, on_hand=10)
    make_location("SHOP")
    return World(api, tmp_path, shelf, product, product.levels.get())


Deed = Callable[[World], object]


def doors(table: dict[str, tuple[str, Deed]]) -> Any:
    return pytest.mark.parametrize(("actor", "deed"), list(table.values()), ids=list(table))


def put(world: World, path: str, **changed: Any) -> None:
    """PUT the whole object with some members changed."""
    body = world.api.get(path).json()
    version = body["version"]
    read_only = {"id", "slug", "stock", "version", "created_at", "updated_at", "last_modified_by"}
    body = {name: value for name, value in body.items() if name not in read_only}
    assert world.api.put(path, {**body, **changed}, version=version).status_code == 200


def saved(row: Any, fields: list[str] | None = None, **values: Any) -> None:
    for name, value in values.items():
        setattr(row, name, value)
    with acting_as(BEN):
        row.save(update_fields=fields)


def bulk_updated(row: Any, **values: Any) -> None:
    for name, value in values.items():
        setattr(row, name, value)
    with acting_as(BEN):
        type(row).objects.bulk_update([row], list(values))


def updated(row: Any, **values: Any) -> None:
    with acting_as(BEN):
        type(row).objects.filter(pk=row.pk).update(**values)


# --- A product is changed ---------------------------------------------------------------------------------------------

CHANGES: dict[str, tuple[str, Deed]] = {
    "PATCH": (API, lambda w: w.api.patch("products/sku:A", {"name": "Cup"}, version=1)),
    "PUT": (API, lambda w: put(w, "products/sku:A", name="Cup")),
    "admin": (PERSON, lambda w: w.desk.change(w.product, name="Cup")),
    "operation": (CODE, lambda w: catalog.update_product(w.product, actor=BEN, name="Cup")),
    "save": (CODE, lambda w: saved(w.product, name="Cup")),
    "save of single fields": (CODE, lambda w: saved(w.product, ["name"], name="Cup")),
    "save of a deferred instance": (CODE, lambda w: saved(Product.objects.only("name").get(), name="Cup")),
    "QuerySet.update": (CODE, lambda w: updated(w.product, name="Cup")),
    "bulk_update": (CODE, lambda w: bulk_updated(w.product, name="Cup")),
    "fixture": ("system", lambda w: w.load(w.product, name="Cup")),
}


@doors(CHANGES)
def test_a_changed_product_is_told_and_read_fresh(actor: str, deed: Deed, world: World) -> None:
    world.warm()

    deed(world)

    told = Activity.objects.filter(object_id=str(world.product.pk), action="updated").get()
    assert (told.actor, told.changes) == (actor, {"name": ["Mug", "Cup"]})
    status, body = world.read()
    assert (status, body["name"], body["version"]) == ("stockroom; fwd=miss", "Cup", 2)
    assert world.names() == ["Cup"]


# --- A product comes --------------------------------------------------------------------------------------------------

BOWL: dict[str, Any] = {"sku": "B", "name": "Bowl"}


def bulk_created(world: World) -> None:
    with acting_as(BEN):
        Product.objects.bulk_create([Product(**BOWL, category=world.shelf)])


def created(world: World) -> None:
    with acting_as(BEN):
        Product.objects.create(**BOWL, category=world.shelf)


def loaded(world: World) -> None:
    row = Product(**BOWL, slug="bowl", category=world.shelf)
    row.search = ""
    world.load(row)


COMINGS: dict[str, tuple[str, Deed]] = {
    "POST": (API, lambda w: w.api.post("products", {**BOWL, "category": str(w.shelf.pk)})),
    "admin": (PERSON, lambda w: w.desk.add("product", **BOWL, category=w.shelf.pk, price="1")),
    "operation": (CODE, lambda w: catalog.create_product(actor=BEN, **BOWL, category_id=w.shelf.pk)),
    "create": (CODE, created),
    "bulk_create": (CODE, bulk_created),
    "fixture": ("system", loaded),
}


@doors(COMINGS)
def test_a_new_product_is_told_and_stands_in_its_listing(actor: str, deed: Deed, world: World) -> None:
    world.warm()
    assert world.api.get("products/sku:B").status_code == 404

    deed(world)

    row = Product.objects.get(sku="B")
    told = Activity.objects.get(object_id=str(row.pk))
    assert (told.action, told.actor, told.changes["sku"]) == ("created", actor, [None, "B"])
    assert world.api.get("products/sku:B").json()["slug"] == "bowl"
    assert world.names() == ["Bowl", "Mug"]


# --- A product goes ---------------------------------------------------------------------------------------------------


def deleted(row: Any) -> None:
    with acting_as(BEN):
        row.delete()


GOINGS: dict[str, tuple[str, Deed]] = {
    "DELETE": (API, lambda w: w.api.delete("products/sku:A", if_match="*")),
    "admin": (PERSON, lambda w: w.desk.delete(w.fresh())),
    "admin, several": (PERSON, lambda w: w.desk.choose(w.fresh(), "delete_selected")),
    "operation": (CODE, lambda w: catalog.delete_product(w.product, actor=BEN)),
    "delete": (CODE, lambda w: deleted(w.fresh())),
    "QuerySet.delete": (CODE, lambda w: deleted(Product.objects.filter(sku="A"))),
}


@doors(GOINGS)
def test_a_deleted_product_is_told_archived_and_read_no_more(actor: str, deed: Deed, world: World) -> None:
    move(world.product, -10)
    world.warm()

    deed(world)

    told = Activity.objects.filter(object_id=str(world.product.pk)).latest("id")
    assert (told.action, told.actor) == ("deleted", actor)
    assert ArchivedObject.objects.get().actor == actor
    assert world.read()[1]["code"] == "not_found"
    assert world.names() == []
    assert open_alerts(world.product) == []


# --- A product comes back ---------------------------------------------------------------------------------------------

RETURNS: dict[str, tuple[str, Deed]] = {
    "POST restore": (API, lambda w: w.api.post(f"archive/{ArchivedObject.objects.get().pk}/restore", {})),
    "admin": (PERSON, lambda w: w.desk.choose(ArchivedObject.objects.get(), "restore")),
    "operation": (CODE, lambda w: history.restore(ArchivedObject.objects.get(), actor=BEN)),
}


@doors(RETURNS)
def test_a_restored_product_is_told_and_read_again(actor: str, deed: Deed, world: World) -> None:
    move(world.product, -10)
    catalog.delete_product(world.product, actor=CLEO)
    assert world.names() == []

    deed(world)

    told = Activity.objects.filter(object_id=str(world.product.pk)).latest("id")
    assert (told.action, told.actor) == ("restored", actor)
    assert world.read()[1]["name"] == "Mug"
    assert world.names() == ["Mug"]
    assert open_alerts(world.product) == []


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
    sent = transfers.Transfer.objects.get()
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
