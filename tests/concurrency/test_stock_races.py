"""Stock under many hands, with real threads on real PostgreSQL; each race is also shown to go wrong unprotected."""

import random
import time
from collections import Counter
from functools import partial

import pytest
from django.db import OperationalError

from inventory.models import ProductStock, Reason, StockLevel, StockMovement
from inventory.operations import base, catalog, stock, transfers
from inventory.values import Line
from tests.builders import ANA, make_level, make_location, make_product

from .races import LOCK, assert_ledger_explains, attempt, bring, race, rewritten, take, without_triggers

pytestmark = pytest.mark.django_db(transaction=True)

UNLOCKED = ("stock_move", (LOCK, "ORDER BY s.product_id"))


def on_hand(product):
    return ProductStock.objects.get(pk=product.pk).on_hand


# --- The last piece ---------------------------------------------------------------------------------------------------


def sell_the_last(threads=8):
    """One piece may be sold: two lie there, and one is safety stock."""
    mug = make_product()
    make_level(mug, on_hand=2, safety_stock=1)
    outcomes = Counter(race(threads, lambda n: attempt(partial(take, mug))))
    return mug, outcomes


def test_the_last_piece_is_sold_once():
    mug, outcomes = sell_the_last()

    assert outcomes == {"done": 1, "insufficient_stock": 7}
    assert on_hand(mug) == 1
    assert_ledger_explains(mug)


def test_red_without_the_lock_of_the_totals_the_database_itself_has_to_stop_the_second_sale():
    with rewritten(*UNLOCKED):
        outcomes = sum([sell_the_last()[1] for _ in range(10)], Counter())

    assert outcomes["IntegrityError"] > 0


# --- A thousand attempts on five hundred pieces -----------------------------------------------------------------------


def sell_five_hundred(sell):
    mug = make_product(on_hand=500)

    def shop(number):
        return Counter(attempt(partial(sell, mug)) for _ in range(125))

    return mug, sum(race(8, shop), Counter())


def naive_sale(product):
    """What people write: read, check, write back."""
    with without_triggers():
        level = StockLevel.objects.get(product=product.pk)
        if level.on_hand >= 1:
            level.on_hand -= 1
            level.save(update_fields=["on_hand"])
            return
    raise ValueError("sold out")


def test_a_thousand_attempts_on_five_hundred_pieces_sell_five_hundred():
    mug, outcomes = sell_five_hundred(take)

    assert outcomes == {"done": 500, "insufficient_stock": 500}
    assert on_hand(mug) == 0
    assert StockMovement.objects.filter(product=mug.pk, reason="sold").count() == 500
    assert_ledger_explains(mug)


def test_red_a_thousand_naive_attempts_sell_more_than_there_is():
    _, outcomes = sell_five_hundred(naive_sale)

    assert outcomes["done"] > 500


# --- Opposite orders --------------------------------------------------------------------------------------------------


def meet_head_on(monkeypatch, rounds=15):
    """Eight threads move the same products, every other one from the far end. How often two of them stood still."""
    monkeypatch.setattr(base, "ATTEMPTS", 1)
    products = [make_product(on_hand=1000) for _ in range(6)]

    def move(number):
        order = products if number % 2 else products[::-1]
        lines = [Line(product=product.pk, quantity=-1) for product in order]
        deadlocks = 0
        for _ in range(rounds):
            try:
                stock.adjust(lines, reason=Reason.SOLD, actor=ANA)
            except OperationalError as error:
                if base.sqlstate(error) != base.DEADLOCK:
                    raise
                deadlocks += 1
        return deadlocks

    results = race(8, move)
    assert all(isinstance(result, int) for result in results), results
    return products, sum(results)


def test_opposite_orders_of_lines_never_deadlock(monkeypatch):
    products, deadlocks = meet_head_on(monkeypatch)

    assert deadlocks == 0
    assert [on_hand(product) for product in products] == [1000 - 8 * 15] * 6


def test_red_locks_in_the_order_of_the_lines_deadlock(monkeypatch):
    declared = ("use_column\nDECLARE", "use_column\nDECLARE\n    line jsonb;")
    as_they_come = (
        """PERFORM 1 FROM inventory_productstock s
      WHERE s.product_id = ANY (ARRAY(SELECT (l ->> 'product')::uuid FROM jsonb_array_elements(lines) l))
      ORDER BY s.product_id FOR UPDATE""",
        """FOR line IN SELECT l FROM jsonb_array_elements(lines) l LOOP
            PERFORM pg_sleep(0.005) FROM inventory_productstock s
              WHERE s.product_id = (line ->> 'product')::uuid FOR UPDATE;
        END LOOP""",
    )

    with rewritten("stock_move", declared, as_they_come):
        deadlocks = meet_head_on(monkeypatch, rounds=2)[1]

    assert deadlocks > 0


# --- Receipts and sales -----------------------------------------------------------------------------------------------


def bring_and_take(bring, take):
    """Everybody only takes what he has brought himself: whoever is refused is refused falsely."""
    mug = make_product(on_hand=1)

    def trade(number):
        outcomes = Counter()
        for _ in range(30):
            outcomes[attempt(partial(bring, mug, 3))] += 1
            outcomes[attempt(partial(take, mug, 3))] += 1
        return outcomes

    return mug, sum(race(8, trade), Counter())


