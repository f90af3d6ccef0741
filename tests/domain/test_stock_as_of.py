"""Stock as it was at an instant: the search by halves finds what reading the whole ledger finds."""

import random
from datetime import timedelta

import pytest
from django.utils import timezone

from inventory.models import ArchivedObject, Location, Product, StockLevel, StockMovement, as_of
from inventory.operations import catalog, history, locations
from tests.builders import ANA, main_location, make_level, make_location, make_product, move

pytestmark = pytest.mark.django_db(transaction=True)

TICK = timedelta(microseconds=1)
NOTHING = as_of.Balance()


def at(level, instant):
    return as_of.balances([level.pk], instant)[level.pk]


def rows_of(level):
    return list(StockMovement.objects.filter(product=level.product_id, location=level.location_id).order_by("sequence"))


def by_reading_everything(level, instant):
    last = NOTHING
    for row in rows_of(level):
        if row.recorded_at <= instant:
            figures = (row.balance_on_hand, row.balance_unavailable, row.balance_allocated, row.balance_reserved)
            last = as_of.Balance(*figures, row.balance_available, row.sequence, row.recorded_at)
    return last


def stop_the_clock(level):
    """From here on the level's moves are recorded at one and the same microsecond."""
    instant = timezone.now() + timedelta(hours=1)
    StockLevel.objects.filter(pk=level.pk).update(updated_at=instant)
    return instant


def test_a_move_counts_from_its_own_microsecond_on():
    level = make_level(on_hand=10)
    move(level.product, -3)
    first, second = rows_of(level)

    figures = [
        at(level, row.recorded_at + shift).on_hand for row in (first, second) for shift in (-TICK, 0 * TICK, TICK)
    ]

    assert figures == [0, 10, 10, 10, 7, 7]


def test_before_its_first_move_a_level_holds_nothing():
    level = make_level(on_hand=10)
    (first,) = rows_of(level)

    assert at(level, first.recorded_at - TICK) == NOTHING
    assert at(level, first.recorded_at - timedelta(days=36_500)) == NOTHING


def test_a_level_that_never_moved_holds_nothing():
    product = make_product()
    level = StockLevel.objects.create(product=product, location=main_location())

    assert at(level, timezone.now()) == NOTHING


def test_of_moves_in_one_microsecond_the_last_counts():
    level = make_level(on_hand=10)
    instant = stop_the_clock(level)
    for delta in (5, -2, 4):
        move(level.product, delta)

    assert [row.recorded_at for row in rows_of(level)[1:]] == [instant] * 3
    assert (at(level, instant).on_hand, at(level, instant).sequence) == (17, 4)
    assert (at(level, instant - TICK).on_hand, at(level, instant - TICK).sequence) == (10, 1)


def test_moves_in_one_millisecond_are_told_apart():
    level = make_level(on_hand=10)
    instant = stop_the_clock(level)
    move(level.product, 1)
    StockLevel.objects.filter(pk=level.pk).update(updated_at=instant + TICK)
    move(level.product, 1)

    assert [at(level, instant + shift * TICK).on_hand for shift in (-1, 0, 1)] == [10, 11, 12]


def test_a_restored_product_has_the_stock_of_its_first_life():
    level = make_level(on_hand=10)
    product, instant = level.product, timezone.now()
    move(product, -10)
    catalog.delete_product(Product.objects.get(pk=product.pk), actor=ANA)

    product = history.restore(ArchivedObject.objects.get(object_id=product.pk), actor=ANA)
    move(product, 4)

    again = StockLevel.objects.get(product=product)
    assert again.pk != level.pk
    assert (at(again, instant).on_hand, at(again, timezone.now()).on_hand, again.sequence) == (10, 4, 3)


def test_a_restored_location_has_the_stock_of_its_first_life():
    product, van = make_product(), make_location("VAN")
    move(product, 3, at=van)
    instant = timezone.now()
    move(product, -3, at=van)
    locations.delete_location(Location.objects.get(pk=van.pk), actor=ANA)

    history.restore(ArchivedObject.objects.get(object_id=van.pk), actor=ANA)
    move(product, 1, at=Location.objects.get(pk=van.pk))

    level = StockLevel.objects.get(product=product, location=van.pk)
    assert (at(level, instant).on_hand, at(level, timezone.now()).on_hand) == (3, 1)


def test_every_instant_of_a_long_ledger_is_found_as_by_reading_all_of_it():
    dice, levels = random.Random(4), [make_level(on_hand=50) for _ in range(3)]
    for _ in range(60):
        level = dice.choice(levels)
        if dice.random() < 0.2:
            stop_the_clock(level)
        move(level.product, dice.choice((-1, 1, 2)))
    moments = {
        row.recorded_at + shift for level in levels for row in rows_of(level) for shift in (-TICK, 0 * TICK, TICK)
    }

    for instant in moments:
        found = as_of.balances([level.pk for level in levels], instant)
        assert found == {level.pk: by_reading_everything(level, instant) for level in levels}
