"""A query is taken whole or refused: what is unknown, empty, repeated or malformed is named."""

import pytest

from tests.api.door import product


def refused(answer, parameter, code=None):
    assert answer.status == 400, answer.body
    assert parameter in answer.culprit("parameter")
    if code:
        assert code in [error["code"] for error in answer.json()["errors"]]


@pytest.mark.parametrize("path", ["products", "me", "products/sku:Q", "stock/movements", "categories"])
def test_an_unknown_parameter_is_named_on_every_kind_of_operation(door, path):
    product(door, sku="Q")

    answer = door.get(f"{path}?nope=1")

    refused(answer, "nope", "unknown_parameter")
    assert answer.code == "unknown_parameter"


def test_writes_take_no_unknown_parameter_either(door):
    refused(door.post("products?dry=1", {"sku": "Q", "name": "q"}), "dry")
    assert door.get("products/sku:Q").status == 404


def test_a_query_with_thousands_of_parameters_is_refused(door):
    assert door.get("products?" + "&".join(["sku=A"] * 2_000)).code == "validation_error"


@pytest.mark.parametrize("query", ["category=", "page_size=", "q=", "state=", "ordering=", "cursor="])
def test_an_empty_value_is_refused(door, query):
    refused(door.get(f"products?{query}"), query.rstrip("="), "empty")


@pytest.mark.parametrize(
    "query", ["page_size=1&page_size=2", "state=in_stock&state=low_stock", "ordering=name&ordering=price"]
)
def test_a_parameter_given_twice_is_refused_unless_it_may_be_repeated(door, query):
    refused(door.get(f"products?{query}"), query.partition("=")[0], "repeated")
    assert door.get("products?sku=A&sku=B").status == 200


@pytest.mark.parametrize(
    "query",
    [
        "category=abc", "category=null", "category=01932d6e8a407c3e9b510f6d1c2a7e55", "category=%7B01932d6e%7D",
        "descendants=1", "descendants=TRUE", "descendants=yes", "status=ACTIVE", "status=nope", "state=x",
        "price_min=-1", "price_min=1e3", "price_min=1e-1000000", "price_min=NaN", "price_min=1.234", "price_min=٣",
        "price_min=12345678901", "price_max=abc", "available_min=1e50", "available_min=9999999999", "available_min=1.5",
        "available_max=1_0", "updated_since=yesterday", "updated_since=2026-11-23",
        "updated_since=2026-13-01T00:00:00Z",
        "updated_since=2026-11-23T00:00:00", "updated_since=0001-01-01T00:00:00Z",
        "updated_since=99999-01-01T00:00:00Z",
        "ordering=nope", "ordering=--name", "ordering=owner__password", "ordering=?", "count=all", "q=" + "x" * 3000,
        "expand=stock", "fields=password", "page_size=x",
    ],
)  # fmt: skip
def test_a_malformed_value_is_named(door, query):
    refused(door.get(f"products?{query}"), query.partition("=")[0])


@pytest.mark.parametrize(
    "query",
    [
        "category=01932d6e-8a40-7c3e-9b51-0f6d1c2a7e55", "descendants=false", "status=active", "state=out_of_stock",
        "price_min=0&price_max=9999999999.99", "available_min=-2147483647", "updated_since=2026-11-23T00:00:00Z",
        "updated_since=2026-11-23T01:00:00.123456%2B01:00", "ordering=-price", "q=%F0%9F%93%A6",
        "q=it%27s%20%22red%22%20-or",
    ],
)  # fmt: skip
def test_a_wellformed_value_is_taken(door, query):
    assert door.get(f"products?{query}").status == 200


@pytest.mark.parametrize("query", ["%zz=1", "q=%", "q=%f", "q=%ff", "q=%c3%28", "q=a%00b", "%00=1", "q=\xff"])
def test_what_is_not_percent_encoded_utf8_is_refused_before_django(door, query):
    answer = door.get(f"products?{query}")

    assert (answer.status, answer.code) == (400, "validation_error")


def test_several_mistakes_are_told_at_once(door):
    answer = door.get("products?a=1&b=2&q=&page_size=1&page_size=2")

    assert set(answer.culprit("parameter")) == {"a", "b", "q", "page_size"}


def test_a_log_may_be_followed_beyond_two_thousand_million_events(door):
    assert door.get("events?after=9007199254740991").status == 200
    refused(door.get("events?after=9007199254740992"), "after")


@pytest.mark.parametrize("sku", ["SHELF/stock", "SHELF/history"])
def test_a_sku_that_ends_like_a_path_is_reached_by_its_id(door, sku):
    shelf, other = product(door, sku="SHELF"), product(door, sku=sku)

    by_sku, by_id = door.get(f"products/sku:{sku}"), door.get(f"products/{other['id']}")

    assert "slug" not in by_sku.json()
    assert by_id.json()["sku"] == sku
    assert door.get("products/sku:SHELF").json()["id"] == shelf["id"]
    assert [row["sku"] for row in door.get(f"products?sku={sku}").json()["results"]] == [sku]
