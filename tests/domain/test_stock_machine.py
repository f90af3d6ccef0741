"""Anything may happen to stock in any order: the service and a dictionary must agree on every piece, after every step.

MACHINE_EXAMPLES and MACHINE_STEPS make it longer; by default it takes some seconds.
"""

import os
from copy import deepcopy
from dataclasses import dataclass
from types import SimpleNamespace

import pytest
from django.db import IntegrityError, connection
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import (
    RuleBasedStateMachine,
    initialize,
    invariant,
    precondition,
    rule,
    run_state_machine_as_test,
)

from inventory.context import SYSTEM
from inventory.errors import InsufficientStock, InUse, InvalidTransition, StockChanged
from inventory.models import (
    ArchivedObject,
    Location,
    Product,
    ProductStock,
    Reason,
    StockAlert,
    StockLevel,
    StockMovement,
    as_of,
)
from inventory.operations import catalog, history, reconcile, stock, transfers
from inventory.values import Line
from tests.builders import ANA, make_location, make_product
from tests.concurrency.races import rewritten
from tests.conftest import empty, furnish

EXAMPLES, STEPS = int(os.environ.get("MACHINE_EXAMPLES", "40")), int(os.environ.get("MACHINE_STEPS", "30"))
SKUS, CODES = ("A", "B", "C"), ("MAIN", "SHOP", "VAN")
FRESH = {"on_hand": 0, "unavailable": 0, "incoming": 0, "sequence": 0, "safety_stock": 0, "backorder_limit": 0}


@dataclass
class Want:
    """Deltas of one level; `told`: there is a ledger row of it."""

    place: tuple[str, str]
    on_hand: int = 0
    unavailable: int = 0
    incoming: int = 0
    told: bool = True


skus, codes = st.sampled_from(SKUS), st.sampled_from(CODES)
some, few = st.integers(1, 12), st.integers(0, 6)
orders = st.lists(st.tuples(skus, codes, some), min_size=1, max_size=4)


