"""The savepoint of a ring is made when it is needed, and undoes what the ring began and nothing else."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from typing import Any

import pytest
from django.contrib.auth.models import User
from django.db import connection, transaction
from django.test.utils import CaptureQueriesContext

from inventory.models import Location, Product, ReceiverFailure
from inventory.receivers import guards
from tests.builders import make_location

from .bells import wrong_value

pytestmark = pytest.mark.django_db(transaction=True)


@contextmanager
def guarded(receiver: Callable[..., None]) -> Iterator[Callable[..., None]]:
    ring = guards.guarded(switch="INVENTORY_STOCK_ALERTS_ENABLED")(receiver)
    try:
        yield ring
    finally:
        del guards.REGISTRY[f"{receiver.__module__}.{receiver.__name__}"]


def rung(receiver: Callable[..., None]) -> list[str]:
    """The statements of a transaction in which `receiver` is rung beside a write of somebody else's."""
    with guarded(receiver) as ring, CaptureQueriesContext(connection) as captured, transaction.atomic():
        make_location(receiver.__name__)
        ring(sender=Product)
    return [query["sql"].split()[0] for query in captured]


def asks_nothing(**kwargs: Any) -> None:
    pass


def counts_products(**kwargs: Any) -> None:
    Product.objects.count()


def registers_and_fails(**kwargs: Any) -> None:
    transaction.on_commit(lambda: User.objects.create(username="phantom"))
    raise ValueError("after a callback was registered")


def fails_in_a_block_without_a_savepoint(**kwargs: Any) -> None:
    with transaction.atomic(savepoint=False):
        raise ValueError("before any statement")


def fails_in_such_a_block_after_a_statement(**kwargs: Any) -> None:
    with transaction.atomic(savepoint=False):
        User.objects.create(username="phantom")
        raise ValueError("after a statement")


def swallows_in_a_block_without_a_savepoint(**kwargs: Any) -> None:
    with suppress(ValueError), transaction.atomic(savepoint=False):
        raise ValueError("before any statement")


def asks_where_nothing_may_be_asked(**kwargs: Any) -> None:
    with connection.execute_wrapper(wrong_value_of_a_statement):
        Product.objects.count()


def wrong_value_of_a_statement(*statement: Any) -> None:
    raise ValueError("no statements here")


def test_a_ring_that_asks_the_database_nothing_costs_no_statement() -> None:
    silent, asking = rung(asks_nothing), rung(counts_products)

    assert "SAVEPOINT" not in silent
    assert asking.count("SAVEPOINT") == 1


@pytest.mark.parametrize(
    "receiver",
    [
        registers_and_fails,
        fails_in_a_block_without_a_savepoint,
        fails_in_such_a_block_after_a_statement,
        swallows_in_a_block_without_a_savepoint,
        asks_where_nothing_may_be_asked,
    ],
)
def test_whatever_a_failed_ring_began_is_undone_and_nothing_else(receiver: Callable[..., None]) -> None:
    rung(receiver)

    assert Location.objects.filter(code=receiver.__name__).exists()
    assert not User.objects.exists()
    assert ReceiverFailure.objects.count() == 1


@pytest.mark.parametrize(
    ("the_inner", "the_outer", "left"),
    [
        (asks_nothing, asks_nothing, ["inner", "outer"]),
        (wrong_value, asks_nothing, ["outer"]),
        (asks_nothing, wrong_value, []),
    ],
    ids=["none fails", "the inner one fails", "the outer one fails"],
)
def test_a_ring_within_a_ring_is_undone_alone_or_with_the_outer_one(
    the_inner: Callable[..., None], the_outer: Callable[..., None], left: list[str]
) -> None:
    def inner(**kwargs: Any) -> None:
        User.objects.create(username="inner")
        the_inner()

    def outer(**kwargs: Any) -> None:
        within(sender=Product)
        User.objects.create(username="outer")
        the_outer()

    with guarded(inner) as within:
        rung(outer)

    assert sorted(User.objects.values_list("username", flat=True)) == left
    assert Location.objects.filter(code="outer").exists()
    assert ReceiverFailure.objects.count() == (0 if len(left) == 2 else 1)
