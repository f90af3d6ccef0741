"""Transfers: goods change place at once or by way of a lorry, and none is lost on the road unrecorded."""

import pytest

from inventory.errors import (
    DoesNotExist,
    Forbidden,
    InsufficientStock,
    InUse,
    InvalidTransition,
)
from inventory.models import INT_MAX, ProductStock, StockLevel, StockMovement, Transfer, TransferState
from inventory.operations import catalog, locations, stock, transfers
from inventory.values import Line
from tests.builders import ANA, main_location, make_category, make_location, make_product, open_alerts

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture
def shop(transactional_db):
    return make_location("SHOP")


def send(*lines, to="SHOP", **values):
    """`lines` are (product, quantity); goods leave the default location."""
    sent = [
        Line(product=product.pk, quantity=pieces, pointer=f"/lines/{n}") for n, (product, pieces) in enumerate(lines)
    ]
    return transfers.transfer(sent, from_location="MAIN", to_location=to, actor=ANA, **values)


def arrived(*lines):
    """`lines` are (SKU, quantity)."""
    return [Line(sku=sku, quantity=pieces, pointer=f"/lines/{n}") for n, (sku, pieces) in enumerate(lines)]


def places(product):
    """Location → (on_hand, incoming)."""
    rows = StockLevel.objects.filter(product=product.pk).values_list("location__code", "on_hand", "incoming")
    return {code: (on_hand, incoming) for code, on_hand, incoming in rows}


def test_goods_arrive_at_once(shop):
    mug = make_product(on_hand=10)

    row = send((mug, 4), reference="T-1")

    assert places(mug) == {"MAIN": (6, 0), "SHOP": (4, 0)}
    assert (row.state, row.lines.get().received) == (TransferState.RECEIVED, 4)
    assert ProductStock.objects.get(pk=mug.pk).on_hand == 10
    kinds = StockMovement.objects.filter(source=row.pk, reference="T-1").order_by("delta_on_hand")
    assert [(m.kind, m.delta_on_hand) for m in kinds] == [("transfer_out", -4), ("transfer_in", 4)]


def test_goods_on_the_road_are_incoming_until_they_are_received(shop):
    mug = make_product(on_hand=10)

    row = send((mug, 4), in_transit=True)
    on_the_road = places(mug), ProductStock.objects.get(pk=mug.pk)
    row = transfers.receive(row, actor=ANA)

    assert on_the_road[0] == {"MAIN": (6, 0), "SHOP": (0, 4)}
    assert (on_the_road[1].on_hand, on_the_road[1].available, on_the_road[1].incoming) == (6, 6, 4)
    assert places(mug) == {"MAIN": (6, 0), "SHOP": (4, 0)}
    assert row.state == TransferState.RECEIVED
    assert row.closed_at is not None


def test_what_comes_in_parts_stays_on_the_road_until_all_is_there(shop):
    mug = make_product(on_hand=10)
    row = send((mug, 4), in_transit=True)

    row = transfers.receive(row, actor=ANA, lines=arrived((mug.sku, 1)), close=False)
    first = row.state, places(mug)["SHOP"]
    row = transfers.receive(row, actor=ANA, lines=arrived((mug.sku, 3)), close=False)

    assert first == (TransferState.IN_TRANSIT, (1, 3))
    assert (row.state, places(mug)["SHOP"]) == (TransferState.RECEIVED, (4, 0))


def test_what_never_arrives_is_recorded_as_a_shortfall(shop):
    mug, cup = make_product(on_hand=10), make_product(on_hand=10)
    row = send((mug, 4), (cup, 2), in_transit=True)

    row = transfers.receive(row, actor=ANA, lines=arrived((mug.sku, 3)))

    lines = {line.sku: (line.quantity, line.received, line.shortfall) for line in row.lines.all()}
    assert lines == {mug.sku: (4, 3, 1), cup.sku: (2, 0, 2)}
    assert (places(mug)["SHOP"], places(cup)["SHOP"]) == ((3, 0), (0, 0))
    assert row.state == TransferState.RECEIVED


def test_lines_of_one_product_are_summed_when_sent_and_when_received(shop):
    mug = make_product("MUG", on_hand=10)
    row = send((mug, 3), (mug, 2), in_transit=True)

    row = transfers.receive(row, actor=ANA, lines=arrived(("mug", 1), ("MUG", 2)), close=False)

    assert [(line.quantity, line.received) for line in row.lines.all()] == [(5, 3)]
    assert places(mug) == {"MAIN": (5, 0), "SHOP": (3, 2)}


def test_a_renamed_product_is_received_under_both_names(shop):
    mug = make_product("OLD", on_hand=10)
    row = send((mug, 4), in_transit=True)
    catalog.update_product(mug, actor=ANA, sku="NEW")

    row = transfers.receive(row, actor=ANA, lines=arrived(("old", 1), ("new", 2)), close=False)

    assert row.lines.get().received == 3


def test_more_than_was_sent_cannot_arrive(shop):
    mug, cup = make_product(on_hand=10), make_product(on_hand=10)
    row = send((mug, 4), (cup, 1), in_transit=True)

    with pytest.raises(InvalidTransition) as refusal:
        transfers.receive(row, actor=ANA, lines=arrived((cup.sku, 1), (mug.sku, 3), (mug.sku, 2)))

    assert [problem.pointer for problem in refusal.value.problems] == ["/lines/2/quantity"]
    assert (places(mug)["SHOP"], places(cup)["SHOP"]) == ((0, 4), (0, 1))


