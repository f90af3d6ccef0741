"""Every way to write rings the same bells: the change is told, nothing old is read, a crossing alerts.

One table for each sort of change. A new door is a new line.
"""

from pathlib import Path
from typing import Any

import pytest

from inventory.context import acting_as
from inventory.models import Activity, ArchivedObject, Product
from inventory.operations import catalog, history
from tests.builders import BEN, CLEO, move, open_alerts
from tests.client import Api

from .doors import API, CODE, PERSON, Deed, World, bulk_updated, doors, furnished, put, saved, updated

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture
def world(api: Api, tmp_path: Path) -> World:
    return furnished(api, tmp_path)


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
