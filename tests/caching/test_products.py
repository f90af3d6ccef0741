"""Products, SKUs and listings through the cache, as the service uses it."""

import time
from collections.abc import Callable
from typing import Any

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from api import cached
from inventory import caching
from inventory.models import Product, documents
from inventory.operations import catalog, reservations
from inventory.values import Line
from tests.builders import ANA, make_category, make_product, move

from .probe import statements, until

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture(autouse=True)
def trusted(transactional_db: Any) -> None:
    until(lambda: caching._trust.current() is not None)


def read(product: Product) -> str:
    """Read the product twice; the status of the second read."""
    cached.product(product.pk)
    return cached.product(product.pk)[1]


def body(product: Product) -> bytes:
    document, _ = cached.product(product.pk)
    assert document is not None
    return document.body


def in_sql(product: Product) -> bytes:
    return documents.products([product.pk])[product.pk].body


CHANGES: dict[str, Callable[[Product], Any]] = {
    "an update": lambda p: catalog.update_product(p, actor=ANA, expected_version=None, name="New"),
    "a bulk update": lambda p: Product.objects.filter(pk=p.pk).update(name="New"),
    "a save": lambda p: _save(p),
    "a stock movement": lambda p: move(p, -3),
    "a hold": lambda p: _hold(p),
    "an extension": lambda p: reservations.extend(_hold(p), expires_in=100, actor=ANA),
    "a release": lambda p: reservations.release(_hold(p), actor=ANA),
}


def _save(product: Product) -> None:
    fresh = Product.objects.get(pk=product.pk)
    fresh.name = "New"
    fresh.save()


def _hold(product: Product, seconds: int = 900) -> Any:
    return reservations.reserve([Line(product=product.pk, quantity=2)], expires_in=seconds, actor=ANA)[0]


@pytest.mark.parametrize("change", CHANGES.values(), ids=CHANGES.keys())
def test_after_any_change_the_product_is_read_anew_and_right(change: Callable[[Product], Any]) -> None:
    product = make_product(on_hand=10)
    assert read(product) == "hit"

    change(product)

    assert cached.product(product.pk)[1] == "miss"
    assert body(product) == in_sql(product)


def test_a_cached_hold_stops_counting_at_the_instant_at_which_it_is_over() -> None:
    product = make_product(on_hand=10)
    _hold(product, seconds=1)
    assert read(product) == "hit"
    assert b'"available":8' in body(product)

    until(lambda: b'"available":10' in in_sql(product))

    assert b'"available":10' in body(product)
    assert read(product) == "hit"


def test_a_hold_that_lasts_longer_keeps_the_entry_no_longer_than_the_first_that_ends() -> None:
    product = make_product(on_hand=10)
    _hold(product, seconds=600)
    _hold(product, seconds=100)
    read(product)

    trusted = caching._trust.current()
    assert trusted is not None
    left = trusted.redis.pttl(trusted.name(caching.keys.product(product.pk)))

    assert 90_000 < left <= 100_000


def test_a_stock_movement_drops_no_listing() -> None:
    category = make_category()
    product = make_product(category=category, on_hand=5)
    listed = cached.Listed([product.pk], None, None, None)
    cached.listing(category.pk, "page", lambda: listed)

    move(product, -1)

    assert cached.listing(category.pk, "page", lambda: listed)[1] == "hit"


def test_a_product_that_moves_drops_the_listings_that_it_leaves_and_enters_and_all_above_them() -> None:
    top = make_category("Top")
    old, new = make_category("Old", parent=top), make_category("New", parent=top)
    far = make_category("Far")
    product = make_product(category=old)
    empty = cached.Listed([], None, None, None)
    for category in (top, old, new, far):
        cached.listing(category.pk, "page", lambda: empty)

    catalog.update_product(product, actor=ANA, expected_version=None, category_id=new.pk)

    statuses = [cached.listing(category.pk, "page", lambda: empty)[1] for category in (top, old, new, far)]
    assert statuses == ["miss", "miss", "miss", "hit"]


def test_a_sku_is_found_whatever_its_case_and_follows_a_renaming() -> None:
    product = make_product("Old-1")
    assert cached.product_by_sku("OLD-1")[0] is not None
    assert cached.product_by_sku("old-1")[1] == "hit"

    catalog.update_product(product, actor=ANA, expected_version=None, sku="New-1")

    assert cached.product_by_sku("old-1")[0] is None
    found, _ = cached.product_by_sku("new-1")
    assert found is not None
    assert found.id == product.pk


def test_a_page_of_products_is_one_look_when_all_are_there() -> None:
    products = [make_product() for _ in range(50)]
    cached.products([product.pk for product in products])

    with CaptureQueriesContext(connection) as queries:
        found = cached.products([product.pk for product in products])

    assert len(found) == 50
    assert not statements(queries)
    assert found[products[7].pk].body == in_sql(products[7])


def test_the_clock_of_the_web_server_has_no_say_in_how_long_an_entry_lives(monkeypatch: pytest.MonkeyPatch) -> None:
    product = make_product(on_hand=10)
    _hold(product, seconds=1)
    real = time.time
    monkeypatch.setattr(time, "time", lambda: real() - 3600)
    read(product)

    until(lambda: b'"available":10' in in_sql(product))

    assert b'"available":10' in body(product)