class Stock(RuleBasedStateMachine):
    """The model: `levels` by (SKU, location), `points` (reorder points), open `alerts`, `roads` (transfers)."""

    @initialize(goods=st.lists(st.tuples(skus, codes, some, few, few), min_size=2, max_size=6))
    def open_the_shop(self, goods):
        empty()
        furnish()
        for code in CODES[1:]:
            make_location(code)
        self.places = dict(Location.objects.values_list("code", "pk"))
        self.products = {sku: make_product(sku) for sku in SKUS}
        self.levels, self.points, self.alerts, self.roads = {}, dict.fromkeys(SKUS), set(), []
        self.ends, self.seen = {}, []
        for sku, code, pieces, safety, backorder in goods:
            self.receive_goods([(sku, code, pieces)])
            self.set_level(sku, code, safety, backorder)

    # --- The deeds ----------------------------------------------------------------------------------------------------

    @rule(lines=orders)
    def receive_goods(self, lines):
        self.adjust("received", lines)

    @rule(lines=orders)
    def sell(self, lines):
        self.adjust("sold", [(sku, code, -pieces) for sku, code, pieces in lines])

    @rule(lines=orders)
    def lose(self, lines):
        self.adjust("lost", [(sku, code, -pieces) for sku, code, pieces in lines])

    @rule(lines=orders)
    def break_some(self, lines):
        self.adjust("damaged", [(sku, code, -pieces) for sku, code, pieces in lines])

    @rule(lines=orders)
    def mend_some(self, lines):
        self.adjust("repaired", lines)

    @rule(lines=st.lists(st.tuples(skus, codes, st.integers(-9, 9).filter(bool)), min_size=1, max_size=6))
    def correct(self, lines):
        self.adjust("correction", lines)

    def adjust(self, reason, lines):
        lines = [(sku, code, delta) for sku, code, delta in lines if sku in self.products]
        sideways = reason in ("damaged", "repaired")
        moves = {}
        for sku, code, delta in lines:
            moves[sku, code] = moves.get((sku, code), 0) + delta
        wanted = [
            Want(place, on_hand=0 if sideways else delta, unavailable=-delta if sideways else 0)
            for place, delta in moves.items()
            if delta
        ]
        booked = [Line(sku=sku.lower(), location=code, quantity=delta) for sku, code, delta in lines]
        if lines:
            self.expect(wanted, reason == "sold", lambda: stock.adjust(booked, reason=Reason(reason), actor=ANA))

    @rule(sku=skus)
    def sell_off(self, sku):
        """Everything that is left of a product goes, so that it may be deleted."""
        rows = [(code, level) for (own, code), level in self.levels.items() if own == sku]
        self.adjust("repaired", [(sku, code, level["unavailable"]) for code, level in rows if level["unavailable"]])
        self.adjust("lost", [(sku, code, -level["on_hand"]) for code, level in rows if level["on_hand"]])
        self.delete(sku)

    @rule(sku=skus, code=codes, counted=some, off=st.sampled_from([0, 0, 0, 1]))
    def count(self, sku, code, counted, off):
        if sku not in self.products:
            return
        on_hand = self.at(sku, code)["on_hand"]
        line = [Line(sku=sku, location=code, quantity=counted, expected=on_hand + off)]
        if off:
            with pytest.raises(StockChanged):
                stock.count(line, actor=ANA)
            return
        wanted = [Want((sku, code), on_hand=counted - on_hand)]
        self.expect(wanted, False, lambda: stock.count(line, actor=ANA))

    @rule(start=codes, end=codes, in_transit=st.booleans(), lines=st.dictionaries(skus, few.filter(bool), min_size=1))
    def transfer(self, start, end, in_transit, lines):
        lines = {sku: pieces for sku, pieces in lines.items() if sku in self.products}
        sent = [Line(sku=sku, quantity=pieces) for sku, pieces in lines.items()]
        if not lines:
            return
        if start == end:
            with pytest.raises(InvalidTransition):
                transfers.transfer(sent, from_location=start, to_location=end, actor=ANA)
            return
        wanted = [Want((sku, start), on_hand=-pieces) for sku, pieces in lines.items()]
        wanted += [
            Want((sku, end), incoming=pieces, told=False) if in_transit else Want((sku, end), on_hand=pieces)
            for sku, pieces in lines.items()
        ]
        row = self.expect(
            wanted,
            False,
            lambda: transfers.transfer(sent, from_location=start, to_location=end, in_transit=in_transit, actor=ANA),
        )
        if row is not None and in_transit:
            self.roads.append({"row": row, "start": start, "end": end, "left": lines})

    @precondition(lambda self: self.roads)
    @rule(data=st.data(), close=st.booleans())
    def receive(self, data, close):
        road = data.draw(st.sampled_from(self.roads))
        parts = {sku: data.draw(st.integers(0, pieces)) for sku, pieces in road["left"].items()}
        wanted = []
        for sku, pieces in road["left"].items():
            lost = pieces - parts[sku] if close else 0
            if parts[sku] or lost:
                gone = parts[sku] + lost
                wanted.append(Want((sku, road["end"]), parts[sku], incoming=-gone, told=parts[sku] > 0))
        lines = [Line(sku=sku, quantity=pieces) for sku, pieces in parts.items()]
        self.expect(wanted, False, lambda: transfers.receive(road["row"], lines=lines, close=close, actor=ANA))
        road["left"] = {sku: pieces - parts[sku] for sku, pieces in road["left"].items()}
        if close or not any(road["left"].values()):
            self.roads.remove(road)

    @precondition(lambda self: self.roads)
    @rule(data=st.data())
    def call_back(self, data):
        road = data.draw(st.sampled_from(self.roads))
        left = {sku: pieces for sku, pieces in road["left"].items() if pieces}
        wanted = [Want((sku, road["end"]), incoming=-pieces, told=False) for sku, pieces in left.items()]
        wanted += [Want((sku, road["start"]), on_hand=pieces) for sku, pieces in left.items()]
        self.expect(wanted, False, lambda: transfers.cancel(road["row"], actor=ANA))
        self.roads.remove(road)

    @rule(sku=skus, code=codes, safety=few, backorder=few)
    def set_level(self, sku, code, safety, backorder):
        row = StockLevel.objects.filter(product__sku=sku, location__code=code).first()
        if row is None:
            assert (sku, code) not in self.levels
            return
        before = self.lows()
        stock.set_policies(row, actor=ANA, safety_stock=safety, backorder_limit=backorder)
        self.levels[sku, code] |= {"safety_stock": safety, "backorder_limit": backorder}
        self.cross(before)

    @rule(sku=skus, point=st.none() | st.integers(0, 25))
    def set_point(self, sku, point):
        if sku in self.products:
            before = self.lows()
            product = Product.objects.get(sku=sku)
            catalog.update_product(product, actor=ANA, reorder_point=point)
            self.points[sku] = point
            self.cross(before)

    @rule(sku=skus)
    def delete(self, sku):
        if sku not in self.products:
            return
        product, own = Product.objects.get(sku=sku), [level for place, level in self.levels.items() if place[0] == sku]
        on_the_road = any(sku in road["left"] for road in self.roads)
        if on_the_road or any(level[name] for level in own for name in ("on_hand", "unavailable", "incoming")):
            with pytest.raises(InUse):
                catalog.delete_product(product, actor=ANA)
            return
        catalog.delete_product(product, actor=ANA)
        del self.products[sku]
        for place in [place for place in self.levels if place[0] == sku]:
            self.ends[place] = self.levels.pop(place)["sequence"]
        self.alerts.discard(sku)

    @precondition(lambda self: len(self.products) < len(SKUS))
    @rule(data=st.data(), pieces=some, code=codes)
    def restore(self, data, pieces, code):
        sku = data.draw(st.sampled_from(sorted(set(SKUS) - set(self.products))))
        (archived,) = ArchivedObject.objects.filter(restored_at=None, snapshot__sku=sku)
        self.products[sku] = history.restore(archived, actor=ANA)
        self.receive_goods([(sku, code, pieces)])

    @precondition(lambda self: self.seen)
    @rule(data=st.data())
    def look_back(self, data):
        instant, levels = data.draw(st.sampled_from(self.seen))
        rows = {(row.product.sku, row.location.code): row.pk for row in StockLevel.objects.select_related()}
        balances = as_of.balances(list(rows.values()), instant)
        for place, pk in rows.items():
            then = levels.get(place, FRESH)
            assert (balances[pk].on_hand, balances[pk].unavailable) == (then["on_hand"], then["unavailable"])

    # --- What must hold after each ------------------------------------------------------------------------------------

    @invariant()
    def every_piece_is_where_the_model_says(self):
        if not hasattr(self, "products"):
            return
        names = ("on_hand", "unavailable", "incoming", "sequence")
        rows = StockLevel.objects.values_list("product__sku", "location__code", *names, "available")
        found = {(sku, code): dict(zip(names, figures, strict=False)) for sku, code, *figures in rows}
        assert found == {place: {name: level[name] for name in names} for place, level in self.levels.items()}
        for sku, code, *_, available in rows:
            level = self.levels[sku, code]
            assert available == level["on_hand"] - level["unavailable"] - level["safety_stock"]
        totals = dict(ProductStock.objects.values_list("product__sku", "available"))
        assert totals == {sku: self.available(sku) for sku in self.products}

    @invariant()
    def alerts_are_open_where_something_fell(self):
        if hasattr(self, "products"):
            rows = StockAlert.objects.filter(resolved_at=None).values_list("sku", flat=True)
            assert sorted(rows) == sorted(self.alerts)

    def teardown(self):
        if hasattr(self, "products"):
            assert list(reconcile.reconcile(fix=False, actor=SYSTEM)) == []
            assert StockMovement.objects.count() == sum(
                [*(level["sequence"] for level in self.levels.values()), *self.ends.values()]
            )

    # --- The model ----------------------------------------------------------------------------------------------------

    def at(self, sku, code):
        return self.levels.get((sku, code), FRESH)

    def available(self, sku):
        own = [level for place, level in self.levels.items() if place[0] == sku]
        return sum(level["on_hand"] - level["unavailable"] - level["safety_stock"] for level in own)

    def lows(self):
        return {s for s in self.products if self.points[s] is not None and self.available(s) < self.points[s]}

    def cross(self, before):
        self.alerts = (self.alerts | (self.lows() - before)) - (before - self.lows())

    def expect(self, wanted, sellable, deed):
        """Run `deed`; it must be refused if the model says so, and move exactly what is `wanted` if not."""
        moved = {}
        for want in wanted:
            # A level that lived before goes on with the numbers of its ledger.
            level = dict(self.levels.get(want.place) or FRESH | {"sequence": self.ends.get(want.place, 0)})
            level["on_hand"] += want.on_hand
            level["unavailable"] += want.unavailable
            level["incoming"] += want.incoming
            level["sequence"] += want.told
            moved[want.place] = level
            if self.short(want, level, sellable):
                with pytest.raises(InsufficientStock):
                    deed()
                return None
        before, result = self.lows(), deed()
        self.levels |= moved
        for place in moved:
            self.ends.pop(place, None)
        self.cross(before)
        with connection.cursor() as cursor:
            cursor.execute("SELECT clock_timestamp()")
            self.seen.append((cursor.fetchone()[0], deepcopy(self.levels)))
        return result

    @staticmethod
    def short(want, level, sellable):
        """Does the level lack what is wanted? Only who takes is asked what stays behind."""
        on_hand, unavailable = level["on_hand"], level["unavailable"]
        if on_hand < 0 or unavailable < 0:
            return True
        keeps = level["safety_stock"] if sellable else 0
        lent = level["backorder_limit"] - keeps
        return want.on_hand < want.unavailable and on_hand + min(0, lent) < unavailable


