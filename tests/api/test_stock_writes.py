"""Adjustments, counts and transfers over HTTP: what is refused, with which status, and where the fault lies."""

import time

import pytest

from inventory.models import Product
from tests.api.door import product
from tests.builders import main_location, make_location
from tests.clock import pass_time

pytestmark = pytest.mark.django_db(transaction=True)

INT_MAX = 2_147_483_647


def adjust(door, *lines, reason="correction", **more):
    return door.post("stock/adjustments", {"reason": reason, "lines": list(lines)}, **more)


def stocked(door, pieces=10, **values):
    """The SKU of a product with so many pieces at the default location."""
    sku = product(door, **values)["sku"]
    if pieces:
        assert adjust(door, {"sku": sku, "delta": pieces}, reason="received").status == 201
    return sku


def stock_of(door, sku):
    return door.get(f"products/sku:{sku}").json()["stock"]


def movements(door, **filters):
    query = "&".join(f"{name}={value}" for name, value in filters.items())
    return door.get(f"stock/movements?{query}").json()["results"]


# --- What is done -----------------------------------------------------------------------------------------------------


def test_the_answer_to_an_adjustment_is_its_ledger_rows_and_its_levels(door):
    sku, cup = stocked(door), stocked(door)

    answer = adjust(door, {"sku": sku, "delta": -3}, {"sku": cup, "delta": 2}, x_request_id="req-1")

    body = answer.json()
    assert answer.status == 201
    assert {row["sku"]: (row["delta"]["on_hand"], row["balance"]["on_hand"]) for row in body["movements"]} == {
        sku: (-3, 7),
        cup: (2, 12),
    }
    assert {row["sku"]: row["on_hand"] for row in body["levels"]} == {sku: 7, cup: 12}
    assert {row["request_id"] for row in body["movements"]} == {"req-1"}


def test_the_answer_shows_the_very_rows_that_a_later_read_shows(door):
    sku = stocked(door, reorder_point=20)
    more = {"reference": "R-1", "note": "n", "occurred_at": "2026-01-02T03:04:05.5+02:00"}

    body = door.post("stock/adjustments", {"reason": "damaged", **more, "lines": [{"sku": sku, "delta": -3}]}).json()

    (row,), (level,) = body["movements"], body["levels"]
    assert door.get(f"stock/movements/{row['id']}").json() == row
    assert door.get(f"stock/levels/{level['id']}").json() == level
    assert row["occurred_at"] == "2026-01-02T01:04:05.500000Z"


def test_a_product_is_named_by_its_id_as_well(door):
    made = product(door)

    answer = adjust(door, {"product": made["id"], "delta": 4})

    assert answer.json()["levels"][0]["sku"] == made["sku"]


def test_lines_of_one_level_are_summed(door):
    sku = stocked(door, 1)

    answer = adjust(door, {"sku": sku, "delta": -4}, {"sku": sku.lower(), "delta": 5})

    assert [row["delta"]["on_hand"] for row in answer.json()["movements"]] == [1]


def test_an_expired_hold_does_not_show_in_the_answer(door):
    sku = stocked(door)
    held = door.post("reservations", {"lines": [{"sku": sku, "quantity": 4}], "expires_in": 60}).json()
    pass_time(61)

    (level,) = adjust(door, {"sku": sku, "delta": 1}).json()["levels"]

    assert held["state"] == "active"
    assert (level["reserved"], level["available"]) == (0, 11)
    assert door.get(f"stock/levels/{level['id']}").json() == level


def test_a_thousand_lines_are_answered_in_reasonable_time(door):
    Product.objects.bulk_create(Product(sku=f"T-{n}", name=f"T-{n}") for n in range(1000))
    lines = [{"sku": f"T-{n}", "delta": n + 1} for n in range(1000)]

    started = time.monotonic()
    answer = adjust(door, *lines)
    took_s = time.monotonic() - started

    assert answer.status == 201
    assert {row["sku"]: row["balance"]["on_hand"] for row in answer.json()["movements"]} == {
        f"T-{n}": n + 1 for n in range(1000)
    }
    assert took_s < 10


# --- What does not fit the schema: 400 --------------------------------------------------------------------------------

