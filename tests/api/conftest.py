"""Callers with keys."""

from collections.abc import Callable, Iterator
from typing import Any

import pytest
from django.db import connection, transaction

from api import authentication
from inventory.context import SYSTEM
from inventory.operations.access import create_api_key
from tests.api.door import Door


KEPT = {"inventory_cache_trust"}  # rows that migrations made


@pytest.fixture
def database(django_db_setup: None, django_db_blocker: Any) -> Iterator[None]:
    """The real database with real commits; emptied afterwards, the append-only tables too."""
    with django_db_blocker.unblock():
        yield
        _empty()


def _empty() -> None:
    tables = [name for name in connection.introspection.table_names() if name.startswith(("inventory_", "auth_user"))]
    listed = ", ".join(connection.ops.quote_name(name) for name in tables if name not in KEPT)
    with transaction.atomic(), connection.cursor() as cursor:
        cursor.execute("SET LOCAL session_replication_role = replica")  # no trigger may object
        cursor.execute(f"TRUNCATE {listed} CASCADE")


@pytest.fixture(autouse=True)
def forgetful(database: None) -> Iterator[None]:
    """No test inherits another's remembered keys."""
    authentication.forget_all()
    yield
    authentication.forget_all()


@pytest.fixture
def door_with(database: None) -> Callable[..., Door]:
    """A caller whose key has these scopes; further arguments are those of `create_api_key`."""

    def make(*scopes: str, **values: Any) -> Door:
        _, secret = create_api_key(name="test", scopes=scopes or ("admin",), actor=SYSTEM, **values)
        return Door(secret)

    return make


@pytest.fixture
def door(door_with: Callable[..., Door]) -> Door:
    """A caller who may do everything."""
    return door_with("admin")


@pytest.fixture
def shelf(door: Door) -> str:
    """The code of the default location."""
    assert door.post("locations", {"code": "MAIN", "name": "Main", "is_default": True}).status == 201
    return "MAIN"


@pytest.fixture
def stranger(database: None) -> Door:
    """A caller without a key."""
    return Door()
