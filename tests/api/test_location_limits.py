"""A key that is limited to locations: every route either has nothing to do with places, or knows only the key's own."""

import pytest

from inventory.models import StockLevel
from tests.api.door import Door
from tests.api.test_permissions import AN_ID, TABLE
from tests.builders import make_key, make_location, make_product

#: Routes that are the same for every key: the catalogue, totals over all locations, and the audit of everything.
PLACELESS = {
    "activity", "archive", "archive/{}", "archive/{}/restore", "categories", "categories/{}", "categories/{}/products",
    "events", "me", "products", "products/{}", "products/{}/history",
}  # fmt: skip


@pytest.fixture
def world(transactional_db, door):
    """The same goods at HERE, where the key is limited to, and THERE: path → what stands THERE."""
    here, there = make_location("HERE"), make_location("THERE")
    mug = make_product("MUG", on_hand=50, at=here)
    door.post("stock/adjustments", {"reason": "received", "lines": [{"sku": "MUG", "location": "THERE", "delta": 50}]})
    level = StockLevel.objects.get(product=mug, location=there)
    movement = door.get("stock/movements?location=THERE").json()["results"][0]["id"]
    door.patch(f"stock/levels/{level.pk}", {"reorder_point": 90})
    alert = door.get("alerts").json()["results"][0]["id"]
    sent = {
        "from_location": "THERE",
        "to_location": "HERE",
        "in_transit": True,
        "lines": [{"sku": "MUG", "quantity": 1}],
    }
    transfer = door.post("stock/transfers", sent).json()["id"]
    line = {"sku": "MUG", "quantity": 1, "location": "THERE"}
    reservation = door.post("reservations", {"owner": "cart", "lines": [line]}).json()["id"]
    return {
        "limited": Door(make_key(locations=[here.pk])),
        "product": str(mug.pk),
        "alerts": alert,
        "api_keys": door.get("me").json()["id"],
        "locations": str(there.pk),
        "reservations": reservation,
        "stock/levels": str(level.pk),
        "stock/movements": movement,
        "stock/transfers": transfer,
    }


HIDING = sorted(path for path in TABLE if "{}" in path and path not in PLACELESS and path != "products/{}/stock")


@pytest.mark.parametrize("path", HIDING)
def test_what_lies_elsewhere_is_not_there(world, door, path):
    address = path.replace("{}", world[path.partition("/{}")[0]])
    body = {"snooze": {"until": "2030-01-01T00:00:00Z"}, "extend": {"expires_in": 60}}.get(path.rpartition("/")[2], {})

    for method in TABLE[path]:
        sent = body if method in ("post", "put", "patch") else None
        answer = world["limited"].call(method.upper(), address, sent, if_match="*")
        assert (answer.status, answer.code) == (404, "not_found"), (method, path, answer.body)
        assert (
            (answer.json()["detail"]) == world["limited"].get(path.partition("/{}")[0] + f"/{AN_ID}").json()["detail"]
        )


LISTS = ["alerts", "api_keys", "locations", "reservations", "stock/levels", "stock/movements", "stock/transfers"]


@pytest.mark.parametrize("path", LISTS)
def test_a_list_shows_only_what_lies_here(world, door, path):
    seen = [row["id"] for row in world["limited"].get(path).json()["results"]]
    all_of_them = [row["id"] for row in door.get(path).json()["results"]]

    assert world[path] in all_of_them
    assert world[path] not in seen


THERE = {"sku": "MUG", "location": "THERE"}
WRITES = {
    "api_keys": {"name": "all", "scopes": ["admin"]},
    "locations": {"code": "NEW", "name": "New"},
    "reservations": {"lines": [{**THERE, "quantity": 1}]},
    "reservations/plan": {"lines": [{**THERE, "quantity": 1}]},
    "stock/adjustments": {"reason": "lost", "lines": [{**THERE, "delta": -1}]},
    "stock/counts": {"lines": [{**THERE, "counted": 1, "expected_on_hand": 50}]},
    "stock/transfers": {"from_location": "HERE", "to_location": "THERE", "lines": [{"sku": "MUG", "quantity": 1}]},
}


@pytest.mark.parametrize("path", WRITES)
def test_a_write_elsewhere_is_refused(world, path):
    answer = world["limited"].post(path, WRITES[path])

    assert (answer.status, answer.code) == (403, "permission_denied")


def test_a_write_with_lines_here_and_elsewhere_is_refused_whole(world, door):
    lines = [{"sku": "MUG", "location": "HERE", "delta": -1}, {**THERE, "delta": -1}]

    answer = world["limited"].post("stock/adjustments", {"reason": "lost", "lines": lines})

    assert (answer.status, answer.culprit()) == (403, ["/lines/1/location"])
    assert door.get("products/sku:MUG").json()["stock"]["on_hand"] == 100 - 1  # the one that is on its way


def test_the_levels_of_a_product_are_those_here(world):
    levels = world["limited"].get(f"products/{world['product']}/stock").json()["levels"]

    assert [level["location"] for level in levels] == ["HERE"]


def test_releasing_by_owner_leaves_what_lies_elsewhere(world, door):
    released = world["limited"].post("reservations/release", {"owner": "cart"}).json()["released"]

    assert released == []
    assert door.get(f"reservations/{world['reservations']}").json()["state"] == "active"


def test_a_limited_key_holds_no_other_key_than_those_like_it(world):
    limited = world["limited"]
    own = limited.get("me").json()

    child = limited.post("api_keys", {"name": "child", "scopes": ["admin"], "locations": own["locations"]}).json()

    assert {row["id"] for row in limited.get("api_keys").json()["results"]} == {own["id"], child["id"]}
    assert limited.post(f"api_keys/{child['id']}/rotate", {}).status == 200


def test_every_route_stands_in_one_of_these_tests():
    tested = {*HIDING, *LISTS, *WRITES, *PLACELESS, "products/{}/stock", "reservations/release"}

    assert tested == set(TABLE)
