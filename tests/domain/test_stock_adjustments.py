"""Adjustments: deltas with a reason, all lines or none, and a ledger row for each."""

from datetime import UTC, datetime

import pytest

from inventory.context import answering
from inventory.errors import (
    DoesNotExist,
    Forbidden,
    InsufficientStock,
    InvalidTransition,
    StockChanged,
)
from inventory.models import COUNTERS, INT_MAX, ArchivedObject, ProductStock, Reason, StockLevel, StockMovement
from inventory.operations import catalog, history, locations, stock
from inventory.values import Line
from tests.builders import ANA, main_location, make_category, make_level, make_location, make_product, open_alerts

pytestmark = pytest.mark.django_db(transaction=True)


def adjust(*lines, reason=Reason.CORRECTION, **values):
    """`lines` are (product, delta) or (product, delta, location)."""
    booked = [
        Line(product=product.pk, quantity=delta, location=place[0].code if place else None, pointer=f"/lines/{n}")
        for n, (product, delta, *place) in enumerate(lines)
    ]
    return stock.adjust(booked, reason=reason, actor=ANA, **values)


def level_of(product, location=None):
    return StockLevel.objects.get(product=product.pk, location=location or main_location())


def ledger_of(product):
    return list(StockMovement.objects.filter(product=product.pk).order_by("location", "sequence"))


def test_a_delta_moves_the_level_the_totals_and_the_ledger_together():
    mug = make_product()
    moment = datetime(2026, 3, 1, 9, tzinfo=UTC)

    with answering("req-7"):
        booking = adjust((mug, 12), reason=Reason.RECEIVED, reference="PO-1", note="two boxes", occurred_at=moment)

    level, totals, (row,) = level_of(mug), ProductStock.objects.get(pk=mug.pk), ledger_of(mug)
    assert (level.on_hand, level.available, level.sequence) == (12, 12, 1)
    assert (totals.on_hand, totals.available) == (12, 12)
    assert (row.kind, row.reason, row.delta_on_hand, row.balance_on_hand) == ("adjustment", "received", 12, 12)
    assert (row.reference, row.note, row.actor, row.request_id) == ("PO-1", "two boxes", str(ANA), "req-7")
    assert (row.occurred_at, row.source, row.sku, row.location_code) == (moment, booking.id, mug.sku, "MAIN")
    assert row.recorded_at > moment


def test_the_totals_are_the_sum_over_all_locations():
    mug, shop = make_product(), make_location("SHOP")

    adjust((mug, 5), (mug, 7, shop))
    adjust((mug, -2, shop))

    totals = ProductStock.objects.get(pk=mug.pk)
    assert (totals.on_hand, totals.available) == (10, 10)
    assert [row.on_hand for row in mug.levels.order_by("location__code")] == [5, 5]


def test_lines_of_one_level_are_summed_before_the_check():
    mug = make_product(on_hand=3)

    adjust((mug, -4), (mug, 1))
    with pytest.raises(InsufficientStock) as refusal:
        adjust((mug, 1), (mug, -1), (mug, -1))

    assert level_of(mug).on_hand == 0
    assert refusal.value.problems[0].extra["requested"] == 1
    assert [row.delta_on_hand for row in ledger_of(mug)] == [3, -3]


def test_deltas_that_cancel_each_other_out_move_nothing():
    mug = make_product(on_hand=3)

    booking = adjust((mug, 4), (mug, -4))

    assert booking.moved == []
    assert len(ledger_of(mug)) == 1


def test_one_short_line_keeps_every_line_from_moving():
    mug, cup = make_product(on_hand=5), make_product(on_hand=2)

    with pytest.raises(InsufficientStock) as refusal:
        adjust((mug, -1), (cup, -3), (make_product(), -1))

    assert (level_of(mug).on_hand, level_of(cup).on_hand) == (5, 2)
    assert {(p.pointer, p.extra["available"], p.extra["requested"]) for p in refusal.value.problems} == {
        ("/lines/1", 2, 3),
        ("/lines/2", 0, 1),
    }
    assert StockMovement.objects.count() == 2


@pytest.mark.parametrize("reason", [Reason.SOLD, Reason.LOST, Reason.DAMAGED, Reason.CORRECTION])
def test_no_reason_takes_more_than_there_is(reason):
    mug = make_product(on_hand=2)

    with pytest.raises(InsufficientStock):
        adjust((mug, 3 if reason == Reason.DAMAGED else -3), reason=reason)

    assert level_of(mug).on_hand == 2


