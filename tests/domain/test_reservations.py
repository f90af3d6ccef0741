"""Reservations: what may become of a hold, and that it stops counting at the very instant."""

import pytest

from inventory.context import SYSTEM
from inventory.errors import DoesNotExist, InsufficientStock, InvalidTransition
from inventory.models import (
    Holding,
    ProductStock,
    Reservation,
    ReservationLine,
    ReservationState,
    StockLevel,
    StockMovement,
)
from inventory.operations import catalog, reservations, stock
from inventory.values import Line
from tests.builders import ANA, make_level, make_location, make_product, open_alerts
from tests.clock import pass_time

pytestmark = pytest.mark.django_db(transaction=True)


def hold(product, quantity, **values):
    row, _ = reservations.reserve([Line(product=product.pk, quantity=quantity)], actor=ANA, **values)
    return row


def figures(product):
    row = ProductStock.objects.get(pk=product.pk)
    return {"on_hand": row.on_hand, "reserved": row.reserved, "allocated": row.allocated, "available": row.available}


def test_a_hold_is_not_available_to_anybody_else():
    mug = make_product(on_hand=5)

    hold(mug, 4)

    with pytest.raises(InsufficientStock) as refusal:
        hold(mug, 2)
    assert refusal.value.problems[0].extra["available"] == 1
    assert refusal.value.problems[0].extra["requested"] == 2


def test_a_hold_is_confirmed_shipped_and_gone():
    mug = make_product(on_hand=5)
    row = hold(mug, 4)

    row = reservations.confirm(row, actor=ANA)
    confirmed = figures(mug)
    row = reservations.fulfil(row, actor=ANA)

    assert confirmed == {"on_hand": 5, "reserved": 0, "allocated": 4, "available": 1}
    assert figures(mug) == {"on_hand": 1, "reserved": 0, "allocated": 0, "available": 1}
    assert (row.state, row.expires_at) == (ReservationState.FULFILLED, None)


def test_every_transition_has_its_ledger_row():
    mug = make_product(on_hand=5)
    row = hold(mug, 4)
    reservations.confirm(row, actor=ANA)

    reservations.cancel(row, actor=ANA)

    kinds = list(StockMovement.objects.filter(source=row.pk).order_by("sequence").values_list("kind", flat=True))
    assert kinds == ["reserve", "allocate", "cancel"]


def test_what_is_shipped_in_parts_stays_confirmed_until_all_has_left():
    mug = make_product(on_hand=5)
    row = reservations.confirm(hold(mug, 4), actor=ANA)

    row = reservations.fulfil(row, actor=ANA, quantities=[Line(sku=mug.sku, quantity=3)])
    first = row.state
    row = reservations.fulfil(row, actor=ANA, quantities=[Line(sku=mug.sku, quantity=1)])

    assert (first, row.state) == (ReservationState.CONFIRMED, ReservationState.FULFILLED)
    assert figures(mug)["on_hand"] == 1


def test_more_than_was_held_is_not_shipped():
    row = reservations.confirm(hold(make_product("MUG", on_hand=5), 2), actor=ANA)

    with pytest.raises(InvalidTransition):
        reservations.fulfil(row, actor=ANA, quantities=[Line(sku="MUG", quantity=3)])
    with pytest.raises(DoesNotExist):
        reservations.fulfil(row, actor=ANA, quantities=[Line(sku="CUP", quantity=1)])

    assert ReservationLine.objects.get(reservation=row).fulfilled == 0


@pytest.mark.parametrize(
    ("before", "deed"),
    [
        (["release"], "confirm"),
        (["release"], "release"),
        (["confirm"], "release"),
        (["confirm"], "confirm"),
        (["confirm", "fulfil"], "cancel"),
        (["confirm", "cancel"], "fulfil"),
        ([], "fulfil"),
        ([], "cancel"),
    ],
)
def test_an_illegal_transition_is_refused_with_the_present_state(before, deed):
    mug = make_product(on_hand=5)
    row = hold(mug, 2)
    for step in before:
        getattr(reservations, step)(row, actor=ANA)
    standing = figures(mug)

    with pytest.raises(InvalidTransition) as refusal:
        getattr(reservations, deed)(row, actor=ANA)

    assert refusal.value.problems[0].extra["state"] == Reservation.objects.get().state
    assert figures(mug) == standing


