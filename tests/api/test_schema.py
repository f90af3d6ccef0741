"""The published document: complete, valid, and good to generate clients from."""

import json
import re
from pathlib import Path

import pytest
import yaml
from openapi_spec_validator import OpenAPIV31SpecValidator

from api.schema.document import document
from api.schema.naming import operation_id, singular
from tests.api.contract import resolved, validator
from tests.api.door import knock

OPERATIONS = [
    (method, path, operation) for path, methods in document()["paths"].items() for method, operation in methods.items()
]


def test_it_is_valid_openapi_3_1():
    assert document()["openapi"] == "3.1.0"
    assert list(OpenAPIV31SpecValidator(document()).iter_errors()) == []


def test_the_committed_file_is_what_the_code_publishes():
    committed = yaml.safe_load((Path(__file__).parents[2] / "openapi.yaml").read_text())

    assert committed == json.loads(knock("GET", "/api/schema").body), "write it anew with `make schema`"


def test_operation_ids_are_unique_and_read_well():
    ids = [operation["operationId"] for _, _, operation in OPERATIONS]

    assert len(set(ids)) == len(ids)
    assert all(re.fullmatch(r"[a-z]+(_[a-z]+)+", name) for name in ids)
    assert {
        "list_products",
        "create_product",
        "get_product",
        "replace_product",
        "update_product",
        "delete_product",
    } <= {*ids}
    assert {"list_category_products", "get_product_stock", "create_stock_adjustment", "rotate_api_key", "get_me"} <= {
        *ids
    }


@pytest.mark.parametrize(
    ("path", "method", "action", "is_list", "name"),
    [
        ("categories", "GET", "list", True, "list_categories"),
        ("categories", "POST", "create", False, "create_category"),
        ("stock/transfers/{id}/receive", "POST", "receive", False, "receive_stock_transfer"),
        ("webhooks/{id}/deliveries/{n}/redeliver", "POST", "redeliver", False, "redeliver_webhook_delivery"),
        ("me", "GET", "list", False, "get_me"),
        ("reservations/plan", "POST", "plan", False, "plan_reservations"),
    ],
)
def test_names_follow_from_the_path(path, method, action, is_list, name):
    assert operation_id(path, method, action, is_list=is_list) == name
    assert singular("series") == "serie"


@pytest.mark.parametrize(("method", "path", "operation"), OPERATIONS, ids=[o["operationId"] for *_, o in OPERATIONS])
def test_each_operation_is_described_completely(method, path, operation):
    parameters = [resolved(one) for one in operation.get("parameters", [])]
    places = [one["in"] for one in parameters]
    headers = {one["name"] for one in parameters if one["in"] == "header"}
    statuses = set(operation["responses"])

    assert operation["security"] == [{"ApiKey": []}]
    assert operation["tags"][0] in {tag["name"] for tag in document()["tags"]}
    assert places == sorted(places, key=["path", "query", "header"].index), "path parameters come first"
    assert {"400", "401", "403", "406", "429", "500", "503"} <= statuses
    if "{" in path:
        assert "404" in statuses
    if method == "post":
        assert "Idempotency-Key" in headers
        assert {"409", "413", "415", "422"} <= statuses
    if method in ("put", "patch", "delete"):
        assert "If-Match" in headers
        assert {"409", "412", "428"} <= statuses
    for status, answer in operation["responses"].items():
        content = resolved(answer).get("content", {})
        if int(status) >= 400:
            assert list(content) == ["application/problem+json"]
        assert "X-Request-ID" in resolved(answer)["headers"]
    assert all(one.get("description") or one["in"] != "header" for one in parameters)


def test_lists_always_have_all_their_members():
    pages = [schema for name, schema in document()["components"]["schemas"].items() if name.endswith("Page")]

    assert pages
    for page in pages:
        assert {"next", "previous", "results"} <= set(page["required"])
        assert page["properties"]["next"]["type"] == ["string", "null"]


def test_requests_have_no_defaults_and_no_room_for_unknown_members():
    for name, schema in document()["components"]["schemas"].items():
        if name.endswith(("Request", "Patch")):
            assert schema["additionalProperties"] is False, name
            for member, one in schema.get("properties", {}).items():
                assert "default" not in one, f"{name}.{member}: TypeScript generators would make it required"
        assert not name.endswith("RequestRequest")


def test_examples_fit_their_schemas():
    checked = 0
    for name, schema in document()["components"]["schemas"].items():
        for example in schema.get("examples", []):
            errors = list(validator(schema).iter_errors(example))
            assert not errors, f"{name}: {errors[0].message}"
            checked += 1
    assert checked >= 1


@pytest.mark.parametrize(
    ("accept", "query", "media"),
    [
        ("", "", "application/json"),
        ("*/*", "", "application/json"),
        ("application/json", "", "application/json"),
        ("application/vnd.oai.openapi+json", "", "application/json"),
        ("text/html,application/xhtml+xml,*/*;q=0.8", "", "application/json"),
        ("application/yaml", "", "application/yaml"),
        ("application/vnd.oai.openapi", "", "application/yaml"),
        ("application/yaml;q=0.5, application/json", "", "application/json"),
        ("application/json", "format=yaml", "application/yaml"),
        ("application/yaml", "format=json", "application/json"),
    ],
)
def test_the_document_comes_as_json_or_yaml(accept, query, media):
    answer = knock("GET", "/api/schema", query, headers={"accept": accept})

    assert (answer.status, answer.headers["content-type"]) == (200, media)
    assert yaml.safe_load(answer.body)["info"]["title"] == "Stockroom"


def test_the_document_is_not_sent_twice():
    first = knock("GET", "/api/schema")

    again = knock("GET", "/api/schema", headers={"if-none-match": first.headers["etag"]})

    assert (again.status, again.body) == (304, b"")
    assert knock("GET", "/api/schema", "format=yaml").headers["etag"] != first.headers["etag"]


def test_what_the_schema_page_cannot_give_is_refused():
    assert knock("GET", "/api/schema", headers={"accept": "image/png"}).status == 406
    for query in ("format=html", "format=", "version=2", "lang=de", "format=%00"):
        assert knock("GET", "/api/schema", query).status == 400
    assert knock("POST", "/api/schema").status == 405
