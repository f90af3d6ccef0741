"""What every test may count on: an empty database with its default location, an empty cache, a client with a key."""

from functools import cache
from typing import Any

import pytest
import redis
from django.conf import settings
from django.db import connections
from django.test import TransactionTestCase

from inventory import caching
from inventory.caching import trust
from inventory.context import SYSTEM, muted
from inventory.operations import locations
from scripts import node

from .builders import make_key
from .client import Api

#: Rows that the migrations made.
KEPT = {"django_migrations", "django_content_type", "auth_permission", "inventory_cache_trust"}


def pytest_configure() -> None:
    # Django's own flush truncates table by table and runs `post_migrate` again: a hundred times slower than this, and
    # the append-only histories refuse it.
    TransactionTestCase._fixture_setup = classmethod(lambda cls: furnish())
    TransactionTestCase._fixture_teardown = lambda self: empty()


def pytest_terminal_summary(terminalreporter: Any) -> None:
    if node.left_out():
        terminalreporter.write_line(
            "tests/sdk/test_typescript.py was left out: it needs Node 20.19 or newer, with npm."
        )


def furnish() -> None:
    """The world in which a test begins."""
    with redis.Redis.from_url(settings.REDIS_URL) as cached:
        cached.flushdb()
    with muted("INVENTORY_ACTIVITY_LOG_ENABLED"):
        locations.ensure_default(actor=SYSTEM)


def empty() -> None:
    """Delete every row."""
    with connections["default"].cursor() as cursor:
        cursor.execute(_emptying())


@cache
def _emptying() -> str:
    tables = sorted(set(connections["default"].introspection.table_names()) - KEPT)
    deletions = " ".join(f'DELETE FROM "{table}";' for table in tables)
    # As a replica would: the triggers that keep the histories append-only are asleep.
    return f"DO $$ BEGIN PERFORM set_config('session_replication_role', 'replica', true); {deletions} END $$"


@pytest.fixture
def unhurried(monkeypatch: pytest.MonkeyPatch) -> None:
    """Redis may be slow, as all is on a loaded machine: what is cached is a hit, and what was dropped is a miss."""
    monkeypatch.setattr(trust, "SLOW_S", 60.0)
    caching._trust._breaker.succeeded()


@pytest.fixture
def api(transactional_db: Any, unhurried: None) -> Api:
    """A client whose key may do everything. An error of ours is the 500 that a caller would see."""
    return Api(make_key())