BAD_LINES = {
    "zero": ({"sku": "X", "delta": 0}, "/lines/1/delta"),
    "too large": ({"sku": "X", "delta": INT_MAX + 1}, "/lines/1/delta"),
    "too small": ({"sku": "X", "delta": -INT_MAX - 1}, "/lines/1/delta"),
    "huge": ({"sku": "X", "delta": 10**400}, "/lines/1/delta"),
    "a fraction": ({"sku": "X", "delta": 1.5}, "/lines/1/delta"),
    "a text": ({"sku": "X", "delta": "1"}, "/lines/1/delta"),
    "true": ({"sku": "X", "delta": True}, "/lines/1/delta"),
    "null": ({"sku": "X", "delta": None}, "/lines/1/delta"),
    "no delta": ({"sku": "X"}, "/lines/1/delta"),
    "no product": ({"delta": 1}, "/lines/1"),
    "two products": ({"sku": "X", "product": "01a20a80-a468-74f6-9242-0c905cfd7b41", "delta": 1}, "/lines/1"),
    "an empty SKU": ({"sku": "", "delta": 1}, "/lines/1/sku"),
    "a SKU with a space": ({"sku": "a b", "delta": 1}, "/lines/1/sku"),
    "a product that is no id": ({"product": "7", "delta": 1}, "/lines/1/product"),
    "an empty location": ({"sku": "X", "delta": 1, "location": ""}, "/lines/1/location"),
    "a negative expectation": ({"sku": "X", "delta": 1, "expected_on_hand": -1}, "/lines/1/expected_on_hand"),
    "an unknown member": ({"sku": "X", "delta": 1, "colour": "red"}, "/lines/1/colour"),
    "no object": (["X", 1], "/lines/1"),
    "nothing": (None, "/lines/1"),
}


@pytest.mark.parametrize("name", BAD_LINES)
def test_a_line_that_does_not_fit_is_named_and_nothing_moves(door, name):
    sku = stocked(door)
    line, pointer = BAD_LINES[name]

    answer = adjust(door, {"sku": sku, "delta": -1}, line)

    assert (answer.status, answer.code) == (400, "validation_error")
    assert pointer in answer.culprit()
    assert stock_of(door, sku)["on_hand"] == 10


BAD_BODIES = {
    "no reason": ({"lines": [{"sku": "X", "delta": 1}]}, "/reason"),
    "an unknown reason": ({"reason": "stolen", "lines": [{"sku": "X", "delta": 1}]}, "/reason"),
    "no lines": ({"reason": "found"}, "/lines"),
    "an empty list": ({"reason": "found", "lines": []}, "/lines"),
    "1,001 lines": ({"reason": "found", "lines": [{"sku": "X", "delta": 1}] * 1001}, "/lines"),
    "a time without an offset": (
        {"reason": "found", "occurred_at": "2026-01-01T00:00:00", "lines": [{"sku": "X", "delta": 1}]},
        "/occurred_at",
    ),
    "a time that cannot be kept": (
        {"reason": "found", "occurred_at": "0001-01-01T00:00:00+14:00", "lines": [{"sku": "X", "delta": 1}]},
        None,
    ),
    "a long reference": (
        {"reason": "found", "reference": "r" * 256, "lines": [{"sku": "X", "delta": 1}]},
        "/reference",
    ),
    "stock counters": ({"reason": "found", "on_hand": 5, "lines": [{"sku": "X", "delta": 1}]}, "/on_hand"),
}


@pytest.mark.parametrize("name", BAD_BODIES)
def test_a_body_that_does_not_fit_is_named(door, name):
    body, pointer = BAD_BODIES[name]

    answer = door.post("stock/adjustments", body)

    assert (answer.status, answer.code) == (400, "validation_error")
    assert pointer is None or pointer in answer.culprit()


def test_a_counter_that_would_overflow_is_a_conflict_with_its_line(door):
    full, sku = stocked(door, INT_MAX), stocked(door)

    over = adjust(door, {"sku": sku, "delta": -1}, {"sku": full, "delta": 1})
    sums = adjust(door, {"sku": sku, "delta": INT_MAX}, {"sku": sku, "delta": INT_MAX})

    assert (over.status, over.code, over.culprit()) == (409, "invalid_transition", ["/lines/1/delta"])
    assert (sums.status, sums.code, sums.culprit()) == (409, "invalid_transition", ["/lines/1/delta"])
    assert stock_of(door, sku)["on_hand"] == 10


# --- What names something that is not there: 422 ----------------------------------------------------------------------


def test_unknown_skus_and_locations_are_422_line_by_line_and_nothing_moves(door):
    sku = stocked(door)

    answer = adjust(
        door,
        {"sku": sku, "delta": -1},
        {"sku": "NO-SUCH", "delta": 1, "location": "NOWHERE"},
        {"product": "01a20a80-a468-74f6-9242-0c905cfd7b41", "delta": 1},
        {"sku": sku, "delta": 1, "location": "NOWHERE"},
    )

    assert (answer.status, answer.code) == (422, "does_not_exist")
    assert answer.culprit() == ["/lines/1/sku", "/lines/1/location", "/lines/2/product", "/lines/3/location"]
    assert stock_of(door, sku)["on_hand"] == 10


