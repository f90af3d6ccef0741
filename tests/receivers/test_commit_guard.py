"""The commit guard: whoever swallows a database error loses the transaction, and everybody hears of it."""

from collections.abc import Callable, Iterator
from contextlib import suppress
from typing import Any

import pytest
from django.db import DatabaseError, IntegrityError, connection, transaction
from django.db.backends.postgresql.base import DatabaseWrapper as DjangosWrapper
from django.db.models.signals import post_save

from config.database.base import AbortedTransaction, DatabaseWrapper
from inventory.models import Activity, Category, Product
from inventory.operations import catalog
from inventory.operations.idempotency import Answer, once
from inventory.signals import rows_changed
from tests.builders import ANA, make_category, make_product
from tests.client import Api

from .bells import broken, integrity_error, listening, swallowed_orm_error, swallowed_sql_error, wrong_value

pytestmark = pytest.mark.django_db(transaction=True)

SWALLOWING = pytest.mark.parametrize("swallow", [swallowed_sql_error, swallowed_orm_error])


@pytest.fixture
def after_commit() -> Iterator[list[str]]:
    """What the `on_commit` callbacks of saved products did."""
    done: list[str] = []

    def promise(instance: Any, **kwargs: Any) -> None:
        transaction.on_commit(lambda: done.append(instance.sku))

    with listening(post_save, Product, promise):
        yield done


@SWALLOWING
def test_a_receiver_that_swallows_a_database_error_makes_the_write_fail(
    swallow: Callable[..., None], after_commit: list[str]
) -> None:
    with listening(post_save, Product, swallow), pytest.raises(AbortedTransaction, match="nothing was committed"):
        Product.objects.create(sku="A", name="Mug")

    assert not Product.objects.exists()
    assert after_commit == []


@SWALLOWING
def test_over_http_it_is_a_5xx_and_never_a_2xx_without_a_row(
    api: Api, swallow: Callable[..., None], after_commit: list[str]
) -> None:
    with listening(post_save, Product, swallow):
        answer = api.post("products", {"sku": "A", "name": "Mug"})

    assert answer.status_code == 500
    assert answer["Content-Type"] == "application/problem+json"
    assert not Product.objects.exists()
    assert not Activity.objects.filter(object_type="product").exists()
    assert after_commit == []


@SWALLOWING
def test_with_an_idempotency_key_nothing_is_recorded_and_the_next_try_succeeds(
    api: Api, swallow: Callable[..., None]
) -> None:
    with listening(post_save, Product, swallow):
        first = api.post("products", {"sku": "A", "name": "Mug"}, idempotency_key="k")

    second = api.post("products", {"sku": "A", "name": "Mug"}, idempotency_key="k")

    assert (first.status_code, second.status_code) == (500, 201)
    assert "Idempotency-Replayed" not in second


@SWALLOWING
def test_a_receiver_of_bulk_writes_is_watched_as_well(swallow: Callable[..., None]) -> None:
    product = make_product(name="Mug")

    with listening(rows_changed, Product, swallow), pytest.raises(AbortedTransaction):
        Product.objects.update(name="Cup")

    product.refresh_from_db()
    assert product.name == "Mug"


@SWALLOWING
def test_code_that_swallows_an_error_in_its_own_transaction_is_told(swallow: Callable[..., None]) -> None:
    @transaction.atomic
    def careless() -> None:
        make_category()
        swallow()

    with pytest.raises(AbortedTransaction):
        careless()

    assert not Category.objects.exists()


@SWALLOWING
def test_an_on_commit_callback_that_swallows_is_told_and_the_write_before_it_stays(
    swallow: Callable[..., None],
) -> None:
    @transaction.atomic
    def callback() -> None:
        make_category("Later")
        swallow()

    @transaction.atomic
    def write() -> None:
        make_product("A")
        transaction.on_commit(callback)

    with pytest.raises(AbortedTransaction):
        write()

    assert Product.objects.filter(sku="A").exists()
    assert not Category.objects.exists()


def test_a_caller_that_swallows_the_failure_of_a_promise_is_told() -> None:
    def careless() -> None:
        with transaction.atomic(), suppress(ValueError):
            make_product("A")

    with broken("history.record_saved", wrong_value), pytest.raises(AbortedTransaction):
        careless()

    assert not Product.objects.exists()


def test_an_error_that_is_caught_outside_a_savepoint_harms_nobody() -> None:
    with transaction.atomic():
        product = make_product("A")
        with suppress(IntegrityError), transaction.atomic():
            integrity_error()

    assert Product.objects.get() == product


def test_an_error_that_goes_its_way_is_not_replaced_by_another() -> None:
    with pytest.raises(IntegrityError), transaction.atomic():
        integrity_error()


def test_an_error_that_is_being_handled_outside_does_not_hide_a_swallowed_one() -> None:
    try:
        raise KeyError("something else, long before")
    except KeyError:
        with pytest.raises(AbortedTransaction), transaction.atomic():
            swallowed_orm_error()


def test_a_rollback_that_is_meant_is_silent() -> None:
    with transaction.atomic():
        make_product("A")
        transaction.set_rollback(True)

    assert not Product.objects.exists()


def test_an_answer_that_refuses_is_rolled_back_in_silence() -> None:
    def refuse() -> Answer:
        make_product("A")
        return Answer(409, b"")

    answer, _ = once(principal="p", key="k", fingerprint=b"f" * 32, effect=refuse)

    assert answer.status == 409
    assert not Product.objects.exists()


def test_the_connection_is_good_for_the_next_transaction() -> None:
    with pytest.raises(AbortedTransaction), transaction.atomic():
        swallowed_sql_error()

    assert catalog.create_product(actor=ANA, sku="A", name="Mug").pk


@SWALLOWING
def test_without_the_guard_the_answer_would_be_a_lie(
    swallow: Callable[..., None], monkeypatch: pytest.MonkeyPatch
) -> None:
    # The proof that the guard is needed: what PostgreSQL and Django do by themselves.
    for name in ("_commit", "rollback"):
        monkeypatch.setattr(DatabaseWrapper, name, getattr(DjangosWrapper, name))

    with listening(post_save, Product, swallow):
        Product.objects.create(sku="A", name="Mug")

    assert not Product.objects.exists()


def test_a_broken_connection_is_reported_as_itself() -> None:
    with pytest.raises(DatabaseError), transaction.atomic(), connection.cursor() as cursor:
        cursor.execute("SELECT pg_terminate_backend(pg_backend_pid())")
