from collections.abc import Iterator
from typing import Any

import pytest
from django.db import connection

from inventory import caching

from .probe import MAKE, Process, sql
from .servers import PrivateRedis


@pytest.fixture
def probes(transactional_db: Any) -> Iterator[None]:
    """Four rows with version 1, and an epoch that nobody has believed yet."""
    sql(MAKE)
    start_epoch()
    yield
    connection.close()
    sql("DROP TABLE cache_probe")


@pytest.fixture
def process(probes: None) -> Process:
    """A server process whose first look at trust is over."""
    process = Process()
    process.trust.current()
    return process


@pytest.fixture
def redis(settings: Any, probes: None, monkeypatch: pytest.MonkeyPatch) -> Iterator[PrivateRedis]:
    """A Redis of the test's own, to be frozen and killed; trust and the service's cache move to it until the end."""
    with PrivateRedis() as server:
        settings.CACHES = {"default": settings.CACHES["default"] | {"LOCATION": server.url}}
        process = Process()
        for name in ("trust", "reader", "writer"):
            monkeypatch.setattr(caching, f"_{name}", getattr(process, name))
        yield server
    connection.close()
    start_epoch()


def start_epoch() -> None:
    """Trust is off and nobody waits: the processes of earlier tests, who might believe otherwise, are no more."""
    caching._trust._trusted = None
    sql(
        "UPDATE inventory_cache_trust SET enabled = false, off_since = now() - interval '1 day', "
        "server = inventory_cache_server(), epoch = substr(gen_random_uuid()::text, 25)"
    )
