"""Categories are a tree, and there is always one default location."""

from typing import Any

import pytest
from django.db import IntegrityError, connection, transaction

from inventory.errors import DoesNotExist, InUse, InvalidTransition, Refusal, VersionMismatch
from inventory.models import Category, Location
from inventory.operations import catalog, locations
from tests.builders import ANA, at_once, main_location, make_category, make_level, make_location, make_product, move

pytestmark = pytest.mark.django_db(transaction=True)


def branch(*names: str) -> list[Category]:
    """Categories one below the other."""
    made: list[Category] = []
    for name in names:
        made.append(make_category(name, parent=made[-1] if made else None))
    return made


def test_descendants_are_everything_below_and_the_category_itself() -> None:
    top, middle, leaf = branch("Top", "Middle", "Leaf")
    make_category("Elsewhere")

    below = Category.objects.with_descendants([top.pk])

    assert set(below) == {top.pk, middle.pk, leaf.pk}


@pytest.mark.parametrize("below", [0, 1, 2])
def test_a_category_cannot_be_moved_below_itself(below: int) -> None:
    tree = branch("Top", "Middle", "Leaf")

    with pytest.raises(InvalidTransition):
        catalog.update_category(tree[0], actor=ANA, parent_id=tree[below].pk)

    assert Category.objects.get(pk=tree[0].pk).parent is None


def test_the_database_refuses_a_circle_whoever_writes() -> None:
    top, _, leaf = branch("Top", "Middle", "Leaf")

    with pytest.raises(IntegrityError, match="cannot be below itself"), connection.cursor() as cursor:
        cursor.execute("UPDATE inventory_category SET parent_id = %s WHERE id = %s", [leaf.pk, top.pk])


def test_two_moves_that_would_close_a_circle_together_do_not_both_succeed() -> None:
    for _ in range(5):
        one, two = make_category("One"), make_category("Two")

        at_once(lambda a=one, b=two: _tried(a, b), lambda a=one, b=two: _tried(b, a))

        parents = list(Category.objects.filter(pk__in=[one.pk, two.pk]).values_list("parent_id", flat=True))
        assert parents.count(None) == 1


def test_a_parent_must_exist() -> None:
    top = make_category()

    with pytest.raises(DoesNotExist) as refused:
        catalog.update_category(top, actor=ANA, parent_id="0190a5d8-0000-7000-8000-000000000000")

    assert refused.value.problems[0].pointer == "/parent"


@pytest.mark.parametrize("holding", ["product", "category"])
def test_a_category_that_holds_something_cannot_be_deleted(holding: str) -> None:
    category = make_category()
    if holding == "product":
        make_product(category=category)
    else:
        make_category("Below", parent=category)

    with pytest.raises(InUse):
        catalog.delete_category(category, actor=ANA)


def test_a_change_of_an_older_version_of_a_category_is_refused() -> None:
    category = make_category()
    catalog.update_category(Category.objects.get(), actor=ANA, name="Cups")

    with pytest.raises(VersionMismatch):
        catalog.update_category(category, actor=ANA, name="Bowls")


# --- Locations --------------------------------------------------------------------------------------------------------


def test_there_is_a_default_location_from_the_first_day() -> None:
    assert (main_location().code, main_location().is_active) == ("MAIN", True)


def test_a_new_default_makes_the_former_step_down() -> None:
    shop = make_location("SHOP")

    locations.update_location(shop, actor=ANA, is_default=True)
    made = make_location("VAN", is_default=True)

    assert main_location() == made
    assert Location.objects.filter(is_default=True).count() == 1


@pytest.mark.parametrize(
    "deed",
    [
        lambda main: locations.update_location(main, actor=ANA, is_default=False),
        lambda main: locations.update_location(main, actor=ANA, is_active=False),
        lambda main: locations.delete_location(main, actor=ANA),
    ],
    ids=["another", "inactive", "deleted"],
)
def test_the_default_location_cannot_simply_go(deed: Any) -> None:
    main = main_location()

    with pytest.raises(InUse):
        deed(main)

    assert main_location() == main


def test_the_database_knows_one_default_whoever_writes() -> None:
    with pytest.raises(IntegrityError, match="location_default_is_one"), transaction.atomic():
        Location.objects.create(code="SECOND", name="Second", is_default=True)


def test_a_location_that_holds_stock_cannot_be_deleted_and_an_empty_one_can() -> None:
    shop = make_location("SHOP")
    level = make_level(location=shop, on_hand=3, safety_stock=2)

    with pytest.raises(InUse):
        locations.delete_location(shop, actor=ANA)
    move(level.product, -3, at=shop)
    locations.delete_location(shop, actor=ANA)

    assert not Location.objects.filter(code="SHOP").exists()
    assert level.product.stock.safety_stock_in_force == 0


def _tried(category: Category, parent: Category) -> Any:
    try:
        catalog.update_category(category, actor=ANA, parent_id=parent.pk)
    except (Refusal, IntegrityError) as refusal:
        return refusal
    return None
