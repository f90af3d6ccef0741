"""Low-stock alerts: one for each true fall below the reorder point, resolved by the climb back to it."""

from itertools import pairwise

import pytest
from django.db import connection
from django.db.models import F
from django.test import override_settings

from inventory.context import muted
from inventory.errors import InUse
from inventory.models import Category, Product, Reason, Severity, StockAlert, StockLevel
from inventory.operations import alerts, catalog, locations, reservations, stock, transfers
from inventory.values import Line
from tests.builders import (
    ANA,
    BEN,
    at_once,
    make_category,
    make_level,
    make_location,
    make_product,
    move,
    open_alerts,
)
from tests.clock import pass_time

pytestmark = pytest.mark.django_db(transaction=True)


def all_alerts(product: Product) -> list[StockAlert]:
    return list(StockAlert.objects.filter(product=product.pk).order_by("id"))


def test_a_fall_below_the_reorder_point_opens_an_alert_with_the_figures() -> None:
    product = make_product("A", reorder_point=5, on_hand=10)

    move(product, -6)

    (alert,) = open_alerts(product)
    assert (alert.sku, alert.location, alert.severity, alert.state) == ("A", None, Severity.LOW_STOCK, "open")
    assert (alert.available, alert.reorder_point, alert.suggested_quantity) == (4, 5, 6)


def test_exactly_the_reorder_point_is_not_below_it() -> None:
    product = make_product(reorder_point=5, on_hand=10)

    move(product, -5)

    assert open_alerts(product) == []


def test_falling_further_while_low_opens_no_second_alert() -> None:
    product = make_product(reorder_point=5, on_hand=10)

    for _ in range(3):
        move(product, -3)

    assert len(all_alerts(product)) == 1


def test_the_climb_back_to_the_reorder_point_resolves_the_alert() -> None:
    product = make_product(reorder_point=5, on_hand=4 + 6)
    move(product, -6)

    move(product, 1)

    (alert,) = all_alerts(product)
    assert alert.state == "resolved"
    assert alert.resolved_at is not None


def test_a_climb_that_stays_below_resolves_nothing() -> None:
    product = make_product(reorder_point=5, on_hand=10)
    move(product, -9)

    move(product, 2)

    assert len(open_alerts(product)) == 1


def test_every_fall_has_an_alert_of_its_own() -> None:
    product = make_product(reorder_point=5, on_hand=10)

    for _ in range(3):
        move(product, -8)
        move(product, 8)

    assert [alert.state for alert in all_alerts(product)] == ["resolved"] * 3


def test_an_alert_is_out_of_stock_when_nothing_is_left_and_low_again_when_something_comes() -> None:
    product = make_product(reorder_point=5, on_hand=10)
    severities = []

    for pieces in (-8, -2, 1):
        move(product, pieces)
        severities += [alert.severity for alert in open_alerts(product)]

    assert severities == ["low_stock", "out_of_stock", "low_stock"]
    assert len(all_alerts(product)) == 1


def test_a_fall_to_nothing_at_once_is_out_of_stock_from_the_start() -> None:
    product = make_product(reorder_point=5, on_hand=10)

    move(product, -10)

    assert [alert.severity for alert in open_alerts(product)] == ["out_of_stock"]


@pytest.mark.parametrize("how", ["own", "category", "default"])
def test_a_new_product_without_stock_has_not_fallen(how: str) -> None:
    with override_settings(INVENTORY_DEFAULT_REORDER_POINT=5 if how == "default" else None):
        category = make_category(reorder_point=5 if how == "category" else None)

        product = make_product(reorder_point=5 if how == "own" else None, category=category)
        (bulk,) = Product.objects.bulk_create([Product(sku="BULK", name="Mug", category=category, reorder_point=5)])

    assert product.stock.state == "out_of_stock"
    assert open_alerts(product) == open_alerts(bulk) == []


def test_a_first_delivery_that_is_too_small_has_not_fallen_either() -> None:
    product = make_product(reorder_point=5)

    move(product, 3)

    assert all_alerts(product) == []


def test_a_product_without_a_reorder_point_never_alerts() -> None:
    product = make_product(on_hand=10)

    move(product, -10)

    assert all_alerts(product) == []


def test_a_reorder_point_that_is_raised_above_the_stock_opens_an_alert() -> None:
    product = make_product(reorder_point=5, on_hand=10)

    product = catalog.update_product(product, actor=ANA, reorder_point=20)
    raised = [alert.reorder_point for alert in open_alerts(product)]
    catalog.update_product(product, actor=ANA, reorder_point=10)

    assert raised == [20]
    assert open_alerts(product) == []


