"""One alert per true crossing and none missing, while two locations of many products fall and rise at once.

What truly crossed is computed afterwards from the ledger alone, in the order in which it was recorded.
"""

import random
import threading
from collections import defaultdict
from dataclasses import replace
from itertools import groupby

import pytest

from inventory.errors import InsufficientStock
from inventory.models import ProductStock, Reason, StockAlert, StockLevel, StockMovement
from inventory.operations import ledger, stock
from inventory.values import Line
from tests.builders import ANA, main_location, make_location, make_product

from .races import race

pytestmark = pytest.mark.django_db(transaction=True)

POINT, PRODUCTS, THREADS, BOOKINGS = 20, 10, 8, 32


def furnish_shop():
    """Ten products at two locations; the shop has reorder points of its own."""
    shop = make_location("SHOP")
    products = [make_product(reorder_point=POINT) for _ in range(PRODUCTS)]
    lines = [Line(product=product.pk, location=code, quantity=12) for product in products for code in (None, shop.code)]
    stock.adjust(lines, reason=Reason.RECEIVED, actor=ANA)
    for level in StockLevel.objects.filter(location=shop):
        stock.set_policies(level, actor=ANA, reorder_point=POINT // 2)
    return products


def trade(products, before=lambda: None):
    """Everybody books random deltas of random products at both locations. Returns how many levels were moved."""

    def work(number):
        dice, moved = random.Random(number), 0
        for _ in range(BOOKINGS):
            lines = [
                Line(product=product.pk, location=code, quantity=dice.choice((-7, -4, -2, -1, 1, 2, 4, 7)))
                for product in products
                for code in ("MAIN", "SHOP")
            ]
            lines = dice.sample(lines, dice.randint(8, len(lines)))
            before()
            try:
                stock.adjust(lines, reason=Reason.CORRECTION, actor=ANA)
            except InsufficientStock:
                continue
            moved += len(lines)
        return moved

    results = race(THREADS, work)
    assert all(isinstance(result, int) for result in results), results
    return sum(results)


def true_falls():
    """(product, location or None) → what was available after each fall below the reorder point, in order."""
    falls, available = defaultdict(list), defaultdict(int)
    points = {None: POINT, "SHOP": POINT // 2}
    rows = StockMovement.objects.order_by("recorded_at", "id")
    by_booking = groupby(sorted(rows, key=lambda row: (row.product_id, row.recorded_at, row.id)), key=_booking)
    for (product, _source), booked in by_booking:
        moved = defaultdict(int)
        for row in booked:
            moved[None] += row.delta_on_hand
            moved[row.location_code] += row.delta_on_hand
        for place, delta in moved.items():
            before = available[product, place]
            available[product, place] = after = before + delta
            if place in points and before >= points[place] > after:
                falls[product, place].append(after)
    return falls, available


def _booking(row):
    return row.product_id, row.source


def told_falls():
    """The same, as the alerts tell it."""
    falls = defaultdict(list)
    main = main_location().pk
    for alert in StockAlert.objects.order_by("opened_at", "id"):
        assert alert.location_id != main
        falls[alert.product_id, "SHOP" if alert.location_id else None].append(alert.available)
    return falls


def by_place(falls):
    # Sunk further, an alert is graded again and shows the latest figure; how many fell, and where, is what counts.
    return {place: len(figures) for place, figures in falls.items()}


def test_there_is_one_alert_for_every_crossing_and_none_is_missing():
    products = furnish_shop()

    moved = trade(products)

    falls, available = true_falls()
    assert sum(map(len, falls.values())) > 15
    assert moved > 1000
    assert by_place(told_falls()) == by_place(falls)
    open_now = {(a.product_id, "SHOP" if a.location_id else None) for a in StockAlert.objects.filter(resolved_at=None)}
    points = {None: POINT, "SHOP": POINT // 2}
    assert open_now == {
        place for place, pieces in available.items() if place[1] in points and pieces < points[place[1]]
    }
    for product in products:
        assert ProductStock.objects.get(pk=product.pk).available == available[product.pk, None]


def test_red_alerts_that_compare_with_what_was_read_earlier_are_wrong(monkeypatch):
    products = furnish_shop()
    seen, honest = threading.local(), ledger.changes_of

    def read():
        seen.available = dict(ProductStock.objects.values_list("pk", "available"))

    def mistaken(moved):
        return [
            change if change.location else replace(change, before=earlier[change.product])
            for earlier in [{str(product): pieces for product, pieces in seen.available.items()}]
            for change in honest(moved)
        ]

    monkeypatch.setattr(ledger, "changes_of", mistaken)
    trade(products, before=read)

    assert by_place(told_falls()) != by_place(true_falls()[0])