# --- What clashes with the state: 409 ---------------------------------------------------------------------------------


def test_short_lines_are_409_each_with_what_there_is_and_what_was_asked(door):
    sku, cup, pot = stocked(door, 10), stocked(door, 2), stocked(door, 0)

    answer = adjust(
        door, {"sku": sku, "delta": -1}, {"sku": cup, "delta": -3}, {"sku": pot, "delta": -1}, reason="sold"
    )

    assert (answer.status, answer.code) == (409, "insufficient_stock")
    problems = {e["pointer"]: (e["sku"], e["available"], e["requested"]) for e in answer.json()["errors"]}
    assert problems == {"/lines/1": (cup, 2, 3), "/lines/2": (pot, 0, 1)}
    assert stock_of(door, sku)["on_hand"] == 10


def test_archived_and_untracked_products_are_409(door):
    sku = stocked(door)
    gone, endless = stocked(door, 0, status="archived"), stocked(door, 0, track_stock=False)

    answer = adjust(door, {"sku": sku, "delta": 1}, {"sku": gone, "delta": 1}, {"sku": endless, "delta": 1})

    assert (answer.status, answer.code) == (409, "invalid_transition")
    assert answer.culprit() == ["/lines/1", "/lines/2"]
    assert stock_of(door, sku)["on_hand"] == 10


def test_an_expectation_that_fails_is_409_with_the_current_figure(door):
    sku = stocked(door, 10)

    answer = adjust(door, {"sku": sku, "delta": 1, "expected_on_hand": 9})
    fits = adjust(door, {"sku": sku, "delta": 1, "expected_on_hand": 10})

    assert (answer.status, answer.code, fits.status) == (409, "stock_changed", 201)
    (error,) = answer.json()["errors"]
    assert (error["pointer"], error["current"]) == ("/lines/0/expected_on_hand", 10)


# --- Who may not: 403 -------------------------------------------------------------------------------------------------


def test_a_key_for_one_location_moves_nothing_elsewhere_and_sees_nothing_elsewhere(door, door_with):
    shop = make_location("SHOP")
    sku = stocked(door)
    clerk = door_with("stock:write", "stock:read", locations=[shop.pk])

    away = adjust(clerk, {"sku": sku, "delta": 1})
    mixed = adjust(clerk, {"sku": sku, "delta": 1, "location": "SHOP"}, {"sku": sku, "delta": 1, "location": "MAIN"})
    count = clerk.post("stock/counts", {"lines": [{"sku": sku, "counted": 1, "expected_on_hand": 10}]})
    transfer = clerk.post(
        "stock/transfers",
        {"from_location": "MAIN", "to_location": "SHOP", "lines": [{"sku": sku, "quantity": 1}]},
    )
    own = adjust(clerk, {"sku": sku, "delta": 4, "location": "SHOP"})

    assert [(a.status, a.code) for a in (away, mixed, count, transfer)] == [(403, "permission_denied")] * 4
    assert mixed.culprit() == ["/lines/1/location"]
    assert own.status == 201
    assert {level["location"] for level in clerk.get("stock/levels").json()["results"]} == {"SHOP"}
    assert {row["location"] for row in movements(clerk)} == {"SHOP"}
    assert clerk.get(f"products/sku:{sku}/stock").json()["on_hand"] == 4


def test_reading_keys_move_nothing(door, door_with):
    sku = stocked(door)

    answer = adjust(door_with("stock:read", "catalog:write"), {"sku": sku, "delta": 1})

    assert answer.status == 403


# --- Counts -----------------------------------------------------------------------------------------------------------


def test_a_count_without_the_expected_figure_is_428_and_with_another_409(door):
    sku = stocked(door, 10)
    line = {"sku": sku, "counted": 7}

    missing = door.post("stock/counts", {"lines": [line]})
    null = door.post("stock/counts", {"lines": [{**line, "expected_on_hand": None}]})
    other = door.post("stock/counts", {"lines": [{**line, "expected_on_hand": 9}]})
    true = door.post("stock/counts", {"lines": [{**line, "expected_on_hand": 10}]})

    assert [(a.status, a.code) for a in (missing, null)] == [(428, "precondition_required")] * 2
    assert (other.status, other.code, other.json()["errors"][0]["current"]) == (409, "stock_changed", 10)
    assert missing.culprit() == ["/lines/0/expected_on_hand"]
    assert true.status == 201
    assert stock_of(door, sku)["on_hand"] == 7


