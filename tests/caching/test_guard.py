"""A change that was not declared to the cache cannot commit, wherever it comes from."""

from collections.abc import Iterator
from typing import Any

import pytest
from django.db import IntegrityError, connection, transaction

from inventory import caching
from inventory.caching import guard, keys
from tests.builders import make_category, make_product, move

from .probe import sql

pytestmark = pytest.mark.django_db(transaction=True)


def enabled() -> set[str]:
    """The states of the guard triggers: O is on, D is off."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT tgenabled FROM pg_trigger WHERE tgname = 'cache_keys_are_declared'")
        return {row[0] for row in cursor.fetchall()}


def change_and_declare(product: Any, change: str, declared: list[str]) -> None:
    with transaction.atomic():
        sql(f"UPDATE inventory_product SET {change} WHERE id = %s", [product.pk])
        caching.declare(declared)


@pytest.fixture
def switched_back() -> Iterator[None]:
    yield
    sql("SELECT inventory_cache_guard(true)")


@pytest.mark.parametrize(
    "statement",
    [
        "UPDATE inventory_product SET name = 'x' WHERE id = %(id)s",
        "UPDATE inventory_product SET category_id = NULL WHERE id = %(id)s",
        "WITH its AS (DELETE FROM inventory_productstock WHERE product_id = %(id)s) "
        "DELETE FROM inventory_product WHERE id = %(id)s",
    ],
)
def test_sql_that_changes_a_product_behind_the_caches_back_is_refused(statement: str) -> None:
    product = make_product(category=make_category())

    with pytest.raises(IntegrityError, match="was not declared"):
        sql(statement, {"id": product.pk})

    product.refresh_from_db()
    assert product.name == "Mug"


def test_sql_that_changes_a_category_behind_the_caches_back_is_refused() -> None:
    category = make_category()

    with pytest.raises(IntegrityError, match="category_tree was not declared"):
        sql("UPDATE inventory_category SET name = 'x' WHERE id = %s", [category.pk])


def test_sql_that_declares_what_it_changes_is_welcome() -> None:
    product = make_product()

    change_and_declare(product, "description = 'x'", [keys.product(product.pk)])

    product.refresh_from_db()
    assert product.description == "x"


def test_a_declaration_counts_whether_it_comes_before_or_after_the_change() -> None:
    product = make_product()

    with transaction.atomic():
        caching.declare([keys.product(product.pk)])
        sql("UPDATE inventory_product SET description = 'x' WHERE id = %s", [product.pk])

    product.refresh_from_db()
    assert product.description == "x"


@pytest.mark.parametrize(
    ("column", "value", "also"),
    [("sku", "NEW-1", lambda p: [keys.product_sku(p.sku)]), ("price", "9.99", lambda p: [])],
)
def test_half_a_declaration_is_none(column: str, value: str, also: Any) -> None:
    product = make_product("OLD-1", category=make_category())

    with pytest.raises(IntegrityError, match=r"key (sku:new-1|listing:)"):
        change_and_declare(product, f"{column} = '{value}'", [keys.product(product.pk), *also(product)])


def test_the_listing_of_a_category_further_up_is_demanded_as_well() -> None:
    top = make_category()
    shelf = make_category(parent=top)
    product = make_product(category=shelf)

    with pytest.raises(IntegrityError, match=f"listing:{top.pk} was not declared"):
        change_and_declare(product, "price = '9.99'", [keys.product(product.pk), keys.listing(shelf.pk)])


@pytest.mark.parametrize("forgotten", ["left", "entered"])
def test_a_category_that_moves_demands_the_listings_of_both_branches(forgotten: str) -> None:
    tops = {"left": make_category(), "entered": make_category()}
    left, entered = (make_category(parent=top) for top in tops.values())
    shelf = make_category(parent=left)
    declared = [keys.category_tree(), *(keys.listing(one.pk) for one in (shelf, left, entered))]
    declared += [keys.listing(top.pk) for name, top in tops.items() if name != forgotten]

    def move_shelf() -> None:
        with transaction.atomic():
            sql("UPDATE inventory_category SET parent_id = %s WHERE id = %s", [entered.pk, shelf.pk])
            caching.declare(declared)

    with pytest.raises(IntegrityError, match=f"listing:{tops[forgotten].pk} was not declared"):
        move_shelf()


def test_a_declaration_in_a_savepoint_that_was_rolled_back_counts_no_more() -> None:
    product = make_product()

    def write() -> None:
        with transaction.atomic():
            with transaction.atomic():
                caching.declare([keys.product(product.pk)])
                transaction.set_rollback(True)
            sql("UPDATE inventory_product SET description = 'x' WHERE id = %s", [product.pk])

    with pytest.raises(IntegrityError, match="was not declared"):
        write()


def test_a_declaration_of_an_earlier_transaction_on_the_same_connection_counts_no_more() -> None:
    product = make_product()
    with transaction.atomic():
        caching.declare([keys.product(product.pk)])

    with pytest.raises(IntegrityError, match="was not declared"):
        sql("UPDATE inventory_product SET description = 'x' WHERE id = %s", [product.pk])


def test_stock_that_moves_behind_the_caches_back_is_refused() -> None:
    product = make_product(on_hand=5)

    with pytest.raises(IntegrityError, match=f"product:{product.pk} was not declared"):
        sql("UPDATE inventory_productstock SET reorder_point_in_force = 3 WHERE product_id = %s", [product.pk])


def test_the_service_itself_moves_stock_freely() -> None:
    product = make_product(on_hand=5)

    move(product, -2)

    assert sql("SELECT on_hand FROM inventory_productstock WHERE product_id = %s", [product.pk]) == (3,)


def test_the_guard_follows_its_setting(settings: Any, switched_back: None) -> None:
    settings.INVENTORY_CACHE_GUARD_ENABLED = False
    guard.follow_setting()
    product = make_product()
    sql("UPDATE inventory_product SET description = 'x' WHERE id = %s", [product.pk])
    assert enabled() == {"D"}

    settings.INVENTORY_CACHE_GUARD_ENABLED = True
    guard.follow_setting()

    assert enabled() == {"O"}
    with pytest.raises(IntegrityError):
        sql("UPDATE inventory_product SET description = 'y' WHERE id = %s", [product.pk])
