"""The pages for people and for machines: offline, under a strict policy, honest about health."""

import html
import json
import re
import shlex

import pytest
from django.db import connection
from django.test import override_settings

from api.pages import health
from api.schema.document import document
from tests.api.door import knock

PAGES = ["/", "/api/docs", "/api/reference", "/api/problems", "/api/problems/throttled", "/nothing"]


@pytest.mark.parametrize("path", PAGES)
def test_a_page_needs_nobody_else_and_runs_no_inline_code(path):
    page = knock("GET", path)
    text = page.body.decode()
    policy = page.headers["content-security-policy"]

    assert "default-src 'none'" in policy
    assert "unsafe" not in policy
    assert not re.search(r"<script(?![^>]*\bsrc=)|<style|\son\w+=|\sstyle=|javascript:", text)
    loaded = re.findall(r"""<(?:script|link|img)[^>]*?(?:src|href)=["']([^"']+)""", text)
    assert loaded
    for address in loaded:
        assert address.startswith("/static/"), address
        assert knock("GET", address).status == 200, address


def test_every_link_of_the_front_page_leads_somewhere():
    links = re.findall(r'<a[^>]*href="(/[^"#]*)"', knock("GET", "/").body.decode())

    assert {"/api/docs", "/api/reference", "/api/problems", "/health/ready", "/api/schema", "/admin/"} <= set(links)
    for link in links:
        assert knock("GET", link).status in (200, 302), link


def test_the_four_calls_of_the_front_page_work(door):
    page = html.unescape(knock("GET", "/").body.decode())
    statuses = []
    for call in re.findall(r"<code>([^<]*curl [^<]*)</code>", page):
        words = shlex.split(call[call.index("curl ") :].replace("\\\n", " "))
        path = next(word for word in words if word.startswith("http")).removeprefix("http://127.0.0.1")
        body = json.loads(words[words.index("-d") + 1]) if "-d" in words else None
        statuses.append(door.call("POST" if body else "GET", path, body).status)

    assert statuses == [201, 201, 200, 409]


def test_the_reference_shows_an_example_of_every_body():
    text = knock("GET", "/api/reference").body.decode()

    articles = dict(re.findall(r'<article class="operation" id="(\w+)"(.*?)</article>', text, re.DOTALL))
    with_body = {name for name, article in articles.items() if "<p>Body:" in article}

    assert {"create_product", "create_stock_count"} <= with_body
    assert {name for name, article in articles.items() if "<pre><code>" in article} == with_body
    assert "MUG-RED" in articles["create_product"]


def test_the_reference_shows_every_operation():
    text = knock("GET", "/api/reference").body.decode()

    for path, methods in document()["paths"].items():
        for operation in methods.values():
            assert f'id="{operation["operationId"]}"' in text
        assert path.replace("{", "&#123;") in text or path in text


def test_alive_asks_nobody():
    answer = knock("GET", "/health/live")

    assert (answer.status, answer.json()) == (200, {"status": "ok"})
    assert answer.headers["cache-control"] == "no-store"


def test_ready_names_each_dependency():
    body = knock("GET", "/health/ready").json()

    assert body["status"] == "ok"
    assert {name: check["status"] for name, check in body["checks"].items()} == dict.fromkeys(
        ("postgresql", "redis", "migrations"), "ok"
    )


def test_without_redis_the_service_is_degraded_but_ready(monkeypatch):
    monkeypatch.setattr(health, "_redis", lambda: "no connection")

    answer = knock("GET", "/health/ready")

    assert (answer.status, answer.json()["status"]) == (200, "degraded")


def test_without_postgresql_it_is_not_ready(monkeypatch):
    monkeypatch.setattr(health, "_postgresql", lambda: "no connection")

    answer = knock("GET", "/health/ready")

    assert (answer.status, answer.code) == (503, "unavailable")
    assert answer.headers["retry-after"]
    assert answer.json()["checks"]["postgresql"]["status"] == "unavailable"


def test_with_a_migration_missing_it_is_not_ready(monkeypatch):
    monkeypatch.setattr(health, "_migrated", False)
    with connection.cursor() as cursor:
        cursor.execute("DELETE FROM django_migrations WHERE app = 'sessions'")
    try:
        answer = knock("GET", "/health/ready")
    finally:
        with connection.cursor() as cursor:
            cursor.execute(
                "INSERT INTO django_migrations (app, name, applied) VALUES ('sessions', '0001_initial', now())"
            )

    assert answer.status == 503
    assert answer.json()["checks"]["migrations"]["detail"] == "1 not applied"


def test_metrics_count_requests_by_route_and_not_by_path(door):
    door.get("products/sku:NOBODY")

    text = knock("GET", "/metrics").body.decode()

    assert re.search(r'stockroom_http_requests_total\{method="GET",route="[^"]*products/[^"]*",status="404"\}', text)
    assert "NOBODY" not in text


def test_metrics_may_ask_for_a_token():
    with override_settings(METRICS_TOKEN="prometheus-only"):
        assert knock("GET", "/metrics").status == 401
        assert knock("GET", "/metrics", headers={"authorization": "Bearer prometheus-only"}).status == 200


@pytest.mark.parametrize("path", ["/", "/api/docs", "/api/problems", "/health/live", "/health/ready", "/metrics"])
def test_pages_are_for_reading(path):
    for method in ("POST", "PUT", "PATCH", "DELETE", "PURGE"):
        answer = knock(method, path)
        assert (answer.status, answer.code) == (405, "method_not_allowed")
        assert answer.headers["allow"] == "GET, HEAD, OPTIONS"
    assert knock("OPTIONS", path).status == 204