def test_what_was_not_sent_cannot_arrive(shop):
    mug = make_product(on_hand=10)
    row = send((mug, 4), in_transit=True)

    with pytest.raises(DoesNotExist) as refusal:
        transfers.receive(row, actor=ANA, lines=arrived((mug.sku, 1), ("OTHER", 1)))

    assert [problem.pointer for problem in refusal.value.problems] == ["/lines/1/sku"]
    assert places(mug)["SHOP"] == (0, 4)


def test_a_cancelled_transfer_brings_back_what_has_not_arrived(shop):
    mug = make_product(on_hand=10)
    row = send((mug, 4), in_transit=True)
    row = transfers.receive(row, actor=ANA, lines=arrived((mug.sku, 1)), close=False)

    row = transfers.cancel(row, actor=ANA)

    assert places(mug) == {"MAIN": (9, 0), "SHOP": (1, 0)}
    assert row.state == TransferState.CANCELLED


@pytest.mark.parametrize("verb", [transfers.receive, transfers.cancel])
def test_what_is_closed_stays_closed(shop, verb):
    mug = make_product(on_hand=10)
    done = send((mug, 4))
    cancelled = transfers.cancel(send((mug, 1), in_transit=True), actor=ANA)

    for row in (done, cancelled):
        with pytest.raises(InvalidTransition):
            verb(row, actor=ANA)

    assert places(mug) == {"MAIN": (6, 0), "SHOP": (4, 0)}


def test_a_short_line_keeps_the_whole_transfer_at_home(shop):
    mug, cup = make_product(on_hand=10), make_product(on_hand=1)

    with pytest.raises(InsufficientStock) as refusal:
        send((mug, 1), (cup, 2))

    (problem,) = refusal.value.problems
    assert (problem.pointer, problem.extra["available"], problem.extra["requested"]) == ("/lines/1", 1, 2)
    assert not Transfer.objects.exists()
    assert places(mug) == {"MAIN": (10, 0)}


def test_goods_do_not_travel_to_where_they_are(shop):
    mug = make_product(on_hand=10)

    with pytest.raises(InvalidTransition) as refusal:
        send((mug, 1), to="MAIN")

    assert [problem.pointer for problem in refusal.value.problems] == ["/to_location"]


def test_an_unknown_location_is_named_once():
    mug, cup = make_product(on_hand=10), make_product(on_hand=10)

    with pytest.raises(DoesNotExist) as refusal:
        send((mug, 1), (cup, 1), to="NOWHERE")

    assert [problem.pointer for problem in refusal.value.problems] == ["/to_location"]


def test_a_key_needs_both_ends_of_a_transfer(shop):
    mug = make_product(on_hand=10)

    for allowed in ({shop.pk}, {main_location().pk}):
        with pytest.raises(Forbidden):
            send((mug, 1), allowed_locations=frozenset(allowed))
    send((mug, 1), allowed_locations=frozenset({shop.pk, main_location().pk}))

    assert places(mug) == {"MAIN": (9, 0), "SHOP": (1, 0)}


def test_a_target_that_cannot_hold_so_much_is_named(shop):
    mug = make_product(on_hand=10)
    stock.adjust([Line(product=mug.pk, location="SHOP", quantity=INT_MAX)], reason="received", actor=ANA)

    with pytest.raises(InvalidTransition) as refusal:
        send((mug, 1))
    with pytest.raises(InvalidTransition) as sum_refusal:
        send((mug, INT_MAX), (mug, 1))

    assert [problem.pointer for problem in refusal.value.problems] == ["/lines/0/quantity"]
    assert [problem.pointer for problem in sum_refusal.value.problems] == ["/lines/1/quantity"]
    assert places(mug)["MAIN"] == (10, 0)


def test_safety_stock_may_travel_for_it_stays_in_the_house(shop):
    mug = make_product(category=make_category(safety_stock=3), on_hand=5)

    send((mug, 5))

    assert places(mug) == {"MAIN": (0, 0), "SHOP": (5, 0)}


def test_goods_on_the_road_hold_their_product_and_their_locations(shop):
    mug = make_product(on_hand=4)
    row = send((mug, 4), in_transit=True)

    with pytest.raises(InUse):
        catalog.delete_product(mug, actor=ANA)
    with pytest.raises(InUse):
        locations.delete_location(shop, actor=ANA)

    assert transfers.receive(row, actor=ANA).state == TransferState.RECEIVED


def test_goods_that_left_before_their_product_was_archived_arrive_all_the_same(shop):
    mug = make_product(on_hand=4)
    row = send((mug, 4), in_transit=True)
    catalog.update_product(mug, actor=ANA, status="archived")

    transfers.receive(row, actor=ANA)

    assert places(mug)["SHOP"] == (4, 0)


def test_a_product_that_travels_alerts_as_if_it_were_gone_until_it_is_there(shop):
    mug = make_product(reorder_point=5)
    stock.adjust([Line(product=mug.pk, quantity=6)], reason="received", actor=ANA)

    row = send((mug, 3), in_transit=True)
    on_the_road = open_alerts(mug)
    transfers.receive(row, actor=ANA)

    assert [alert.available for alert in on_the_road] == [3]
    assert open_alerts(mug) == []