def test_damaged_pieces_stay_on_hand_but_are_not_available():
    mug = make_product(on_hand=10)

    adjust((mug, -4), reason=Reason.DAMAGED)

    level = level_of(mug)
    assert (level.on_hand, level.unavailable, level.available) == (10, 4, 6)
    assert [row.delta_unavailable for row in ledger_of(mug)] == [0, 4]


def test_repaired_pieces_come_back_but_no_more_than_were_set_aside():
    mug = make_product(on_hand=10)
    adjust((mug, -4), reason=Reason.DAMAGED)

    adjust((mug, 3), reason=Reason.REPAIRED)
    with pytest.raises(InsufficientStock) as refusal:
        adjust((mug, 2), reason=Reason.REPAIRED)

    level = level_of(mug)
    assert (level.on_hand, level.unavailable, level.available) == (10, 1, 9)
    assert refusal.value.problems[0].extra["available"] == 1
    assert refusal.value.problems[0].extra["requested"] == 2


def test_a_backorder_limit_lends_no_damaged_pieces():
    mug = make_product(on_hand=5, backorder_limit=100)

    with pytest.raises(InsufficientStock):
        adjust((mug, -6), reason=Reason.DAMAGED)
    adjust((mug, -5), reason=Reason.DAMAGED)
    with pytest.raises(InsufficientStock):
        adjust((mug, -1), reason=Reason.SOLD)

    assert (level_of(mug).on_hand, level_of(mug).unavailable) == (5, 5)


def test_sales_leave_the_safety_stock_alone_and_losses_do_not_ask():
    mug = make_product()
    make_level(mug, on_hand=10, safety_stock=4)

    with pytest.raises(InsufficientStock) as refusal:
        adjust((mug, -7), reason=Reason.SOLD)
    adjust((mug, -6), reason=Reason.SOLD)
    adjust((mug, -4), reason=Reason.LOST)

    assert refusal.value.problems[0].extra["available"] == 6
    assert level_of(mug).on_hand == 0
    assert level_of(mug).available == -4


def test_a_sale_may_say_what_it_expects_to_find():
    mug = make_product(on_hand=5)
    line = Line(product=mug.pk, quantity=-1, expected=4, pointer="/lines/0")

    with pytest.raises(StockChanged) as refusal:
        stock.adjust([line], reason=Reason.SOLD, actor=ANA)

    (problem,) = refusal.value.problems
    assert problem.pointer == "/lines/0/expected_on_hand"
    assert (problem.extra["expected"], problem.extra["current"]) == (4, 5)
    assert level_of(mug).on_hand == 5


def test_two_lines_of_one_level_that_expect_different_figures_are_told_the_true_one():
    mug = make_product(on_hand=5)
    lines = [Line(product=mug.pk, quantity=-1, expected=n, pointer=f"/lines/{n}") for n in (5, 4)]

    with pytest.raises(StockChanged) as refusal:
        stock.adjust(lines, reason=Reason.SOLD, actor=ANA)

    assert refusal.value.problems[0].extra["current"] == 5
    assert refusal.value.problems[0].pointer == "/lines/4/expected_on_hand"


def test_a_counter_that_would_overflow_is_refused_with_its_line():
    mug, cup = make_product(on_hand=INT_MAX), make_product()

    with pytest.raises(InvalidTransition) as refusal:
        adjust((cup, 1), (mug, 1))
    with pytest.raises(InvalidTransition) as sum_refusal:
        adjust((cup, INT_MAX), (cup, 1))

    assert [problem.pointer for problem in refusal.value.problems] == ["/lines/1/delta"]
    assert [problem.pointer for problem in sum_refusal.value.problems] == ["/lines/1/delta"]
    assert level_of(mug).on_hand == INT_MAX
    assert not cup.levels.exists()


def test_the_totals_hold_more_than_one_level_can():
    mug, shop = make_product(on_hand=INT_MAX), make_location("SHOP")

    adjust((mug, INT_MAX, shop))

    assert ProductStock.objects.get(pk=mug.pk).available == 2 * INT_MAX


def test_what_cannot_be_found_is_named_line_by_line_and_nothing_moves():
    mug = make_product(on_hand=5)
    lines = [
        Line(sku=mug.sku, quantity=-1, pointer="/lines/0"),
        Line(sku="NO-SUCH", quantity=1, pointer="/lines/1"),
        Line(sku=mug.sku, location="NOWHERE", quantity=1, pointer="/lines/2"),
        Line(product=main_location().pk, quantity=1, pointer="/lines/3"),
    ]

    with pytest.raises(DoesNotExist) as refusal:
        stock.adjust(lines, reason=Reason.CORRECTION, actor=ANA)

    assert [problem.pointer for problem in refusal.value.problems] == [
        "/lines/1/sku",
        "/lines/2/location",
        "/lines/3/product",
    ]
    assert level_of(mug).on_hand == 5


