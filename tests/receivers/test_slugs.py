"""Slugs on `pre_save`: readable, unique, stable."""

from contextlib import suppress
from threading import Barrier, BrokenBarrierError
from typing import Any

import pytest
from django.db import IntegrityError

from inventory import locks
from inventory.models import Category, Product
from inventory.operations import catalog, slugs
from tests.builders import ANA, at_once, make_category, make_product

pytestmark = pytest.mark.django_db(transaction=True)


def test_a_new_product_gets_a_slug_from_its_name() -> None:
    product = make_product(name="Blue Mug, 0.3 l")

    assert product.slug == "blue-mug-03-l"


def test_a_category_gets_its_slug_apart_from_products() -> None:
    make_product(name="Mugs")

    category = make_category("Mugs")

    assert category.slug == "mugs"


def test_the_second_of_one_name_is_numbered() -> None:
    first, second, third = (make_product(name="Mug") for _ in range(3))

    assert [first.slug, second.slug, third.slug] == ["mug", "mug-2", "mug-3"]


def test_a_number_is_never_given_out_twice() -> None:
    make_product(name="Mug")
    second, _third = make_product(name="Mug"), make_product(name="Mug")
    catalog.delete_product(second, actor=ANA)

    fourth = make_product(name="Mug")

    assert fourth.slug == "mug-4"


def test_a_slug_stays_when_the_name_changes() -> None:
    product = make_product(name="Mug")

    product = catalog.update_product(product, actor=ANA, name="Cup")

    product.refresh_from_db()
    assert (product.name, product.slug) == ("Cup", "mug")


@pytest.mark.parametrize("name", ["杯子", "!!!", "---"])
def test_a_name_without_latin_letters_still_gets_a_slug(name: str) -> None:
    assert make_product(name=name).slug == "product"


def test_a_very_long_name_still_fits() -> None:
    first, second = make_product(name="mug " * 63), make_product(name="mug " * 63)

    assert len(second.slug) <= 255
    assert second.slug == f"{first.slug}-2"


def test_products_of_a_bulk_create_get_slugs_too() -> None:
    make_product(name="Mug")

    Product.objects.bulk_create([Product(sku=f"B-{n}", name="Mug") for n in range(3)])

    assert set(Product.objects.values_list("slug", flat=True)) == {"mug", "mug-2", "mug-3", "mug-4"}


def test_thirty_creates_of_one_name_at_once_get_thirty_slugs() -> None:
    names = [f"RACE-{n}" for n in range(30)]

    made = at_once(*[lambda sku=sku: make_product(sku, name="Mug") for sku in names])

    assert {product.slug for product in made} == {"mug", *(f"mug-{n}" for n in range(2, 31))}


def test_without_the_lock_of_the_name_two_creates_would_clash(monkeypatch: pytest.MonkeyPatch) -> None:
    # The proof that the test above can fail: both look for a free slug before either has written its own.
    monkeypatch.setattr(locks, "name", lambda text, using="default": None)

    outcomes = _two_creates_that_look_together(monkeypatch)

    assert sorted(outcomes) == ["IntegrityError", "created"]


def test_with_the_lock_of_the_name_the_second_create_looks_after_the_first(monkeypatch: pytest.MonkeyPatch) -> None:
    outcomes = _two_creates_that_look_together(monkeypatch)

    assert outcomes == ["created", "created"]
    assert set(Category.objects.values_list("slug", flat=True)) == {"mugs", "mugs-2"}


def _two_creates_that_look_together(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    look, both_have_looked = slugs._taken, Barrier(2)

    def look_and_wait(*args: Any) -> set[str]:
        taken = look(*args)
        with suppress(BrokenBarrierError):  # the other one is held back by the lock
            both_have_looked.wait(timeout=0.5)
        return taken

    def create() -> str:
        try:
            make_category("Mugs")
        except IntegrityError as error:
            return type(error).__name__
        return "created"

    monkeypatch.setattr(slugs, "_taken", look_and_wait)
    return at_once(create, create)
