"""Policies: level, else product, else the nearest category, else the service's default."""

import pytest
from django.test import override_settings

from inventory.context import SYSTEM
from inventory.errors import Conflict, InsufficientStock, VersionMismatch
from inventory.models import ProductStock, Reason, StockLevel
from inventory.operations import catalog, locations, reservations, stock
from inventory.values import Line
from tests.builders import ANA, make_category, make_level, make_location, make_product, open_alerts

pytestmark = pytest.mark.django_db(transaction=True)


def in_force(product):
    row = ProductStock.objects.get(pk=product.pk)
    return row.reorder_point_in_force, row.safety_stock_in_force


def test_the_nearest_category_that_says_something_wins():
    top = make_category("Top", reorder_point=50, safety_stock=5)
    middle = make_category("Middle", parent=top, reorder_point=20)
    mug = make_product(category=make_category("Leaf", parent=middle), on_hand=100)

    assert in_force(mug) == (20, 5)


def test_a_product_overrules_its_category_and_gives_way_again():
    mug = make_product(category=make_category(reorder_point=20), reorder_point=3)
    own = in_force(mug)

    catalog.update_product(mug, actor=ANA, reorder_point=None)

    assert (own, in_force(mug)) == ((3, 0), (20, 0))


@override_settings(INVENTORY_DEFAULT_REORDER_POINT=7, INVENTORY_DEFAULT_SAFETY_STOCK=2)
def test_the_default_of_the_service_comes_last():
    mug = make_product(on_hand=10)

    assert in_force(mug) == (7, 2)


def test_a_category_that_moves_takes_its_policies_along():
    rich, poor = make_category("Rich", reorder_point=100), make_category("Poor", reorder_point=1)
    leaf = make_category("Leaf", parent=poor)
    mug = make_product(category=leaf, on_hand=10)

    catalog.update_category(leaf, actor=ANA, parent_id=rich.pk)

    assert in_force(mug) == (100, 0)
    assert len(open_alerts(mug)) == 1


def test_a_level_has_the_last_word_about_its_own_safety_stock():
    mug = make_product(category=make_category(safety_stock=5))
    make_level(mug, on_hand=10)
    shop = make_level(mug, make_location("SHOP"), on_hand=10)

    stock.set_policies(shop, actor=ANA, safety_stock=1)

    assert in_force(mug) == (None, 6)
    assert ProductStock.objects.get(pk=mug.pk).available == 14


def test_a_level_is_changed_by_nobody_who_saw_an_older_version():
    level = make_level()
    stock.set_policies(level, actor=ANA, reorder_point=3)

    with pytest.raises(VersionMismatch):
        stock.set_policies(level, actor=ANA, expected_version=1, reorder_point=4)

    assert StockLevel.objects.get(pk=level.pk).reorder_point == 3


def test_a_level_with_its_own_reorder_point_alerts_on_its_own():
    mug = make_product()
    make_level(mug, on_hand=100)
    shop = make_level(mug, make_location("SHOP"), on_hand=10, reorder_point=5)

    stock.adjust([Line(product=mug.pk, location="SHOP", quantity=-6)], reason=Reason.SOLD, actor=ANA)

    assert [(alert.location_id, alert.available) for alert in open_alerts(mug)] == [(shop.location_id, 4)]


def test_a_backorder_limit_promises_what_is_not_there_yet_but_sells_none_of_it():
    mug = make_product(on_hand=2, backorder_limit=3)

    reservations.reserve([Line(product=mug.pk, quantity=5)], actor=ANA)
    with pytest.raises(InsufficientStock):
        reservations.reserve([Line(product=mug.pk, quantity=1)], actor=ANA)
    with pytest.raises(InsufficientStock):
        stock.adjust([Line(product=mug.pk, quantity=-1)], reason=Reason.SOLD, actor=ANA)

    assert ProductStock.objects.get(pk=mug.pk).available == -3


def test_a_backorder_limit_cannot_be_withdrawn_while_it_is_in_use():
    mug = make_product(on_hand=2, backorder_limit=3)
    reservations.reserve([Line(product=mug.pk, quantity=5)], actor=ANA)
    level = StockLevel.objects.get(product=mug.pk)

    with pytest.raises(Conflict):
        catalog.update_product(mug, actor=ANA, backorder_limit=1)
    with pytest.raises(Conflict):
        stock.set_policies(level, actor=ANA, backorder_limit=0)

    assert StockLevel.objects.get(pk=level.pk).backorder_limit_in_force == 3


def test_a_deleted_location_takes_its_safety_stock_out_of_the_totals():
    mug, shop = make_product(category=make_category(safety_stock=4)), make_location("SHOP")
    make_level(mug, on_hand=20)
    level = make_level(mug, shop, on_hand=1)
    stock.adjust([Line(product=mug.pk, location="SHOP", quantity=-1)], reason=Reason.LOST, actor=ANA)

    locations.delete_location(shop, actor=ANA)
    stock.adjust([Line(product=mug.pk, quantity=1)], reason=Reason.FOUND, actor=SYSTEM)

    assert not StockLevel.objects.filter(pk=level.pk).exists()
    assert in_force(mug) == (None, 4)
    assert ProductStock.objects.get(pk=mug.pk).available == 17
