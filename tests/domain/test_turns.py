"""Adjustments that share a transaction are what they would be one after the other, or have not happened."""

import random
import time
from collections.abc import Sequence
from threading import Event as Bell
from typing import Any

import pytest
from django.db import connection, transaction
from django.test.utils import CaptureQueriesContext

from inventory import locks
from inventory.context import answering, current_actor, current_request_id
from inventory.errors import Refusal
from inventory.gathering import gathered
from inventory.metrics import alerts_opened
from inventory.models import (
    Event,
    IdempotencyRecord,
    ProductStock,
    Reason,
    ReceiverFailure,
    StockAlert,
    StockLevel,
    StockMovement,
)
from inventory.operations import events, stock, turns
from inventory.operations.idempotency import Answer, Claim
from inventory.operations.turns import Adjustment
from inventory.signals import stock_changed
from inventory.values import Line
from tests.builders import ANA, BEN, at_once, make_category, make_location, make_product, move
from tests.receivers.bells import broken, wrong_value

pytestmark = pytest.mark.django_db(transaction=True)

AUTHORS = (ANA, BEN)


def asking(number: int, *lines: Line, reason: str = Reason.CORRECTION, **values: Any) -> Adjustment:
    return Adjustment(
        **{
            "claim": Claim("api_key:1", f"key-{number}", bytes(32)),
            "actor": AUTHORS[number % 2],
            "request_id": f"request-{number}",
            "lines": lines,
            "reason": reason,
            "reference": f"R{number}",
            "note": "",
            "allowed_locations": None,
            "answer": lambda booking: Answer(201, str(len(booking.moved)).encode()),
            **values,
        }
    )


def line(sku: str, quantity: int, location: str = "MAIN", **values: Any) -> Line:
    return Line(sku=sku, quantity=quantity, location=location, pointer="/lines/0", **values)


def alone(adjustment: Adjustment) -> bool:
    try:
        with answering(adjustment.request_id):
            stock.adjust(
                adjustment.lines, reason=adjustment.reason, actor=adjustment.actor, reference=adjustment.reference
            )
    except Refusal:
        return False
    return True


# --- The same as one after the other ----------------------------------------------------------------------------------


def some_requests(dice: random.Random, count: int) -> list[list[tuple[str, str, int]]]:
    """Few products, few pieces: they meet, they fall below reorder points, and some are refused."""
    places = [(sku, code) for sku in ("1", "2", "3") for code in ("MAIN", "SHOP")]
    return [
        [(*place, dice.choice((-4, -3, -2, -1, 1, 2, 3))) for place in dice.sample(places, dice.choice((1, 1, 1, 2)))]
        for _ in range(count)
    ]


def stocked(world: str) -> None:
    for number, point in (("1", 4), ("2", None), ("3", 2)):
        make_product(f"{world}{number}", on_hand=6, reorder_point=point)


def requests_of(world: str, wanted: Sequence[list[tuple[str, str, int]]], first: int) -> list[Adjustment]:
    return [
        asking(first + number, *(line(f"{world}{sku}", pieces, code) for sku, code, pieces in request))
        for number, request in enumerate(wanted)
    ]


def told(world: str) -> dict[str, Any]:
    """What is there of this world, without its letter, ids and times."""
    mine = {"product__sku__startswith": world}
    products = dict(StockLevel.objects.filter(**mine).values_list("product", "product__sku"))
    names = {str(pk): sku[1:] for pk, sku in products.items()}
    skus = {"sku__startswith": world}
    figures = ("delta_on_hand", "balance_on_hand", "balance_available")
    return {
        "levels": sorted(
            (names[str(row[0])], *row[1:])
            for row in StockLevel.objects.filter(**mine).values_list(
                "product", "location__code", "on_hand", "available", "sequence"
            )
        ),
        "ledger": sorted(
            (row[0][1:], *row[1:])
            for row in StockMovement.objects.filter(**skus).values_list(
                "sku", "location_code", "sequence", "actor", "request_id", "reference", *figures
            )
        ),
        "events": [
            (event.type, names[event.key], event.actor, event.request_id, event.data["available"])
            for event in Event.objects.filter(key__in=names, type__in=TOLD).order_by("position")
        ],
        "alerts": sorted(
            (row[0][1:], *row[1:])
            for row in StockAlert.objects.filter(**skus).values_list("sku", "state", "severity", "available")
        ),
    }


TOLD = ("stock.changed", "alert.opened", "alert.resolved")


