"""Every error has one shape, whoever raised it."""

import re
from pathlib import Path

import pytest
from django.core.exceptions import SuspiciousOperation
from django.db import DataError, IntegrityError, InternalError, OperationalError, connection, transaction
from django.test import override_settings
from redis.exceptions import ConnectionError as RedisConnectionError
from rest_framework.exceptions import ValidationError

from api.errors import handler
from api.problems.catalogue import KINDS
from api.problems.database import translate
from api.problems.flatten import flatten
from inventory import errors
from inventory.models import ApiKey
from tests.api.door import fresh, knock, product

MEMBERS = {"type", "title", "status", "detail", "code", "request_id", "errors"}


def refused(answer, status, code):
    body = answer.json()
    assert (answer.status, body["code"], body["status"]) == (status, code, status)
    assert answer.headers["content-type"] == "application/problem+json"
    assert body.keys() == MEMBERS
    assert body["request_id"] == answer.headers["x-request-id"]
    return body


def test_the_table_of_the_contract(door, door_with, stranger, shelf):
    sku = product(door)["sku"]
    path = f"products/sku:{sku}"
    line = {"reason": "sold", "lines": [{"sku": sku, "delta": -1}]}

    refused(door.post("products", {"name": "no sku"}), 400, "validation_error")
    refused(door.get("products?categry=x"), 400, "unknown_parameter")
    refused(door.post("products", raw=b"{"), 400, "malformed_json")
    refused(door.get("products?cursor=abc"), 400, "invalid_cursor")
    refused(stranger.get("products"), 401, "not_authenticated")
    refused(stranger.get("products", authorization="Bearer nonsense"), 401, "authentication_failed")
    refused(door_with("stock:read").get("products"), 403, "permission_denied")
    refused(door.get("products/01932d6e-8a40-7c3e-9b51-0f6d1c2a7e55"), 404, "not_found")
    refused(door.get("nothing"), 404, "not_found")
    refused(door.call("TRACE", "products"), 405, "method_not_allowed")
    refused(door.get("products", accept="text/html"), 406, "not_acceptable")
    refused(door.post("products", raw=b'"' + b"x" * 6_000_000 + b'"'), 413, "payload_too_large")
    refused(door.post("products", raw=b"<a/>", content_type="application/xml"), 415, "unsupported_media_type")
    refused(door.post("products", {"sku": sku.lower(), "name": "again"}), 409, "duplicate")
    refused(door.post("stock/adjustments", line), 409, "insufficient_stock")
    refused(door.patch(path, {"name": "x"}, if_match='"99"'), 412, "precondition_failed")
    refused(door.patch(path, {"name": "x"}, if_match=None), 428, "precondition_required")
    refused(door.post("stock/adjustments", {**line, "lines": [{"sku": "NONE", "delta": 1}]}), 422, "does_not_exist")
    door.post("products", {"sku": fresh("A"), "name": "a"}, idempotency_key="one")
    refused(door.post("products", {"sku": fresh("A"), "name": "a"}, idempotency_key="one"), 422, "idempotency_mismatch")


def test_every_type_is_a_page_that_the_service_serves():
    for code, kind in KINDS.items():
        page = knock("GET", f"/api/problems/{code}")

        assert page.status == 200
        assert page.headers["content-type"].startswith("text/html")
        assert kind.remedy.split("`")[0][:40].replace("'", "&#x27;") in page.body.decode()


def test_the_type_of_a_problem_leads_to_its_page(stranger):
    kind = stranger.get("products").json()["type"]

    assert kind == "http://127.0.0.1/api/problems/not_authenticated"
    assert knock("GET", kind.removeprefix("http://127.0.0.1")).status == 200


def test_what_breaks_before_django_leads_to_its_page_as_well():
    kinds = [knock("GET", "/api/v1/%00").json()["type"], knock("GET", "/api/v1/me", "q=%00").json()["type"]]

    pages = ["http://127.0.0.1/api/problems/not_found", "http://127.0.0.1/api/problems/validation_error"]
    assert kinds == pages


def test_the_list_of_errors_in_the_docs_is_the_list_in_the_code():
    text = (Path(__file__).parents[2] / "docs" / "errors.md").read_text()

    rows = re.findall(r"^\| (\d{3}) \| `(\w+)` \|", text, re.MULTILINE)

    assert rows == sorted((str(kind.status), code) for code, kind in KINDS.items())


def test_every_refusal_of_the_domain_has_a_page():
    def leaves(kind):
        return [kind, *(leaf for child in kind.__subclasses__() for leaf in leaves(child))]

    codes = {kind.code for kind in leaves(errors.Refusal)} - {"refused"}

    assert codes <= KINDS.keys()