def test_one_wrong_expectation_keeps_every_line_from_being_counted(door):
    sku, cup = stocked(door, 10), stocked(door, 10)

    answer = door.post(
        "stock/counts",
        {
            "lines": [
                {"sku": sku, "counted": 7, "expected_on_hand": 10},
                {"sku": cup, "counted": 7, "expected_on_hand": 3},
            ]
        },
    )

    assert (answer.status, answer.culprit()) == (409, ["/lines/1/expected_on_hand"])
    assert stock_of(door, sku)["on_hand"] == 10


# --- Transfers --------------------------------------------------------------------------------------------------------


@pytest.fixture
def shop(transactional_db):
    return make_location("SHOP").code


def send(door, *lines, **more):
    body = {"from_location": main_location().code, "to_location": "SHOP", "lines": list(lines), **more}
    return door.post("stock/transfers", body)


def test_a_transfer_in_transit_is_received_in_parts_and_ends_with_a_shortfall(door, shop):
    sku = stocked(door, 10)

    sent = send(door, {"sku": sku, "quantity": 6}, in_transit=True)
    path = f"stock/transfers/{sent.json()['id']}"
    part = door.post(f"{path}/receive", {"lines": [{"sku": sku, "quantity": 2}], "close": False})
    rest = door.post(f"{path}/receive", {"lines": [{"sku": sku, "quantity": 1}, {"sku": sku.lower(), "quantity": 2}]})

    assert (sent.status, sent.json()["state"]) == (201, "in_transit")
    assert (part.status, part.json()["state"], part.json()["lines"][0]["received"]) == (200, "in_transit", 2)
    assert rest.json()["state"] == "received"
    line = rest.json()["lines"][0]
    assert (line["quantity"], line["received"], line["shortfall"]) == (6, 5, 1)
    stock = stock_of(door, sku)
    assert (stock["on_hand"], stock["incoming"]) == (9, 0)
    assert door.get(path).json() == rest.json()


def test_a_cancelled_transfer_brings_the_goods_home(door, shop):
    sku = stocked(door, 10)
    sent = send(door, {"sku": sku, "quantity": 6}, in_transit=True)
    path = f"stock/transfers/{sent.json()['id']}"

    cancelled = door.post(f"{path}/cancel", {})
    again = door.post(f"{path}/cancel", {})
    late = door.post(f"{path}/receive", {})

    assert (cancelled.status, cancelled.json()["state"]) == (200, "cancelled")
    assert [(a.status, a.code) for a in (again, late)] == [(409, "invalid_transition")] * 2
    assert (stock_of(door, sku)["on_hand"], stock_of(door, sku)["incoming"]) == (10, 0)


def test_bad_transfers_are_refused_each_in_its_way(door, shop):
    sku = stocked(door, 3)

    zero = send(door, {"sku": sku, "quantity": 0})
    unknown = send(door, {"sku": "NO-SUCH", "quantity": 1}, to_location="NOWHERE")
    same = send(door, {"sku": sku, "quantity": 1}, to_location="MAIN")
    short = send(door, {"sku": sku, "quantity": 4})
    lines = send(door, *[{"sku": sku, "quantity": 1}] * 1001)

    assert (zero.status, zero.culprit()) == (400, ["/lines/0/quantity"])
    assert (unknown.status, set(unknown.culprit())) == (422, {"/lines/0/sku"})
    assert (same.status, same.culprit()) == (409, ["/to_location"])
    assert (short.status, short.code) == (409, "insufficient_stock")
    assert (lines.status, lines.culprit()) == (400, ["/lines"])
    assert door.get("stock/transfers").json()["results"] == []


def test_a_receipt_of_what_was_not_sent_is_422_and_of_too_much_409(door, shop):
    sku = stocked(door, 10)
    path = f"stock/transfers/{send(door, {'sku': sku, 'quantity': 2}, in_transit=True).json()['id']}/receive"

    strange = door.post(path, {"lines": [{"sku": sku, "quantity": 1}, {"sku": "OTHER", "quantity": 1}]})
    much = door.post(path, {"lines": [{"sku": sku, "quantity": 2}, {"sku": sku, "quantity": 1}]})

    assert (strange.status, strange.culprit()) == (422, ["/lines/1/sku"])
    assert (much.status, much.culprit()) == (409, ["/lines/1/quantity"])
    assert stock_of(door, sku)["incoming"] == 2
