"""Whatever comes in: never a 5xx, never HTML under /api/, always a request id."""

import itertools
from collections import Counter

import pytest

from tests.api import hostile
from tests.api.contract import assert_as_published, operation_at
from tests.api.door import Answer, knock, product

pytestmark = [pytest.mark.slow, pytest.mark.timeout(600)]
ENOUGH = 600


def judge(answer: Answer, what: object) -> None:
    assert answer.status < 500, f"{answer.status} for {what!r:.300}: {answer.body[:300]!r}"
    assert answer.headers["x-request-id"], f"no request id for {what!r:.300}"
    if answer.body:
        media = answer.headers["content-type"]
        assert media in ("application/json", "application/problem+json"), f"{media} for {what!r:.300}"
        assert answer.json() is not None


@pytest.fixture
def send(door):
    """Send one request with the key; answers are judged."""
    sent = Counter()

    def send(method, path, query="", body=b"", **headers):
        given = {"authorization": f"Bearer {door.secret}", "content_type": "application/json", **headers}
        answer = knock(method, path, query, body, given)
        judge(answer, (method, path, query, body[:100], headers))
        if method != "HEAD" and operation_at(method, path) is not None:
            assert_as_published(method, path, answer)
        sent[answer.status] += 1
        return answer

    send.sent = sent
    return send


def test_query_values(send):
    for path, query in hostile.query_requests():
        send("GET", path, query)

    assert sum(send.sent.values()) > ENOUGH
    assert {200, 400, 404} >= set(send.sent)


def test_query_shapes(send):
    for path, query in itertools.product(["/api/v1/products", "/api/v1/me", "/api/schema"], hostile.QUERY_SHAPES):
        send("GET", path, query)


def test_bodies(send):
    for method, path, raw in hostile.body_requests():
        send(method, path, "", raw, if_match="*")

    assert sum(send.sent.values()) > ENOUGH


def test_an_existing_product_survives_every_edit(send, door):
    made = product(door)

    for method, path, raw in hostile.body_requests():
        if path.startswith("/api/v1/products/") and method in ("PUT", "PATCH"):
            send(method, f"/api/v1/products/{made['id']}", "", raw, if_match="*")

    assert door.get(f"products/{made['id']}").status == 200


def test_content_types(send):
    for content_type in hostile.CONTENT_TYPES:
        for method, path in (("GET", "/api/v1/me"), ("POST", "/api/v1/products"), ("GET", "/api/nothing")):
            answer = send(method, path, "a=1", b"{}" if method == "POST" else b"", content_type=content_type)
            assert answer.status in (400, 404, 415)


def test_accept_headers(send):
    for accept in hostile.ACCEPTS:
        assert send("GET", "/api/v1/me", accept=accept).status in (200, 406)


def test_header_values(send, door):
    path = f"/api/v1/products/{product(door)['id']}"

    for name, value in itertools.product(hostile.HEADERS, hostile.HEADER_VALUES):
        for method in ("GET", "PATCH"):
            body = b'{"name": "x"}' if method == "PATCH" else b""
            send(method, path, "", body, **{"if_match": "*", name.replace("-", "_"): value})


def test_paths(send):
    for path in hostile.PATHS:
        for method in ("GET", "PATCH", "DELETE", "OPTIONS", "HEAD"):
            send(method, "/api/v1/" + path, "", b"{}" if method == "PATCH" else b"", if_match="*")


def test_methods(send):
    for method, path in itertools.product(
        hostile.METHODS, ["/api/v1/products", "/api/v1/me", "/api/schema", "/api/nothing"]
    ):
        assert send(method, path).status in (200, 204, 404, 405)


def test_the_pages_for_people_answer_no_5xx_either():
    for path, query in itertools.product(hostile.PAGES, ["", "x=1", "%00", "%ff", "next=//evil.example"]):
        for headers in ({}, {"content-type": "x/y; a*=BOGUS''z"}, {"accept": "*/*;q=nan"}, {"host": "evil.example"}):
            answer = knock("GET", path, query, b"", headers)
            assert answer.status < 500, (path, query, headers)
            assert answer.headers["x-request-id"]