def test_nested_errors_become_pointers():
    detail = ValidationError(
        {
            "name": ["Too long."],
            "lines": [{}, {"sku": ["Missing."], "non_field_errors": ["Odd."]}],
            "tags": {0: ["Bad."]},
            "a/b~c": ["Escaped."],
            "non_field_errors": ["Whole."],
        }
    ).detail

    found = [(problem.pointer, problem.detail) for problem in flatten(detail)]

    assert found == [
        ("/name", "Too long."),
        ("/lines/1/sku", "Missing."),
        ("/lines/1", "Odd."),
        ("/tags/0", "Bad."),
        ("/a~1b~0c", "Escaped."),
        ("", "Whole."),
    ]


@pytest.mark.parametrize(
    ("error", "code"),
    [
        (RecursionError(), "validation_error"),
        (OverflowError(), "validation_error"),
        (SuspiciousOperation(), "validation_error"),
        (DataError("out of range"), "validation_error"),
        (OperationalError("server closed the connection"), "unavailable"),
        (RedisConnectionError("refused"), "unavailable"),
        (errors.Unavailable("later"), "unavailable"),
    ],
)
def test_errors_from_below_get_their_code(error, code):
    response = handler(error, {})

    assert response.data["code"] == code
    assert response.status_code == KINDS[code].status
    assert ("Retry-After" in response) == (code == "unavailable")


def in_postgresql(statement):
    """The error of a statement that fails in the real database."""
    with pytest.raises(Exception) as caught, transaction.atomic(), connection.cursor() as cursor:
        cursor.execute(statement)
    return caught.value


@pytest.mark.parametrize(
    ("statement", "code"),
    [
        ("SELECT 1/0", "validation_error"),
        ("SELECT '1e400'::integer", "validation_error"),
        ("SET LOCAL statement_timeout = 1; SELECT pg_sleep(1)", "unavailable"),
        ("DO $$ BEGIN RAISE SQLSTATE '40P01'; END $$", "unavailable"),
        ("DO $$ BEGIN RAISE SQLSTATE '40001'; END $$", "unavailable"),
        ("DO $$ BEGIN RAISE SQLSTATE '55P03'; END $$", "unavailable"),
        ("DO $$ BEGIN RAISE SQLSTATE '53300'; END $$", "unavailable"),
        ("DO $$ BEGIN RAISE SQLSTATE '25P03'; END $$", "unavailable"),
        ("DO $$ BEGIN RAISE SQLSTATE '23503'; END $$", "does_not_exist"),
    ],
)
def test_what_postgresql_says_is_told_in_the_words_of_the_api(transactional_db, statement, code):
    assert translate(in_postgresql(statement)).code == code


def test_our_own_mistakes_in_sql_stay_mistakes(transactional_db):
    assert translate(in_postgresql("SELEKT 1")) is None
    assert translate(InternalError("current transaction is aborted")) is None


def test_a_unique_violation_names_its_field(door):
    key = ApiKey.objects.get()
    key.pk = None

    with pytest.raises(IntegrityError) as caught:
        key.save(force_insert=True)

    assert translate(caught.value).code in ("duplicate", "validation_error")


def test_an_error_that_nobody_foresaw_is_a_problem_and_logged_once(door, monkeypatch, caplog):
    monkeypatch.setattr("api.viewsets.access.MeViewSet.list", lambda *_: 1 / 0)

    answer = door.get("me")

    refused(answer, 500, "internal_error")
    assert "ZeroDivisionError" not in answer.body.decode()
    assert [record.exc_info[0] for record in caplog.records if record.exc_info] == [ZeroDivisionError]


@pytest.mark.parametrize("debug", [True, False])
@pytest.mark.parametrize("path", ["/api", "/api/", "/api/v1", "/api/v2/products", "/api/v1/products/", "/api/x/.exe"])
def test_unrouted_paths_under_api_are_problems(path, debug):
    with override_settings(DEBUG=debug):
        for method in ("GET", "POST", "PUT", "DELETE", "PURGE"):
            refused(knock(method, path), 404, "not_found")


def test_a_foreign_host_is_a_problem_that_does_not_repeat_it():
    answer = knock("GET", "/api/v1/me", headers={"host": "evil.example"})

    body = refused(answer, 400, "validation_error")
    assert body["errors"][0]["parameter"] == "Host"
    assert b"evil" not in answer.body


def test_people_get_a_page_where_no_api_is():
    answer = knock("GET", "/nothing/here")

    assert answer.status == 404
    assert answer.headers["content-type"].startswith("text/html")