def test_a_sku_is_found_whatever_the_case_of_its_letters():
    mug = make_product("Mug-Red/1")

    stock.adjust([Line(sku="mUG-rED/1", quantity=2)], reason=Reason.FOUND, actor=ANA)

    assert level_of(mug).on_hand == 2


@pytest.mark.parametrize("values", [{"status": "archived"}, {"track_stock": False}])
def test_archived_and_untracked_products_do_not_move(values):
    mug = make_product(on_hand=5)
    catalog.update_product(mug, actor=ANA, **values)

    with pytest.raises(InvalidTransition) as refusal:
        adjust((mug, 1))

    assert [problem.pointer for problem in refusal.value.problems] == ["/lines/0"]
    assert level_of(mug).on_hand == 5


def test_a_draft_may_be_stocked_before_it_is_sold():
    mug = make_product(status="draft")

    adjust((mug, 5))

    assert level_of(mug).on_hand == 5


def test_a_closed_location_takes_no_goods():
    mug, shop = make_product(), make_location("SHOP")
    locations.update_location(shop, actor=ANA, is_active=False)

    with pytest.raises(InvalidTransition) as refusal:
        adjust((mug, 1, shop))

    assert [problem.pointer for problem in refusal.value.problems] == ["/lines/0/location"]


def test_a_key_for_one_location_moves_nothing_at_another():
    mug, shop = make_product(on_hand=5), make_location("SHOP")

    with pytest.raises(Forbidden) as refusal:
        adjust((mug, 1, shop), (mug, -1), allowed_locations=frozenset({shop.pk}))
    adjust((mug, 1, shop), allowed_locations=frozenset({shop.pk}))

    assert [problem.pointer for problem in refusal.value.problems] == ["/lines/1/location"]
    assert (level_of(mug).on_hand, level_of(mug, shop).on_hand) == (5, 1)


def test_every_level_numbers_its_ledger_without_gaps():
    mug, shop = make_product(), make_location("SHOP")

    for _ in range(3):
        adjust((mug, 2), (mug, 3, shop))
        with pytest.raises(InsufficientStock):
            adjust((mug, -100), (mug, 1, shop))

    rows = [(row.location_id, row.sequence) for row in ledger_of(mug)]
    places = sorted([main_location().pk, shop.pk])
    assert rows == [(place, n) for place in places for n in (1, 2, 3)]


def test_the_ledger_goes_on_where_it_was_when_a_product_is_restored():
    mug = make_product(on_hand=2)
    adjust((mug, -2))
    catalog.delete_product(mug, actor=ANA)
    mug = history.restore(ArchivedObject.objects.get(object_id=mug.pk), actor=ANA)

    adjust((mug, 7))

    assert [(row.sequence, row.balance_on_hand) for row in ledger_of(mug)] == [(1, 2), (2, 0), (3, 7)]
    assert level_of(mug).sequence == 3


def test_every_balance_is_the_sum_of_the_deltas_before_it():
    mug = make_product(on_hand=10)
    adjust((mug, -4), reason=Reason.DAMAGED)
    adjust((mug, -3), reason=Reason.SOLD)
    adjust((mug, 1), reason=Reason.REPAIRED)

    sums = dict.fromkeys(COUNTERS, 0)
    for row in ledger_of(mug):
        for name in COUNTERS:
            sums[name] += getattr(row, f"delta_{name}")
            assert getattr(row, f"balance_{name}") == sums[name]

    assert sums == {name: getattr(level_of(mug), name) for name in COUNTERS}


def test_a_safety_stock_that_comes_with_a_new_level_is_a_crossing_of_its_own():
    shelf = make_category(safety_stock=5)
    mug = make_product(category=shelf, reorder_point=8)
    adjust((mug, 14))
    before = open_alerts(mug)

    adjust((mug, 1, make_location("SHOP")))

    # 14 − 5 pieces were available; the shop brought one piece and a safety stock of five.
    assert before == []
    assert [(alert.available, alert.severity) for alert in open_alerts(mug)] == [(5, "low_stock")]


def test_ids_of_ledger_rows_are_in_the_order_in_which_they_were_recorded():
    mug = make_product()

    for _ in range(5):
        adjust((mug, 1))

    rows = list(StockMovement.objects.filter(product=mug.pk).order_by("id"))
    assert [row.sequence for row in rows] == [1, 2, 3, 4, 5]
    assert all(row.id.int >> 80 == int(row.recorded_at.timestamp() * 1_000_000) // 1000 for row in rows)
