"""Every answer carries a request id: the caller's own when it is clean."""

import pytest

from tests.api.door import knock


@pytest.mark.parametrize("given", ["a", "order-4711", "x" * 128, "!~{}[]|"])
def test_a_clean_id_comes_back(given):
    for path in ("/", "/api/v1/me", "/api/nothing", "/nothing", "/health/live", "/static/api/pages.css"):
        assert knock("GET", path, headers={"x-request-id": given}).headers["x-request-id"] == given


@pytest.mark.parametrize("given", ["", "x" * 129, "a b", "a\tb", "é", "a, b", "a\x00", "a\r\nSet-Cookie: x=1", "\x7f"])
def test_another_is_replaced(given):
    answer = knock("GET", "/health/live", headers={"x-request-id": given})

    assert answer.headers["x-request-id"] != given
    assert len(answer.headers["x-request-id"]) == 36


def test_it_stands_on_refusals_and_not_modified_and_before_django(door):
    card = door.post("products", {"sku": "RID", "name": "RID"})
    same = {"x_request_id": "mine"}

    answers = [
        door.get("products/sku:RID", if_none_match=card.headers["etag"], **same),
        door.get("products?nope=1", **same),
        door.get("me", content_type="x/y; a*=BOGUS''z", **same),
    ]

    assert [answer.status for answer in answers] == [304, 400, 400]
    assert all(answer.headers["x-request-id"] == "mine" for answer in answers)


def test_it_stands_in_the_ledger_and_in_the_activity(door):
    door.post("products", {"sku": "RID", "name": "RID"}, x_request_id="make-it")

    assert [row["request_id"] for row in door.get("products/sku:RID/history").json()["results"]] == ["make-it"]
