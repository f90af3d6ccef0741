"""Fixtures: `loaddata` writes raw rows; the promises hold, and what is not promised is left alone."""

import json
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
from django.contrib.auth.models import User
from django.core import serializers
from django.core.management import call_command
from django.db import transaction

from inventory.models import Activity, Category, Event, OperatorProfile, Product, StockAlert
from inventory.operations import catalog
from tests.builders import ANA, make_category, make_product, open_alerts
from tests.client import Api

pytestmark = pytest.mark.django_db(transaction=True)


def load(tmp_path: Path, *rows: Any, **changed: Any) -> None:
    """Load the rows as a fixture would bring them: as they are in memory, with `changed` fields."""
    text = json.loads(written(*rows))
    for row in text:
        row["fields"] |= changed
    file = tmp_path / "shop.json"
    file.write_text(json.dumps(text))
    call_command("loaddata", str(file), verbosity=0)


def written(*rows: Any) -> str:
    """The rows as JSON, without the columns that the database makes."""
    stored = [field.name for row in rows for field in row._meta.concrete_fields if not field.generated]
    return str(serializers.serialize("json", rows, fields=stored))


def test_a_fixture_brings_rows_as_they_are_written_there(tmp_path: Path) -> None:
    product = Product(sku="A", name="Mug", slug="from-elsewhere", version=7, last_modified_by="another shop")

    load(tmp_path, product)

    stored = Product.objects.get()
    assert (stored.slug, stored.version, stored.last_modified_by) == ("from-elsewhere", 7, "another shop")
    assert stored.stock.on_hand == 0


def test_what_a_fixture_brings_is_told(tmp_path: Path) -> None:
    product = Product(sku="A", name="Mug", slug="mug")

    load(tmp_path, product)

    assert Activity.objects.get(object_id=str(product.pk)).action == "created"
    assert Event.objects.get(key=str(product.pk)).type == "product.created"


def test_a_fixture_that_overwrites_a_row_is_told_with_before_and_after(tmp_path: Path) -> None:
    product = make_product("A", name="Mug")

    load(tmp_path, product, name="Cup")

    told = Activity.objects.filter(object_id=str(product.pk)).latest("id")
    assert (told.action, told.changes) == ("updated", {"name": ["Mug", "Cup"]})


def test_versions_never_go_back(tmp_path: Path) -> None:
    product = make_product("A", name="Mug")
    for name in ("Cup", "Bowl"):
        product = catalog.update_product(product, actor=ANA, name=name)

    load(tmp_path, product, version=1)

    assert Product.objects.get().version == 4


def test_a_fixture_that_moves_a_product_empties_the_old_listing_and_fills_the_new(tmp_path: Path, api: Api) -> None:
    old, new = make_category("Old"), make_category("New")
    product = make_product("A", name="Mug", category=old, price=Decimal("5.00"))
    listings = [f"categories/{category.pk}/products" for category in (old, new)]
    before = [len(api.get(path).json()["results"]) for path in listings]

    load(tmp_path, product, category=str(new.pk), price="6.00")

    assert before == [1, 0]
    assert [len(api.get(path).json()["results"]) for path in listings] == [0, 1]
    assert api.get("products/sku:A").json()["price"] == "6.00"


def test_a_fixture_that_moves_a_category_moves_its_branch(tmp_path: Path, api: Api) -> None:
    one, two = make_category("One"), make_category("Two")
    branch = make_category("Branch", parent=one)
    make_product("A", category=branch)
    listings = [f"categories/{category.pk}/products" for category in (one, two)]
    before = [len(api.get(path).json()["results"]) for path in listings]

    load(tmp_path, branch, parent=str(two.pk))

    assert before == [1, 0]
    assert [len(api.get(path).json()["results"]) for path in listings] == [0, 1]


def test_a_reorder_point_from_a_fixture_counts_and_its_crossing_alerts(tmp_path: Path) -> None:
    product = make_product("A", on_hand=10)

    load(tmp_path, product, reorder_point=20)

    assert [alert.reorder_point for alert in open_alerts(product)] == [20]


def test_products_that_come_before_their_category_still_follow_its_policy(tmp_path: Path) -> None:
    category = Category(name="Mugs", slug="mugs", reorder_point=5)
    product = Product(sku="A", name="Mug", slug="mug", category=category)

    load(tmp_path, product, category)

    assert Product.objects.get().stock.reorder_point_in_force == 5


def load_users(tmp_path: Path) -> None:
    file = tmp_path / "users.json"
    file.write_text(json.dumps([{"model": "auth.user", "pk": 1, "fields": {"username": "dora", "password": ""}}]))
    call_command("loaddata", str(file), verbosity=0)


def test_guarded_receivers_are_silent_for_fixtures(tmp_path: Path) -> None:
    load_users(tmp_path)

    assert User.objects.exists()
    assert not OperatorProfile.objects.exists()


def test_a_fixture_row_outside_a_transaction_is_refused_before_it_is_written() -> None:
    (row,) = serializers.deserialize("json", written(Product(sku="A", name="Mug", slug="mug")))

    with pytest.raises(transaction.TransactionManagementError):
        row.save()

    assert not Product.objects.exists()


def test_a_dump_of_the_catalogue_can_be_loaded_again(tmp_path: Path) -> None:
    category = make_category("Mugs", reorder_point=5)
    make_product("A", category=category)
    dump = tmp_path / "dump.json"
    call_command("dumpdata", "inventory.category", "inventory.product", output=str(dump), verbosity=0)
    Product.objects.all().delete()
    Category.objects.all().delete()

    call_command("loaddata", str(dump), verbosity=0)

    assert Product.objects.get().category == category
    assert not StockAlert.objects.exists()
