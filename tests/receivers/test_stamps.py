"""Last-modified stamps on everything that has a version."""

from typing import Any

import pytest
from django.db.models import F
from django.utils import timezone

from inventory.context import acting_as
from inventory.models import Category, Location, Product
from inventory.operations import catalog
from tests.builders import ANA, BEN, CLEO, make_category, make_location, make_product

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.mark.parametrize("make", [make_category, make_location, make_product])
def test_a_new_row_names_its_author_and_its_time(make: Any) -> None:
    started = timezone.now()

    row = make(actor=CLEO)

    row.refresh_from_db()
    assert row.last_modified_by == "user:cleo"
    assert started <= row.updated_at <= timezone.now()


def test_a_change_names_who_made_it_and_keeps_the_time_of_creation() -> None:
    product = make_product(actor=ANA)
    created_at, updated_at = product.created_at, product.updated_at

    catalog.update_product(product, actor=BEN, name="Cup")

    product.refresh_from_db()
    assert product.last_modified_by == "user:ben"
    assert product.updated_at > updated_at
    assert product.created_at == created_at


def test_a_save_of_single_fields_stamps_as_well() -> None:
    product = make_product(actor=ANA)

    with acting_as(BEN):
        product.name = "Cup"
        product.save(update_fields=["name"])

    product.refresh_from_db()
    assert (product.last_modified_by, product.version) == ("user:ben", 2)


@pytest.mark.parametrize("model", [Category, Location, Product])
def test_a_queryset_update_stamps_every_row(model: Any) -> None:
    make_category(), make_product(), make_location()
    before = dict(model.objects.values_list("pk", "version"))

    with acting_as(CLEO):
        model.objects.update(name="Renamed")

    rows = list(model.objects.all())
    assert {row.last_modified_by for row in rows} == {"user:cleo"}
    assert all(row.version == before[row.pk] + 1 for row in rows)


def test_a_bulk_create_and_a_bulk_update_stamp_every_row() -> None:
    with acting_as(BEN):
        made = Product.objects.bulk_create([Product(sku=f"B-{n}", name="Mug") for n in range(2)])
    by_ben = set(Product.objects.values_list("last_modified_by", flat=True))

    for product in made:
        product.price = 5
    with acting_as(CLEO):
        Product.objects.bulk_update(made, ["price"])

    assert by_ben == {"user:ben"}
    assert set(Product.objects.values_list("last_modified_by", "version")) == {("user:cleo", 2)}


def test_an_update_may_not_turn_the_version_back() -> None:
    product = make_product()

    Product.objects.update(version=F("version") - 1, name="Cup")

    product.refresh_from_db()
    assert (product.name, product.version) == ("Cup", 2)


def test_changes_of_nobody_in_particular_are_the_systems() -> None:
    product = Product.objects.create(sku="A", name="Mug")

    assert product.last_modified_by == "system"