@pytest.mark.slow
@pytest.mark.django_db(transaction=True)
@pytest.mark.timeout(3600)
def test_whatever_happens_the_service_and_a_dictionary_agree_on_every_piece():
    run_state_machine_as_test(
        Stock,
        settings=settings(
            max_examples=EXAMPLES,
            stateful_step_count=STEPS,
            deadline=None,
            suppress_health_check=list(HealthCheck),
            database=None,
        ),
    )


def mend_what_was_not_broken(shop):
    shop.mend_some([("A", "MAIN", 3)])


def fall_below_the_reorder_point(shop):
    shop.set_point("A", 3)
    shop.sell([("A", "MAIN", 4)])
    shop.alerts_are_open_where_something_fell()


def come_back_from_the_archive(shop):
    shop.sell_off("A")
    shop.restore(SimpleNamespace(draw=lambda choices: "A"), 3, "MAIN")


RULES = {
    mend_what_was_not_broken: ("w.to_incoming) < 0", "w.to_incoming) < -5"),
    fall_below_the_reorder_point: (" - sum(l.gained) OVER of_turn", ""),
    come_back_from_the_archive: ("COALESCE(m.sequence, 0),\n           1, begun", "0,\n           1, begun"),
}


@pytest.mark.django_db(transaction=True)
@pytest.mark.parametrize("deed", RULES)
def test_red_the_dictionary_notices_a_rule_that_is_gone(deed):
    shop = Stock()
    shop.open_the_shop([("A", "MAIN", 5, 0, 6)])

    with rewritten("stock_move", RULES[deed]), pytest.raises((AssertionError, IntegrityError)):
        deed(shop)
