"""The audit finds an entry that is wrong, and raises no false alarm."""

import random
import threading
import time
from contextlib import suppress
from io import StringIO
from typing import Any
from uuid import UUID

import pytest
from django.core.management import CommandError, call_command
from django.db import connections
from prometheus_client import REGISTRY

from api import cached
from inventory import caching, tasks
from inventory.caching.values import encode
from inventory.errors import Refusal
from inventory.models import Product
from inventory.operations import auditing, catalog, reservations
from inventory.values import Line
from tests.builders import ANA, make_product, move

from .probe import sql, until
from .servers import PrivateRedis

pytestmark = pytest.mark.django_db(transaction=True)


AUDITED = [
    "stockroom_cache_audited_total",
    "stockroom_cache_stale_total",
    "stockroom_cache_stale_age_seconds_count",
    "stockroom_cache_stale_age_seconds_sum",
]


@pytest.fixture(autouse=True)
def trusted(transactional_db: Any) -> None:
    until(lambda: caching._trust.current() is not None)


def shelf(count: int = 5) -> list[Product]:
    """Cached products, each by id and by SKU."""
    products = [make_product(on_hand=9) for _ in range(count)]
    for product in products:
        cached.product_by_sku(product.sku)
    return products


def tamper(key: str, body: bytes) -> None:
    trusted = caching._trust.current()
    assert trusted is not None
    trusted.redis.set(trusted.name(key), encode(body), ex=100)


def audit(*arguments: str) -> str:
    out = StringIO()
    call_command("audit_cache", *arguments, stdout=out)
    return out.getvalue()


def disturb(product: Product) -> None:
    deed = random.random()
    if deed < 0.3:
        move(product, random.choice([-1, 1, 1]))
    elif deed < 0.4:
        reservations.reserve([Line(product=product.pk, quantity=1)], expires_in=1, actor=ANA)
    elif deed < 0.5:
        catalog.update_product(product, actor=ANA, expected_version=None, name=f"Mug {time.time()}")
    else:
        cached.product_by_sku(product.sku)


def test_what_is_right_is_found_right() -> None:
    shelf(5)
    cached.listing(UUID(int=1), "1", lambda: cached.Listed([], None, None, None))

    assert audit() == "10 entries compared, 0 stale, 0 changed meanwhile, 1 of other kinds skipped.\n"


def test_a_cached_product_that_is_wrong_is_named_with_its_age_and_the_command_fails() -> None:
    product, *_ = shelf(2)
    tamper(caching.keys.product(product.pk), b"1\n{}")

    with pytest.raises(CommandError, match="1 cached entries are not what is committed"):
        audit()

    assert list(auditing.audit_cache().stale) == [caching.keys.product(product.pk)]
    assert 190 < auditing.audit_cache().stale[caching.keys.product(product.pk)] < 210


def test_a_cached_product_that_does_not_exist_is_found_as_well() -> None:
    tamper(caching.keys.product("01a20a82-4826-7030-853d-0a2408cc7747"), b"1\n{}")

    assert len(auditing.audit_cache().stale) == 1


def test_a_sku_that_leads_to_another_product_is_found(caplog: pytest.LogCaptureFixture) -> None:
    one, other = shelf(2)
    tamper(caching.keys.product_sku(one.sku), str(other.pk).encode())

    assert list(auditing.audit_cache().stale) == [caching.keys.product_sku(one.sku)]
    assert "stale cache entries" in caplog.text


def test_a_sample_looks_at_some_entries() -> None:
    shelf(5)

    found = auditing.audit_sample()

    assert 1 <= found.compared <= 10
    assert not found.stale


def test_the_worker_takes_a_sample_every_minute(caplog: pytest.LogCaptureFixture) -> None:
    product, *_ = shelf(1)
    tamper(caching.keys.product(product.pk), b"1\n{}")

    before = [REGISTRY.get_sample_value(name) or 0 for name in AUDITED]

    tasks.audit_cache(timestamp=0)

    after = [REGISTRY.get_sample_value(name) or 0 for name in AUDITED]
    compared, stale, aged, age_s = (new - old for new, old in zip(after, before, strict=True))
    assert "stale cache entries" in caplog.text
    assert (compared, stale, aged) == (2, 1, 1)
    assert 190 < age_s < 210


def test_a_redis_that_goes_away_ends_the_command_and_not_the_worker(redis: PrivateRedis) -> None:
    until(lambda: caching._trust.current() is not None)
    shelf(1)
    redis.kill()

    with pytest.raises(CommandError, match="Redis went away"):
        audit()

    assert not auditing.audit_sample().trusted


def test_leases_and_what_cannot_be_decoded_are_no_entries() -> None:
    tamper("product:x", b"")
    trusted = caching._trust.current()
    assert trusted is not None
    trusted.redis.set(trusted.name("product:x"), b"lease:1")
    trusted.redis.set(trusted.name("sku:x"), b"v0:1")

    assert auditing.audit_cache().compared == 0


def test_while_redis_is_not_trusted_there_is_nothing_to_compare() -> None:
    shelf(1)

    caching.forget()
    caching._trust._trusted = None

    assert audit().startswith("Redis is away, or not trusted now")


def test_to_forget_is_to_believe_nothing_that_was_cached() -> None:
    product, *_ = shelf(1)
    tamper(caching.keys.product(product.pk), b"1\n{}")

    audit("--forget")

    caching._trust._trusted = None
    until(lambda: caching._trust.current() is not None)
    assert auditing.audit_cache().compared == 0
    document, _ = cached.product(product.pk)
    assert document is not None
    assert document.body != b"{}"


def test_an_audit_under_traffic_raises_no_false_alarm() -> None:
    products = shelf(6)
    stop = threading.Event()

    def traffic() -> None:
        try:
            while not stop.is_set():
                with suppress(Refusal):
                    disturb(random.choice(products))
        finally:
            connections.close_all()

    threads = [threading.Thread(target=traffic) for _ in range(3)]
    for thread in threads:
        thread.start()
    try:
        found = [auditing.audit_cache() for _ in range(100)]
    finally:
        stop.set()
        for thread in threads:
            thread.join(30)

    assert sum(len(each.stale) for each in found) == 0
    assert sum(each.compared for each in found) > 100
    assert sql("SELECT 1") == (1,)
