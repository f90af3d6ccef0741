"""Races for the last pieces, with real threads on real PostgreSQL; each is also shown to go wrong without its lock."""

from functools import partial

import pytest
from django.db import connections

from inventory import locks
from inventory.context import SYSTEM
from inventory.errors import Conflict, InsufficientStock
from inventory.models import Holding, ProductStock, Reservation, ReservationLine, StockLevel
from inventory.operations import ledger, reservations
from inventory.values import Line
from tests.builders import ANA, BEN, at_once, make_level, make_location, make_product
from tests.clock import pass_time

pytestmark = pytest.mark.django_db(transaction=True)


def attempt(deed):
    """The deed's result, or the refusal that it met."""
    try:
        return deed()
    except Conflict as refusal:
        return refusal


def hold(product, quantity=1, **values):
    return reservations.reserve([Line(product=product.pk, quantity=quantity)], actor=ANA, **values)[0]


def counted(product):
    """What the counters say, and what the lines say."""
    level = StockLevel.objects.get(product=product.pk)
    lines = ReservationLine.objects.filter(product=product.pk)
    reserved = sum(line.quantity for line in lines.filter(holding=Holding.RESERVED))
    allocated = sum(line.open_quantity for line in lines.filter(holding=Holding.ALLOCATED))
    return (level.reserved, level.allocated), (reserved, allocated)


def test_the_last_piece_is_held_once():
    mug = make_product(on_hand=1)

    results = at_once(*[partial(attempt, partial(hold, mug))] * 8)

    assert sum(isinstance(result, InsufficientStock) for result in results) == 7
    assert ProductStock.objects.get(pk=mug.pk).reserved == 1


def test_120_holds_for_50_pieces_at_three_locations_grant_50():
    mug = make_product()
    for code, pieces in (("A", 20), ("B", 20), ("C", 10)):
        make_level(mug, make_location(code), pieces)

    def shop():
        return [attempt(partial(hold, mug)) for _ in range(15)]

    results = [result for batch in at_once(*[shop] * 8) for result in batch]

    assert sum(isinstance(result, Reservation) for result in results) == 50
    assert sum(isinstance(result, InsufficientStock) for result in results) == 70
    assert ProductStock.objects.get(pk=mug.pk).available == 0


def test_expiry_and_confirmation_never_both_win():
    mug = make_product(on_hand=8)
    rows = [hold(mug, expires_in=60) for _ in range(8)]
    pass_time(61)

    confirmations = [partial(attempt, partial(reservations.confirm, row, actor=ANA)) for row in rows[:4]]
    at_once(*confirmations, *[partial(reservations.sweep, actor=SYSTEM)] * 4)

    counters, lines = counted(mug)
    assert counters == lines == (0, 4)


def test_confirm_and_release_of_one_hold_have_one_winner():
    mug = make_product(on_hand=8)
    rows = [hold(mug) for _ in range(8)]

    for row in rows:
        results = at_once(
            partial(attempt, partial(reservations.confirm, row, actor=ANA)),
            partial(attempt, partial(reservations.release, row, actor=BEN)),
        )
        assert sum(isinstance(result, Reservation) for result in results) == 1

    counters, lines = counted(mug)
    assert counters == lines


def test_the_sweeper_meets_everybody_and_the_counters_stay_the_sum_of_the_lines():
    mug = make_product(on_hand=40)
    rows = [hold(mug, expires_in=60 if n % 2 else 6000) for n in range(24)]
    pass_time(61)

    def transitions(own):
        for row in own:
            attempt(partial(reservations.confirm, row, actor=ANA))
            attempt(partial(reservations.release, row, actor=ANA))
            attempt(partial(reservations.cancel, row, actor=ANA))
            attempt(partial(hold, mug, 3))

    at_once(*[partial(transitions, rows[n::4]) for n in range(4)], *[partial(reservations.sweep, actor=SYSTEM)] * 3)

    counters, lines = counted(mug)
    assert counters == lines
    assert StockLevel.objects.get(product=mug.pk).available >= 0


def test_orders_of_the_same_products_the_other_way_round_do_not_deadlock():
    mug, cup = make_product("MUG", on_hand=100), make_product("CUP", on_hand=100)

    def order(*products):
        for _ in range(10):
            lines = [Line(product=product.pk, quantity=1) for product in products]
            row, _ = reservations.reserve(lines, actor=ANA)
            reservations.confirm(row, actor=ANA)

    at_once(partial(order, mug, cup), partial(order, cup, mug), partial(order, mug, cup), partial(order, cup, mug))

    assert ProductStock.objects.get(pk=mug.pk).allocated == ProductStock.objects.get(pk=cup.pk).allocated == 40


def test_red_without_the_lock_two_transitions_of_one_hold_both_win(monkeypatch):
    """Proves that the races above can go wrong: without the rows' locks both sides see an active hold."""
    mug = make_product(on_hand=2)
    row = hold(mug, 2)
    gate = []

    def unlocked(model, pk, using="default"):
        found = model._base_manager.filter(pk=pk).first()
        gate.append(found)
        while len(gate) < 2:
            pass
        return found

    monkeypatch.setattr(locks, "row", unlocked)
    monkeypatch.setattr(locks, "totals", lambda products, using="default": None)
    monkeypatch.setattr(ledger, "move", lambda moves, *args: ledger.tell_unmoved({move.product for move in moves}))

    results = at_once(
        partial(attempt, partial(reservations.confirm, row, actor=ANA)),
        partial(attempt, partial(reservations.release, row, actor=BEN)),
    )

    connections.close_all()
    assert sum(isinstance(result, Reservation) for result in results) == 2
