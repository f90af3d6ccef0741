"""Reservations over HTTP: the contract's shapes and codes, and expiry in cached reads with no worker."""

import time

import pytest

from tests.builders import make_key, make_level, make_location, make_product
from tests.client import Api

pytestmark = pytest.mark.django_db(transaction=True)


def reserve(api, quantity=1, sku="MUG", **values):
    return api.post("reservations", {"lines": [{"sku": sku, "quantity": quantity}], **values})


def test_a_reservation_shows_where_its_pieces_are(api):
    make_product("MUG", on_hand=5)

    answer = reserve(api, 2, owner="cart-1", reference="R-1")

    body = answer.json()
    assert (answer.status_code, body["state"]) == (201, "active")
    assert [(line["sku"], line["location"], line["quantity"]) for line in body["lines"]] == [("MUG", "MAIN", 2)]
    assert answer["Location"].endswith(f"/api/v1/reservations/{body['id']}")


def test_an_expired_hold_is_available_again_at_once_also_in_cached_reads(api):
    make_product("MUG", on_hand=5)
    reserved = reserve(api, 5, expires_in=2).json()
    for _ in range(2):
        cached = api.get("products/sku:MUG")
    before = cached.json()["stock"]["available"]

    time.sleep(2.05)

    stock = api.get("products/sku:MUG").json()["stock"]
    assert (before, stock["available"], stock["reserved"], stock["state"]) == (0, 5, 0, "in_stock")
    assert api.get(f"reservations/{reserved['id']}").json()["state"] == "expired"
    assert api.get("stock/levels").json()["results"][0]["available"] == 5
    assert len(api.get("products?available_min=5").json()["results"]) == 1
    assert len(api.get("products?state=out_of_stock").json()["results"]) == 0
    assert len(api.get("reservations?state=expired").json()["results"]) == 1
    assert reserve(api, 5).status_code == 201


def test_the_same_key_confirms_once_and_answers_the_same_twice(api):
    make_product("MUG", on_hand=5)
    row = reserve(api).json()

    first = api.post(f"reservations/{row['id']}/confirm", {}, idempotency_key="k1")
    again = api.post(f"reservations/{row['id']}/confirm", {}, idempotency_key="k1")

    assert (first.status_code, again.status_code) == (200, 200)
    assert first.content == again.content
    assert again["Idempotency-Replayed"] == "true"


def test_an_illegal_transition_is_409_and_names_the_state(api):
    make_product("MUG", on_hand=5)
    row = reserve(api).json()

    answer = api.post(f"reservations/{row['id']}/fulfil", {})

    problem = answer.json()
    assert (answer.status_code, problem["code"]) == (409, "invalid_transition")
    assert problem["errors"][0]["state"] == "active"


def test_every_short_line_is_named_with_its_figures(api):
    make_product("MUG", on_hand=1)
    make_product("CUP", on_hand=9)
    lines = [{"sku": "MUG", "quantity": 3}, {"sku": "CUP", "quantity": 1}]

    answer = api.post("reservations", {"lines": lines})

    assert (answer.status_code, answer.json()["code"]) == (409, "insufficient_stock")
    (error,) = answer.json()["errors"]
    assert (error["pointer"], error["available"], error["requested"]) == ("/lines/0", 1, 3)


@pytest.mark.parametrize(
    ("body", "status", "where"),
    [
        ({"lines": []}, 400, "/lines"),
        ({"lines": [{"sku": "MUG", "quantity": 0}]}, 400, "/lines/0/quantity"),
        ({"lines": [{"sku": "MUG", "quantity": 1}], "expires_in": 0}, 400, "/expires_in"),
        ({"lines": [{"sku": "MUG", "quantity": 1}], "expires_in": 2_592_001}, 400, "/expires_in"),
        ({"lines": [{"sku": "MUG", "quantity": 1}], "strategy": "luck"}, 400, "/strategy"),
        ({"lines": [{"sku": "NONE", "quantity": 1}]}, 422, "/lines/0/sku"),
        ({"lines": [{"sku": "MUG", "quantity": 1, "location": "NOWHERE"}]}, 422, "/lines/0/location"),
    ],
)
def test_bad_input_is_named_by_its_pointer_and_nothing_is_held(api, body, status, where):
    make_product("MUG", on_hand=5)

    answer = api.post("reservations", body)

    assert answer.status_code == status
    assert where in [error.get("pointer") for error in answer.json()["errors"]]
    assert api.get("reservations").json()["results"] == []


def test_a_plan_explains_itself_and_holds_nothing(api):
    make_level(make_product("MUG"), make_location("NEAR", priority=1), 3)

    answer = api.post("reservations/plan", {"lines": [{"sku": "MUG", "quantity": 2}]})

    (line,) = answer.json()["lines"]
    assert answer.json()["complete"]
    assert line["allocations"][0] == {
        "location": "NEAR",
        "quantity": 2,
        "available": 3,
        "reason": "It comes first (priority 1).",
    }
    assert api.get("products/sku:MUG").json()["stock"]["reserved"] == 0


def test_all_holds_of_an_owner_are_listed_and_released_in_one_call(api):
    make_product("MUG", on_hand=5)
    for owner in ("a", "a", "b"):
        reserve(api, owner=owner)

    listed = api.get("reservations?owner=a").json()["results"]
    released = api.post("reservations/release", {"owner": "a"}).json()["released"]

    assert len(listed) == len(released) == 2
    assert {row["state"] for row in released} == {"released"}


def test_a_key_of_one_location_neither_takes_from_nor_sees_another(api):
    near = make_location("NEAR", priority=1)
    far = make_location("FAR", priority=2)
    mug = make_product("MUG")
    make_level(mug, near, 2)
    make_level(mug, far, 2)
    reserve(api, 3)
    limited = Api(make_key(scopes=("stock:read", "stock:write"), locations=[far.pk]))

    seen = limited.get("reservations").json()["results"]
    named = limited.post("reservations", {"lines": [{"sku": "MUG", "quantity": 1, "location": "NEAR"}]})
    planned = limited.post("reservations", {"lines": [{"sku": "MUG", "quantity": 1}]})

    assert seen == []
    assert named.status_code == 403
    assert planned.json()["lines"][0]["location"] == "FAR"