@pytest.mark.parametrize("seed", range(8))
def test_together_and_one_after_the_other_leave_the_same_behind(seed):
    dice = random.Random(seed)
    make_location("SHOP")
    for world in ("T", "A"):
        stocked(world)

    for start in range(0, 60, 12):
        wanted = some_requests(dice, 12)
        together = turns.adjust(requests_of("T", wanted, start))
        served = [answer is not None for answer in together]
        # Who was refused is asked alone, after those who were served.
        order = sorted(range(12), key=lambda number: not served[number])
        for number in order:
            if not served[number]:
                alone(requests_of("T", wanted, start)[number])
        for number in order:
            alone(requests_of("A", wanted, start)[number])

        assert told("T") == told("A")


def test_the_ledger_numbers_and_times_of_one_level_go_on_through_the_turns():
    mug = make_product("MUG", on_hand=10)

    answers = turns.adjust([asking(n, line("MUG", -1), reason=Reason.SOLD) for n in range(10)])

    rows = StockMovement.objects.filter(product=mug).order_by("sequence")
    assert [answer.status for answer in answers] == [201] * 10
    assert list(rows.values_list("sequence", "balance_on_hand")) == [(n + 1, 10 - n if n else 10) for n in range(11)]
    assert list(rows.order_by("id")) == list(rows)
    assert len(set(rows.values_list("source"))) == 11


def test_as_many_requests_as_one_take_one_statement_of_each_kind():
    for n in range(20):
        make_product(f"P{n}", on_hand=10)

    counts = []
    for first, count in ((0, 1), (1, 20)):
        with CaptureQueriesContext(connection) as captured:
            turns.adjust([asking(first + n, line(f"P{n}", -1)) for n in range(count)])
        counts.append(len(captured))

    assert counts[0] == counts[1] == 8  # BEGIN, claim, places, move, hold, event, record, COMMIT


# --- Who is to be asked alone -----------------------------------------------------------------------------------------


def test_who_cannot_be_served_gets_none_and_the_others_are_served():
    make_product("MUG", on_hand=3)
    make_product("CUP", on_hand=3)
    wanted = [
        asking(0, line("MUG", -1)),
        asking(1, line("NOBODY", 1)),
        asking(2, line("MUG", -5)),
        asking(3, line("CUP", -1), line("CUP", -1)),
        asking(4, line("CUP", -2)),
        asking(5, line("CUP", 1), line("CUP", -1)),
        asking(6, line("CUP", 1), allowed_locations=frozenset()),
    ]

    answers = turns.adjust(wanted)

    assert [answer is not None for answer in answers] == [True, False, False, True, False, False, False]
    assert sorted(IdempotencyRecord.objects.values_list("key", flat=True)) == ["key-0", "key-3"]
    assert sorted(StockLevel.objects.values_list("product__sku", "on_hand")) == [("CUP", 1), ("MUG", 2)]


def test_who_asks_for_too_much_does_not_keep_those_behind_from_getting_theirs():
    make_product("MUG", on_hand=3)

    answers = turns.adjust([asking(n, line("MUG", pieces)) for n, pieces in enumerate((-1, -5, -1, -9, -1, -1))])

    assert [answer is not None for answer in answers] == [True, False, True, False, True, False]
    assert StockLevel.objects.get().on_hand == 0


def test_of_twins_one_is_served_and_the_other_finds_the_answer_later():
    make_product("MUG", on_hand=3)

    answers = turns.adjust([asking(1, line("MUG", -1)), asking(1, line("MUG", -1))])
    again = turns.adjust([asking(1, line("MUG", -1)), asking(2, line("MUG", -1))])

    assert [answer is not None for answer in answers] == [True, False]
    assert [answer is not None for answer in again] == [False, True]
    assert StockLevel.objects.get().on_hand == 1


def test_a_level_that_was_made_for_a_refusal_is_gone_with_it():
    make_location("SHOP")
    make_product("MUG", on_hand=3)

    answers = turns.adjust([asking(0, line("MUG", -1, "SHOP")), asking(1, line("MUG", -1))])

    assert answers == [None, None]
    assert list(StockLevel.objects.values_list("location__code", "on_hand")) == [("MAIN", 3)]
    assert not IdempotencyRecord.objects.exists()


def test_a_level_that_was_made_for_one_line_is_gone_when_another_line_is_refused():
    make_location("SHOP")
    make_product("MUG", on_hand=3, reorder_point=1, category=make_category(safety_stock=2))
    make_product("CUP", on_hand=3)
    make_product("POT", on_hand=3)
    greedy = asking(0, line("MUG", 1, "SHOP"), line("CUP", -9))

    others = (
        turns.adjust([greedy, asking(1, line("POT", -1))]),
        turns.adjust([greedy, asking(2, line("MUG", 1, "SHOP"))]),
    )

    assert others == ([None, None], [None, None])
    assert not StockLevel.objects.filter(location__code="SHOP").exists()
    assert not IdempotencyRecord.objects.exists()