def compare_and_set(product, pieces):
    """What people write instead of a lock, and do not try again."""
    seen = StockLevel.objects.get(product=product.pk).on_hand
    time.sleep(0.001)
    with without_triggers():
        rows = StockLevel.objects.filter(product=product.pk, on_hand=seen)
        if seen + pieces < 0 or not rows.update(on_hand=seen + pieces):
            raise ValueError("somebody was faster, or there is not enough")


def test_receipts_and_sales_at_once_are_never_falsely_refused():
    mug, outcomes = bring_and_take(bring, take)

    assert outcomes == {"done": 480}
    assert on_hand(mug) == 1
    assert_ledger_explains(mug)


def test_red_compare_and_set_refuses_what_could_have_been_done():
    _, outcomes = bring_and_take(compare_and_set, lambda product, pieces: compare_and_set(product, -pieces))

    assert outcomes["ValueError"] > 0


# --- Levels that are made on the way ----------------------------------------------------------------------------------


def fill_new_places():
    """Everybody brings something to locations where the product has never been."""
    mug = make_product()
    codes = [make_location().code for _ in range(4)]

    def unload(number):
        lines = [Line(product=mug.pk, location=code, quantity=1) for code in random.sample(codes, 4)]
        return attempt(lambda: stock.adjust(lines, reason=Reason.RECEIVED, actor=ANA))

    return mug, Counter(race(8, unload))


def test_a_level_that_many_make_at_once_is_made_once():
    mug, outcomes = fill_new_places()

    assert outcomes == {"done": 8}
    assert sorted(StockLevel.objects.filter(product=mug.pk).values_list("on_hand", flat=True)) == [8, 8, 8, 8]
    assert_ledger_explains(mug)


def test_red_without_the_lock_a_level_is_made_twice():
    with rewritten(*UNLOCKED):
        failures = sum(fill_new_places()[1]["IntegrityError"] for _ in range(10))

    assert failures > 0


# --- A product that goes away -----------------------------------------------------------------------------------------


def test_goods_for_a_product_that_is_being_deleted_arrive_or_are_refused_but_never_vanish():
    outcomes = Counter()
    for _ in range(12):
        cup = make_product()
        bring(cup, 1)
        take(cup, 1)

        def deed(number, cup=cup):
            if number == 0:
                return "delete " + attempt(lambda: catalog.delete_product(cup, actor=ANA))
            return "bring " + attempt(partial(bring, cup, 2))

        results = race(3, deed)
        outcomes.update(results)
        left = ProductStock.objects.filter(pk=cup.pk).values_list("on_hand", flat=True).first()
        assert left == (None if "delete done" in results else 2 * results.count("bring done"))

    assert set(outcomes) <= {"delete done", "delete in_use", "bring done", "bring does_not_exist"}


# --- Transfers --------------------------------------------------------------------------------------------------------


def keep_accounts(send):
    """Six places, forty pieces each; while some travel, every look at all places must find all of them."""
    codes = [make_location(f"L{n}").code for n in range(6)]
    mug = make_product()
    for code in codes:
        bring(mug, 40, at=code)
    writers, seen = 4, set()

    def work(number):
        dice = random.Random(number)
        if number < writers:
            for _ in range(20):
                start, end = dice.sample(codes, 2)
                outcome = attempt(partial(send, mug, dice.randint(1, 15), start, end, dice))
                assert outcome in ("done", "insufficient_stock"), outcome
            done.append(number)
            return
        while len(done) < writers:
            levels = StockLevel.objects.filter(product=mug.pk).values_list("on_hand", "incoming")
            totals = ProductStock.objects.filter(pk=mug.pk).values_list("on_hand", "incoming")
            seen.add(sum(map(sum, levels)))
            seen.add(sum(map(sum, totals)))

    done: list[int] = []
    for result in race(writers + 2, work):
        assert result is None, result
    return mug, seen


def transfer(product, pieces, start, end, dice):
    """At once, or in two steps with a part that comes first, or called back."""
    in_transit = dice.random() < 0.6
    lines = [Line(product=product.pk, quantity=pieces)]
    row = transfers.transfer(lines, from_location=start, to_location=end, in_transit=in_transit, actor=ANA)
    if in_transit and dice.random() < 0.3:
        transfers.cancel(row, actor=ANA)
    elif in_transit:
        part = [Line(sku=product.sku, quantity=pieces // 2)]
        transfers.receive(row, lines=part, close=False, actor=ANA)
        transfers.receive(row, actor=ANA)


def two_adjustments(product, pieces, start, end, dice):
    """What people write: take here, then bring there."""
    take(product, pieces, at=start, reason="correction")
    bring(product, pieces, at=end)


def test_every_look_at_all_places_finds_every_piece():
    mug, seen = keep_accounts(transfer)

    assert seen == {240}
    assert_ledger_explains(mug)


def test_red_two_adjustments_instead_of_a_transfer_lose_pieces_from_sight():
    _, seen = keep_accounts(two_adjustments)

    assert len(seen) > 1