@pytest.mark.parametrize("how", ["verb", "save", "update"])
def test_a_reorder_point_of_the_category_counts_for_the_products_below(how: str) -> None:
    top = make_category("Top")
    product = make_product(category=make_category("Below", parent=top), on_hand=10)

    match how:
        case "verb":
            catalog.update_category(top, actor=ANA, reorder_point=20)
        case "save":
            top.reorder_point = 20
            top.save()
        case "update":
            Category.objects.filter(pk=top.pk).update(reorder_point=20)

    assert [alert.reorder_point for alert in open_alerts(product)] == [20]


def test_the_nearest_policy_counts_product_before_category_before_the_one_above() -> None:
    top = make_category("Top", reorder_point=100)
    near = make_category("Near", parent=top, reorder_point=20)

    own, inherited, far = (
        make_product(category=near, reorder_point=5, on_hand=50),
        make_product(category=near, on_hand=50),
        make_product(category=top, on_hand=200),
    )

    points = [product.stock.reorder_point_in_force for product in (own, inherited, far)]
    assert points == [5, 20, 100]


def test_a_move_to_a_category_with_another_reorder_point_is_a_change_of_policy() -> None:
    product = make_product(on_hand=10)
    strict = make_category("Strict", reorder_point=20)

    product = catalog.update_product(product, actor=ANA, category_id=strict.pk)
    opened = len(open_alerts(product))
    catalog.update_product(product, actor=ANA, category_id=None)

    assert opened == 1
    assert open_alerts(product) == []


def test_safety_stock_is_not_available() -> None:
    category = make_category()
    product = make_product(category=category, reorder_point=5, on_hand=10)

    catalog.update_category(category, actor=ANA, safety_stock=7)

    assert [alert.available for alert in open_alerts(product)] == [3]


def test_a_product_that_is_no_longer_tracked_needs_no_alert() -> None:
    product = make_product(reorder_point=5, on_hand=10)
    move(product, -8)

    catalog.update_product(product, actor=ANA, track_stock=False)

    assert open_alerts(product) == []


def test_an_alert_of_a_level_ends_with_the_tracking_of_its_product() -> None:
    level = make_level(on_hand=10, reorder_point=5)
    move(level.product, -8)

    catalog.update_product(level.product, actor=ANA, track_stock=False)

    assert open_alerts(level.product) == []


def test_a_deleted_product_leaves_no_open_alert() -> None:
    product = make_product(reorder_point=5, on_hand=10)
    move(product, -10)

    catalog.delete_product(product, actor=ANA)

    assert [alert.state for alert in all_alerts(product)] == ["resolved"]


# --- Places -----------------------------------------------------------------------------------------------------------


def test_a_level_with_a_reorder_point_of_its_own_has_alerts_of_its_own() -> None:
    level = make_level(on_hand=10, reorder_point=8)

    move(level.product, -4)

    (alert,) = open_alerts(level.product)
    assert (alert.location, alert.available, alert.reorder_point) == (level.location, 6, 8)


def test_totals_and_levels_fall_and_climb_apart() -> None:
    shop = make_location("SHOP")
    product = make_product(reorder_point=5, on_hand=10)
    make_level(product, shop, on_hand=10, reorder_point=4)

    move(product, -7, at=shop)
    at_the_shop = [alert.location for alert in open_alerts(product)]
    move(product, -9)
    everywhere = {alert.location for alert in open_alerts(product)}
    move(product, 1, at=shop)

    assert at_the_shop == [shop]
    assert everywhere == {shop, None}
    assert [alert.location for alert in open_alerts(product)] == []


def test_a_transfer_moves_no_total_but_both_levels() -> None:
    shop = make_location("SHOP")
    product = make_product(reorder_point=5, on_hand=10)
    make_level(product, shop, on_hand=2, reorder_point=1)

    line = Line(product=product.pk, quantity=2)
    transfers.transfer([line], from_location="SHOP", to_location="MAIN", actor=ANA)

    assert [alert.location for alert in open_alerts(product)] == [shop]


def test_a_reorder_point_set_on_a_level_below_its_stock_opens_an_alert_there() -> None:
    level = make_level(on_hand=10)

    level = stock.set_policies(level, actor=ANA, reorder_point=20)
    opened = [alert.location for alert in open_alerts(level.product)]
    stock.set_policies(level, actor=ANA, reorder_point=None)

    assert opened == [level.location]
    assert open_alerts(level.product) == []