@pytest.mark.parametrize("name", ["alerts.review_stock", "events.tell_stock", "caching.drop_stock"])
def test_a_failing_ring_takes_everything_back_for_each_to_be_asked_alone(name):
    mug = make_product("MUG", on_hand=3)

    with broken(name, wrong_value):
        answers = turns.adjust([asking(n, line("MUG", -1)) for n in range(2)])

    assert answers == [None, None]
    assert (mug.levels.get().on_hand, StockMovement.objects.count(), ReceiverFailure.objects.count()) == (3, 1, 0)
    assert not IdempotencyRecord.objects.exists()


def test_a_product_that_somebody_holds_keeps_nobody_waiting_for_long():
    make_product("MUG", on_hand=3)
    held, done = Bell(), Bell()

    def hold() -> None:
        with transaction.atomic():
            locks.totals(ProductStock.objects.values_list("pk", flat=True))
            held.set()
            done.wait(30)

    def ask() -> tuple[list[Answer | None], float]:
        held.wait(30)
        started = time.monotonic()
        answers = turns.adjust([asking(1, line("MUG", -1))])
        done.set()
        return answers, time.monotonic() - started

    _, (answers, seconds) = at_once(hold, ask)
    again = turns.adjust([asking(1, line("MUG", -1))])

    assert (answers, [answer.status for answer in again]) == ([None], [201])
    assert seconds < 2.5


def test_an_alert_of_requests_that_were_taken_back_is_not_counted():
    make_product("MUG", on_hand=5, reorder_point=5)
    wanted = [asking(n, line("MUG", -1)) for n in range(2)]
    counted = alerts_opened.labels("low_stock")._value

    before = counted.get()
    with broken("events.tell_stock", wrong_value):
        answers = turns.adjust(wanted)
    between = counted.get()
    turns.adjust(wanted)

    assert answers == [None, None]
    assert (between, counted.get()) == (before, before + 1)


# --- What is gathered -------------------------------------------------------------------------------------------------


def test_whoever_asks_the_database_between_two_rings_finds_what_was_told_before():
    make_product("MUG", on_hand=5)
    found = []

    def look(**kwargs: Any) -> None:
        found.append(Event.objects.filter(type="stock.changed", request_id__startswith="request").count())

    stock_changed.connect(look, dispatch_uid="look")
    try:
        turns.adjust([asking(n, line("MUG", -1)) for n in range(3)])
    finally:
        stock_changed.disconnect(dispatch_uid="look")

    assert found == [1, 2, 3]


def test_what_a_ring_leaves_for_after_the_commit_is_called_in_the_name_of_its_request_whoever_fails():
    make_product("MUG", on_hand=5)
    called = []

    def call() -> None:
        called.append((current_actor(), current_request_id()))
        if current_request_id() == "request-0":
            raise ValueError("broken")

    def leave(**kwargs: Any) -> None:
        transaction.on_commit(call)

    stock_changed.connect(leave, dispatch_uid="leave")
    try:
        answers = turns.adjust([asking(n, line("MUG", -1)) for n in range(2)])
    finally:
        stock_changed.disconnect(dispatch_uid="leave")

    assert [answer is not None for answer in answers] == [True, True]
    assert called == [(ANA, "request-0"), (BEN, "request-1")]


def test_what_a_savepoint_takes_back_was_not_gathered_past_it():
    with transaction.atomic(), gathered():
        events.append("kept.before", 1, {})
        with transaction.atomic():
            events.append("lost", 2, {})
            transaction.set_rollback(True)
        events.append("kept.after", 3, {})

    kept = Event.objects.filter(type__in=["kept.before", "lost", "kept.after"]).order_by("position")
    assert list(kept.values_list("type", flat=True)) == ["kept.before", "kept.after"]


def test_an_alert_opens_and_resolves_within_one_transaction_in_the_name_of_who_crossed():
    move(make_product("MUG", reorder_point=3), 4)

    turns.adjust([asking(0, line("MUG", -2)), asking(1, line("MUG", 2)), asking(2, line("MUG", -3))])

    crossed = Event.objects.filter(type__startswith="alert.").order_by("position")
    assert list(crossed.values_list("type", "request_id")) == [
        ("alert.opened", "request-0"),
        ("alert.resolved", "request-1"),
        ("alert.opened", "request-2"),
    ]