def test_a_hold_that_is_over_frees_its_pieces_for_the_next_writer_with_no_sweeper():
    mug = make_product(on_hand=5)
    late = hold(mug, 5, expires_in=60)

    pass_time(61)
    hold(mug, 5)

    assert ReservationLine.objects.get(reservation=late).holding == Holding.NOTHING
    assert figures(mug)["reserved"] == 5


def test_a_sale_frees_what_is_over_as_well():
    mug = make_product("MUG", on_hand=5)
    hold(mug, 5, expires_in=60)
    pass_time(61)

    stock.adjust([Line(sku="MUG", quantity=-5)], reason="sold", actor=ANA)

    assert figures(mug) == {"on_hand": 0, "reserved": 0, "allocated": 0, "available": 0}


def test_a_late_confirmation_succeeds_while_the_stock_is_free_and_says_so():
    mug = make_product(on_hand=5)
    row = hold(mug, 5, expires_in=60)
    pass_time(61)

    row = reservations.confirm(row, actor=ANA)

    assert (row.state, row.confirmed_late) == (ReservationState.CONFIRMED, True)
    assert figures(mug)["allocated"] == 5


def test_a_late_confirmation_after_the_sweep_takes_the_pieces_anew():
    mug = make_product(on_hand=5)
    row = hold(mug, 5, expires_in=60)
    pass_time(61)
    reservations.sweep(actor=SYSTEM)

    row = reservations.confirm(row, actor=ANA)

    assert row.confirmed_late
    assert figures(mug) == {"on_hand": 5, "reserved": 0, "allocated": 5, "available": 0}


def test_a_late_confirmation_is_refused_when_somebody_else_has_the_stock():
    mug = make_product(on_hand=5)
    row = hold(mug, 5, expires_in=60)
    pass_time(61)
    hold(mug, 1)

    with pytest.raises(InsufficientStock):
        reservations.confirm(row, actor=ANA)

    assert figures(mug) == {"on_hand": 5, "reserved": 1, "allocated": 0, "available": 4}


def test_what_is_over_can_neither_be_released_nor_extended():
    row = hold(make_product(on_hand=5), 5, expires_in=60)
    pass_time(61)

    with pytest.raises(InvalidTransition, match="expired"):
        reservations.release(row, actor=ANA)
    with pytest.raises(InvalidTransition, match="expired"):
        reservations.extend(row, expires_in=60, actor=ANA)


def test_the_sweeper_tidies_up_and_writes_the_ledger():
    mug = make_product(on_hand=5)
    row = hold(mug, 5, expires_in=60)
    pass_time(61)

    swept = reservations.sweep(actor=SYSTEM)

    assert swept == 1
    assert Reservation.objects.get().state == ReservationState.EXPIRED
    assert figures(mug)["reserved"] == 0
    assert StockMovement.objects.filter(source=row.pk, kind="expire").exists()


def test_the_sweeper_leaves_what_still_runs_alone():
    hold(make_product(on_hand=5), 5, expires_in=60)

    assert reservations.sweep(actor=SYSTEM) == 0


def test_an_extension_counts_from_now_and_ends_at_the_longest_life(settings):
    settings.INVENTORY_RESERVATION_LONGEST_LIFE_S = 300
    row = hold(make_product(on_hand=5), 1, expires_in=60)

    row = reservations.extend(row, expires_in=3600, actor=ANA)

    assert (row.expires_at - row.created_at).total_seconds() == 300
    assert ReservationLine.objects.get().expires_at == row.expires_at


def test_partial_holds_what_there_is_line_by_line():
    mug, cup = make_product("MUG", on_hand=3), make_product("CUP", on_hand=9)

    row, planned = reservations.reserve(
        [Line(sku="MUG", quantity=5), Line(sku="CUP", quantity=5)], partial=True, actor=ANA
    )

    assert [line.quantity for line in planned] == [3, 5]
    assert {line.sku: line.quantity for line in row.lines.all()} == {"MUG": 3, "CUP": 5}
    assert figures(mug)["available"] == 0
    assert figures(cup)["available"] == 4


def test_partial_with_nothing_at_all_is_refused():
    make_product("MUG")

    with pytest.raises(InsufficientStock):
        reservations.reserve([Line(sku="MUG", quantity=5)], partial=True, actor=ANA)

    assert not Reservation.objects.exists()