def test_safety_stock_of_a_level_counts_there_and_in_the_totals() -> None:
    level = make_level(make_product(reorder_point=5), on_hand=10, reorder_point=5)

    stock.set_policies(level, actor=ANA, safety_stock=7)

    assert {(alert.location, alert.available) for alert in open_alerts(level.product)} == {
        (None, 3),
        (level.location, 3),
    }


def test_a_location_that_had_alerts_is_put_aside_instead_of_deleted() -> None:
    shop = make_location("SHOP")
    level = make_level(location=shop, on_hand=10, reorder_point=5)
    move(level.product, -10, at=shop)

    with pytest.raises(InUse, match="is_active"):
        locations.delete_location(shop, actor=ANA)

    assert all_alerts(level.product)[0].location == shop


def test_a_new_level_whose_safety_stock_makes_the_fall_opens_the_alert_though_holds_had_to_end_first() -> None:
    product = make_product(category=make_category(safety_stock=5), reorder_point=8, on_hand=16)
    make_location("L2")
    reservations.reserve([Line(product=product.pk, location="MAIN", quantity=1)], actor=ANA)
    pass_time(901)

    lines = [Line(product=product.pk, location=code, quantity=delta) for code, delta in (("L2", 1), ("MAIN", -16))]
    stock.adjust(lines, reason=Reason.CORRECTION, actor=ANA)

    assert [alert.available for alert in open_alerts(product)] == [-9]


# --- Many at once -----------------------------------------------------------------------------------------------------


def test_concurrent_sales_across_the_reorder_point_open_one_alert_for_each_true_crossing() -> None:
    product = make_product(reorder_point=50, on_hand=55)

    at_once(*[lambda n=n: [move(product, pieces) for pieces in (-7, 7)] for n in range(6)])

    chain = _totals_through_time(product)
    falls = sum(before >= 50 > after for before, after in pairwise(chain))
    climbs = sum(before < 50 <= after for before, after in pairwise(chain))
    told = all_alerts(product)
    assert falls > 0
    assert len(told) == falls
    assert sum(alert.state == "resolved" for alert in told) == climbs


def test_two_locations_that_fall_at_the_same_time_open_one_alert_of_the_total() -> None:
    one, two = make_location(), make_location()
    product = make_product(reorder_point=15)
    move(product, 10, at=one)
    move(product, 10, at=two)

    at_once(lambda: move(product, -5, at=one), lambda: move(product, -5, at=two))

    assert [alert.location for alert in open_alerts(product)] == [None]


def test_many_lines_of_one_booking_are_one_crossing() -> None:
    one, two = make_location(), make_location()
    product = make_product(reorder_point=15)
    move(product, 10, at=one)
    move(product, 10, at=two)
    lines = [Line(product=product.pk, location=place.code, quantity=-5) for place in (one, two)]

    stock.adjust(lines, reason="sold", actor=ANA)

    (alert,) = all_alerts(product)
    assert alert.available == 10


# --- People -----------------------------------------------------------------------------------------------------------


def test_an_alert_that_was_acknowledged_resolves_by_itself_all_the_same() -> None:
    product = make_product(reorder_point=5, on_hand=10)
    move(product, -8)
    alert = alerts.acknowledge(open_alerts(product)[0], actor=BEN)

    move(product, 8)

    alert.refresh_from_db()
    assert (alert.state, alert.acknowledged_by) == ("resolved", "user:ben")


# --- Silence ----------------------------------------------------------------------------------------------------------


def test_a_fall_while_alerts_are_muted_is_not_told_later() -> None:
    product = make_product(reorder_point=5, on_hand=10)

    with muted("INVENTORY_STOCK_ALERTS_ENABLED"):
        move(product, -8)
    move(product, -1)

    assert all_alerts(product) == []


def test_counters_cannot_be_moved_past_the_receivers() -> None:
    level = make_level(on_hand=10)

    with pytest.raises(Exception, match="stock_move"):
        StockLevel.objects.filter(pk=level.pk).update(on_hand=F("on_hand") - 8)

    level.refresh_from_db()
    assert level.on_hand == 10


def _totals_through_time(product: Product) -> list[int]:
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT balance_on_hand FROM inventory_stockmovement WHERE product_id = %s ORDER BY sequence",
            [product.pk],
        )
        return [row[0] for row in cursor.fetchall()]
