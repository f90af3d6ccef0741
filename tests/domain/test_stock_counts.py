"""Counts: an absolute figure, which only holds if the counter knew what the system believed."""

import pytest

from inventory.errors import (
    DoesNotExist,
    InsufficientStock,
    InvalidTransition,
    PreconditionRequired,
    StockChanged,
)
from inventory.models import StockLevel, StockMovement
from inventory.operations import reservations, stock
from inventory.values import Line
from tests.builders import ANA, make_location, make_product

pytestmark = pytest.mark.django_db(transaction=True)


def count(*lines, **values):
    """`lines` are (product, counted, expected) or (product, counted, expected, location)."""
    counted = [
        Line(
            product=product.pk,
            quantity=pieces,
            expected=expected,
            location=place[0].code if place else None,
            pointer=f"/lines/{n}",
        )
        for n, (product, pieces, expected, *place) in enumerate(lines)
    ]
    return stock.count(counted, actor=ANA, **values)


def on_hand(product):
    return dict(StockLevel.objects.filter(product=product.pk).values_list("location__code", "on_hand"))


def test_a_count_sets_the_level_to_what_was_counted():
    mug, shop = make_product(on_hand=10), make_location("SHOP")

    count((mug, 7, 10), (mug, 4, 0, shop))

    assert on_hand(mug) == {"MAIN": 7, "SHOP": 4}
    rows = StockMovement.objects.filter(kind="count").order_by("location_code")
    assert [(row.delta_on_hand, row.balance_on_hand) for row in rows] == [(-3, 7), (4, 4)]


def test_a_count_that_finds_what_was_expected_is_in_the_ledger_all_the_same():
    mug = make_product(on_hand=10)

    count((mug, 10, 10))

    row = StockMovement.objects.get(kind="count")
    assert (row.delta_on_hand, row.balance_on_hand, row.sequence) == (0, 10, 2)


def test_without_an_expected_figure_nothing_is_counted():
    mug, cup = make_product(on_hand=10), make_product()

    with pytest.raises(PreconditionRequired) as refusal:
        count((cup, 3, 0), (mug, 7, None))

    assert [problem.pointer for problem in refusal.value.problems] == ["/lines/1/expected_on_hand"]
    assert on_hand(mug) == {"MAIN": 10}
    assert on_hand(cup) == {}


def test_stock_that_changed_meanwhile_is_told_and_nothing_is_counted():
    mug, cup = make_product(on_hand=10), make_product(on_hand=1)

    with pytest.raises(StockChanged) as refusal:
        count((cup, 2, 1), (mug, 7, 9))

    (problem,) = refusal.value.problems
    assert (problem.pointer, problem.extra["current"], problem.extra["expected"]) == (
        "/lines/1/expected_on_hand",
        10,
        9,
    )
    assert (on_hand(mug), on_hand(cup)) == ({"MAIN": 10}, {"MAIN": 1})


def test_one_level_is_counted_once_per_request():
    mug = make_product(on_hand=10)

    with pytest.raises(InvalidTransition) as refusal:
        count((mug, 7, 10), (mug, 8, 10))

    assert [problem.pointer for problem in refusal.value.problems] == ["/lines/1"]
    assert on_hand(mug) == {"MAIN": 10}


def test_a_count_cannot_fall_below_what_is_promised():
    mug = make_product(on_hand=10)
    reservations.reserve([Line(product=mug.pk, quantity=6)], actor=ANA)

    with pytest.raises(InsufficientStock):
        count((mug, 5, 10))
    count((mug, 6, 10))

    assert on_hand(mug) == {"MAIN": 6}


def test_a_count_of_something_unknown_is_refused():
    with pytest.raises(DoesNotExist) as refusal:
        stock.count([Line(sku="NO-SUCH", quantity=1, expected=0, pointer="/lines/0")], actor=ANA)

    assert [problem.pointer for problem in refusal.value.problems] == ["/lines/0/sku"]
