"""Every route needs the scope of this table: one that is missing here fails the test."""

import re

import pytest
from django.test import Client
from django.urls import get_resolver

from api.callers import Caller
from inventory.context import Actor
from inventory.models import Scope
from tests.api.door import Door

C, S = "catalog", "stock"
READ, WRITE = {"get": f"{C}:read"}, {"post": f"{C}:write"}
ALL = {"get": f"{C}:read", "put": f"{C}:write", "patch": f"{C}:write", "delete": f"{C}:write"}
STOCK, BOOK = {"get": f"{S}:read"}, {"post": f"{S}:write"}
AUDIT = {"get": "audit:read"}

TABLE: dict[str, dict[str, str | None]] = {
    "activity": AUDIT,
    "alerts": STOCK,
    "alerts/{}": STOCK,
    "alerts/{}/acknowledge": {"post": "alerts:write"},
    "alerts/{}/snooze": {"post": "alerts:write"},
    "api_keys": {"get": "admin", "post": "admin"},
    "api_keys/{}": {"get": "admin", "delete": "admin"},
    "api_keys/{}/rotate": {"post": "admin"},
    "archive": AUDIT,
    "archive/{}": AUDIT,
    "archive/{}/restore": {"post": f"{C}:write"},
    "categories": READ | WRITE,
    "categories/{}": ALL,
    "categories/{}/products": READ,
    "events": AUDIT,
    "locations": READ | WRITE,
    "locations/{}": ALL,
    "me": {"get": None},
    "products": READ | WRITE,
    "products/{}": ALL,
    "products/{}/history": AUDIT,
    "products/{}/stock": STOCK,
    "reservations": STOCK | BOOK,
    "reservations/plan": {"post": f"{S}:read"},
    "reservations/release": BOOK,
    "reservations/{}": STOCK,
    "reservations/{}/cancel": BOOK,
    "reservations/{}/confirm": BOOK,
    "reservations/{}/extend": BOOK,
    "reservations/{}/fulfil": BOOK,
    "reservations/{}/release": BOOK,
    "stock/adjustments": BOOK,
    "stock/counts": BOOK,
    "stock/levels": STOCK,
    "stock/levels/{}": STOCK | {"patch": f"{S}:write"},
    "stock/movements": STOCK,
    "stock/movements/{}": STOCK,
    "stock/transfers": STOCK | BOOK,
    "stock/transfers/{}": STOCK,
    "stock/transfers/{}/cancel": BOOK,
    "stock/transfers/{}/receive": BOOK,
}
AN_ID = "01932d6e-8a40-7c3e-9b51-0f6d1c2a7e55"


def routes():
    """Path → methods, from the live URL configuration."""
    found = {}
    for pattern in get_resolver("api.urls").url_patterns:
        path = re.sub(r"\(\?P<\w+>.*?\)(?=/|\$|\\Z)|<[\w:]+>", "{}", str(pattern.pattern))
        path = path.removeprefix("^").removesuffix("$").removesuffix("\\Z")
        methods = {method for method in pattern.callback.actions if method != "head"}
        found.setdefault(path, set()).update(methods)
    return found


def test_the_table_lists_every_route_and_method():
    assert routes() == {path: set(methods) for path, methods in TABLE.items()}


@pytest.mark.parametrize("path", sorted(TABLE))
def test_a_route_opens_to_its_scope_and_to_no_other(door_with, stranger, path):
    address = path.replace("{}", AN_ID)
    others = {scope: door_with(scope) for scope in Scope.values}

    for method, scope in TABLE[path].items():
        body = {} if method in ("post", "put", "patch") else None
        assert stranger.call(method.upper(), address, body).status == 401
        for name, caller in others.items():
            answer = caller.call(method.upper(), address, body)
            allowed = scope is None or name in (scope, "admin")
            assert (answer.status != 403) == allowed, f"{method} {path} with {name}: {answer.status}"
            if not allowed:
                assert answer.json()["errors"][0]["scope"] == scope


def test_methods_that_a_path_does_not_have_are_405_for_everybody_with_a_key(door_with):
    caller = door_with("audit:read")

    for path, methods in TABLE.items():
        for method in {"get", "post", "put", "patch", "delete"} - set(methods):
            answer = caller.call(method.upper(), path.replace("{}", AN_ID), if_match="*")
            assert (answer.status, answer.code) == (405, "method_not_allowed"), (method, path)
            assert set(answer.headers["allow"].lower().split(", ")) >= set(methods)


def test_options_and_head_behave_everywhere(door):
    for path, methods in TABLE.items():
        address = path.replace("{}", AN_ID)
        options = door.call("OPTIONS", address)
        assert (options.status, options.body) == (204, b""), path
        if "get" in methods:
            assert door.call("HEAD", address, checked=False).status == door.get(address).status


def test_a_member_of_staff_may_work_but_only_a_superuser_has_the_keys(client, django_user_model):
    staff = django_user_model.objects.create_user("ana", password="x", is_staff=True)
    chief = django_user_model.objects.create_user("bea", password="x", is_staff=True, is_superuser=True)
    guest = django_user_model.objects.create_user("cem", password="x")

    def statuses(user):
        client.force_login(user)
        return [client.get(f"/api/v1/{path}").status_code for path in ("me", "products", "api_keys")]

    assert statuses(guest) == [401, 401, 401]
    assert statuses(staff) == [200, 200, 403]
    assert statuses(chief) == [200, 200, 200]


def test_a_session_writes_only_with_its_csrf_token(client, django_user_model):
    staff = django_user_model.objects.create_user("ana", password="x", is_staff=True)
    strict = Client(enforce_csrf_checks=True)
    strict.force_login(staff)
    body = {"sku": "CSRF", "name": "c"}

    bare = strict.post("/api/v1/products", body, content_type="application/json")
    strict.cookies["csrftoken"] = "t" * 32
    full = strict.post("/api/v1/products", body, content_type="application/json", headers={"X-CSRFToken": "t" * 32})

    assert (bare.status_code, bare.json()["code"]) == (403, "permission_denied")
    assert full.status_code == 201
    assert full.json()["last_modified_by"] == "user:ana"


def test_a_session_does_not_help_a_wrong_key(client, django_user_model):
    staff = django_user_model.objects.create_user("ana", password="x", is_staff=True)
    client.force_login(staff)

    assert client.get("/api/v1/me", headers={"Authorization": "Bearer wrong"}).status_code == 401


def test_admin_includes_every_scope():
    chief = Caller(Actor("api_key"), frozenset({"admin"}))
    clerk = Caller(Actor("api_key"), frozenset({"stock:read"}))

    assert all(chief.may(scope) for scope in Scope.values)
    assert [scope for scope in Scope.values if clerk.may(scope)] == ["stock:read"]
    assert isinstance(Door(), Door)