def test_two_lines_of_one_product_share_what_is_free():
    make_product("MUG", on_hand=5)

    with pytest.raises(InsufficientStock):
        reservations.reserve([Line(sku="MUG", quantity=3), Line(sku="mug", quantity=3)], actor=ANA)


def test_backorders_are_promised_up_to_their_limit():
    make_product("MUG", on_hand=2, backorder_limit=3)

    reservations.reserve([Line(sku="MUG", quantity=5)], actor=ANA)

    with pytest.raises(InsufficientStock):
        reservations.reserve([Line(sku="MUG", quantity=1)], actor=ANA)


def test_safety_stock_is_not_promised():
    level = make_level(make_product("MUG"), on_hand=10, safety_stock=4)

    with pytest.raises(InsufficientStock):
        reservations.reserve([Line(sku="MUG", quantity=7)], actor=ANA)
    reservations.reserve([Line(sku="MUG", quantity=6)], actor=ANA)

    level.refresh_from_db()
    assert (level.reserved, level.available) == (6, 0)


def test_an_owner_has_at_most_as_many_holds_as_the_setting_says(settings):
    settings.INVENTORY_RESERVATIONS_PER_OWNER = 1
    mug = make_product(on_hand=5)
    hold(mug, 1, owner="cart-1")

    with pytest.raises(InvalidTransition):
        hold(mug, 1, owner="cart-1")

    hold(mug, 1, owner="cart-2")


def test_all_holds_of_an_owner_are_released_in_one_call():
    mug = make_product(on_hand=5)
    for owner in ("cart-1", "cart-1", "cart-2"):
        hold(mug, 1, owner=owner)

    released = reservations.release_all(owner="cart-1", among=Reservation.objects.all(), actor=ANA)

    assert len(released) == 2
    assert figures(mug)["reserved"] == 1


def test_a_hold_that_reaches_the_reorder_point_opens_the_alert_and_its_release_resolves_it():
    mug = make_product(on_hand=10, reorder_point=5)

    row = hold(mug, 6)
    opened = len(open_alerts(mug))
    reservations.release(row, actor=ANA)

    assert (opened, len(open_alerts(mug))) == (1, 0)


def test_a_product_with_open_holds_is_not_deleted_but_with_lapsed_ones_it_is():
    from inventory.errors import InUse

    mug = make_product("MUG", on_hand=1)
    hold(mug, 1, expires_in=60)
    with pytest.raises(InUse):
        catalog.delete_product(mug, actor=ANA)
    pass_time(61)
    stock.adjust([Line(sku="MUG", quantity=-1)], reason="sold", actor=ANA)

    catalog.delete_product(mug, actor=ANA)

    assert not StockLevel.objects.filter(product=mug.pk).exists()


def test_a_plan_takes_the_first_location_first_and_says_why():
    from inventory.operations import planning

    near, far = make_location("NEAR", priority=1), make_location("FAR", priority=2)
    mug = make_product("MUG")
    make_level(mug, near, 3)
    make_level(mug, far, 9)

    (line,) = planning.explain([Line(sku="MUG", quantity=5)], strategy="priority")

    assert [(share.code, share.quantity) for share in line.shares] == [("NEAR", 3), ("FAR", 2)]
    assert line.shares[0].why == "It comes first (priority 1)."


@pytest.mark.parametrize(("strategy", "shares"), [("fewest_splits", [("FAR", 5)]), ("most_stock", [("FAR", 5)])])
def test_other_strategies_avoid_the_split(strategy, shares):
    from inventory.operations import planning

    near, far = make_location("NEAR", priority=1), make_location("FAR", priority=2)
    mug = make_product("MUG")
    make_level(mug, near, 3)
    make_level(mug, far, 9)

    (line,) = planning.explain([Line(sku="MUG", quantity=5)], strategy=strategy)

    assert [(share.code, share.quantity) for share in line.shares] == shares


def test_fewest_splits_prefers_one_location_for_the_whole_order():
    from inventory.operations import planning

    near, far = make_location("NEAR", priority=1), make_location("FAR", priority=2)
    for sku, nearby in (("MUG", 5), ("CUP", 0)):
        product = make_product(sku)
        if nearby:
            make_level(product, near, nearby)
        make_level(product, far, 5)

    planned = planning.explain([Line(sku="MUG", quantity=5), Line(sku="CUP", quantity=5)], strategy="fewest_splits")

    assert {share.code for line in planned for share in line.shares} == {"FAR"}
