"""Anything may happen to holds in any order, and time may jump: the service and a dictionary must agree."""

import os

import pytest
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import Bundle, RuleBasedStateMachine, initialize, invariant, rule, run_state_machine_as_test

from inventory.context import SYSTEM
from inventory.errors import InsufficientStock, InvalidTransition
from inventory.models import ProductStock, Reservation, ReservationLine, StockMovement, documents
from inventory.operations import reservations, stock
from inventory.values import Line
from tests.builders import ANA, make_product
from tests.clock import pass_time
from tests.conftest import empty, furnish

EXAMPLES, STEPS = int(os.environ.get("MACHINE_EXAMPLES", "12")), int(os.environ.get("MACHINE_STEPS", "25"))


class Holds(RuleBasedStateMachine):
    """The model: pieces on hand, and each hold with its quantity, state and end on a clock of the model's own."""

    rows = Bundle("rows")

    @initialize(pieces=st.integers(0, 20))
    def open_the_shop(self, pieces):
        empty()
        furnish()
        self.product = make_product("MUG", on_hand=pieces)
        self.on_hand, self.now, self.holds = pieces, 0.0, {}

    @property
    def taken(self):
        return sum(h["quantity"] for h in self.holds.values() if self.state(h) in ("active", "confirmed"))

    def state(self, hold):
        return "expired" if hold["state"] == "active" and hold["ends"] <= self.now else hold["state"]

    @rule(target=rows, quantity=st.integers(1, 8), seconds=st.integers(30, 300))
    def reserve(self, quantity, seconds):
        line = [Line(sku="mug", quantity=quantity)]
        if quantity > self.on_hand - self.taken:
            with pytest.raises(InsufficientStock):
                reservations.reserve(line, expires_in=seconds, actor=ANA)
            return None
        row, _ = reservations.reserve(line, expires_in=seconds, actor=ANA)
        self.holds[row.pk] = {"quantity": quantity, "state": "active", "ends": self.now + seconds}
        return row

    @rule(row=rows)
    def confirm(self, row):
        self.step(row, "confirm", {"active", "expired"}, "confirmed")

    @rule(row=rows)
    def release(self, row):
        self.step(row, "release", {"active"}, "released")

    @rule(row=rows)
    def cancel(self, row):
        self.step(row, "cancel", {"confirmed"}, "cancelled")

    @rule(row=rows)
    def fulfil(self, row):
        if self.step(row, "fulfil", {"confirmed"}, "fulfilled"):
            self.on_hand -= self.holds[row.pk]["quantity"]

    def step(self, row, verb, allowed, after):
        if row is None:
            return False
        hold = self.holds[row.pk]
        state = self.state(hold)
        if state not in allowed:
            with pytest.raises(InvalidTransition):
                getattr(reservations, verb)(row, actor=ANA)
            return False
        if state == "expired" and hold["quantity"] > self.on_hand - self.taken:
            with pytest.raises(InsufficientStock):
                reservations.confirm(row, actor=ANA)
            return False
        late = getattr(reservations, verb)(row, actor=ANA)
        assert late.confirmed_late == (state == "expired" or hold.get("late", False))
        hold |= {"state": after, "late": late.confirmed_late}
        return True

    @rule(quantity=st.integers(1, 8))
    def sell(self, quantity):
        line = [Line(sku="MUG", quantity=-quantity)]
        if quantity > self.on_hand - self.taken:
            with pytest.raises(InsufficientStock):
                stock.adjust(line, reason="sold", actor=ANA)
        else:
            stock.adjust(line, reason="sold", actor=ANA)
            self.on_hand -= quantity

    @rule(seconds=st.integers(20, 200))
    def time_passes(self, seconds):
        pass_time(seconds)
        self.now += seconds

    @rule()
    def sweep(self):
        reservations.sweep(actor=SYSTEM)

    @invariant()
    def what_is_shown_is_the_models_figure(self):
        if not hasattr(self, "product"):
            return
        import orjson

        shown = orjson.loads(documents.products([self.product.pk])[self.product.pk].body)["stock"]
        assert (shown["on_hand"], shown["available"]) == (self.on_hand, self.on_hand - self.taken)

    @invariant()
    def the_counters_are_the_sum_of_the_lines_and_of_the_ledger(self):
        if not hasattr(self, "product"):
            return
        totals = ProductStock.objects.get(pk=self.product.pk)
        lines = list(ReservationLine.objects.all())
        assert totals.reserved == sum(line.quantity for line in lines if line.holding == "reserved")
        assert totals.allocated == sum(line.open_quantity for line in lines if line.holding == "allocated")
        assert totals.reserved == sum(StockMovement.objects.values_list("delta_reserved", flat=True))
        assert Reservation.objects.count() == len(self.holds)


@pytest.mark.django_db(transaction=True)
def test_holds_behave_like_their_model():
    checks = [HealthCheck.too_slow, HealthCheck.data_too_large, HealthCheck.filter_too_much]
    run_state_machine_as_test(
        Holds,
        settings=settings(
            max_examples=EXAMPLES, stateful_step_count=STEPS, deadline=None, suppress_health_check=checks, database=None
        ),
    )
