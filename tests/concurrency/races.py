"""What the races share: many threads with connections of their own, and protections that can be taken away."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

from django.db import connection, transaction

from inventory.errors import Refusal
from inventory.models import COUNTERS, StockLevel, StockMovement
from inventory.operations import stock
from inventory.values import Line
from tests.builders import ANA, at_once

LOCK = "ORDER BY s.product_id FOR UPDATE"


@contextmanager
def connections_for(threads: int) -> Iterator[None]:
    """As many database connections as there are threads, and one for the test."""
    pool = connection.pool
    assert pool is not None
    before = pool.min_size, pool.max_size
    pool.resize(before[0], max(threads + 2, before[1]))
    try:
        yield
    finally:
        pool.resize(*before)


@contextmanager
def rewritten(function: str, *changes: tuple[str, str]) -> Iterator[None]:
    """A function of the database with pieces of its text replaced, for the time of the block."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_get_functiondef(%s::regproc)", [function])
        (original,) = cursor.fetchone()
        text = original
        for old, new in changes:
            assert text.count(old) == 1, f"{function} says {text.count(old)} times: {old}"
            text = text.replace(old, new)
        cursor.execute(text)
        try:
            yield
        finally:
            cursor.execute(original)


@contextmanager
def without_triggers() -> Iterator[None]:
    """What the database would let pass if nobody had told it what stock is. For the naive writers of the red proofs."""
    with transaction.atomic(), connection.cursor() as cursor:
        cursor.execute("SET LOCAL session_replication_role = replica")
        yield


def race(threads: int, deed: Callable[[int], Any]) -> list[Any]:
    """`deed(number)` in so many threads at once. Their results, or what they raised."""

    def run(number: int) -> Any:
        try:
            return deed(number)
        except Exception as error:
            return error

    with connections_for(threads):
        return at_once(*[lambda number=number: run(number) for number in range(threads)])


def attempt(deed: Callable[[], Any]) -> str:
    """`done`, or the code of the refusal, or the name of the error that should never be seen."""
    try:
        deed()
    except Refusal as refusal:
        return refusal.code
    except Exception as error:
        return type(error).__name__
    return "done"


def take(product: Any, pieces: int = 1, *, at: str | None = None, reason: str = "sold") -> None:
    stock.adjust([Line(product=product.pk, quantity=-pieces, location=at)], reason=reason, actor=ANA)


def bring(product: Any, pieces: int = 1, *, at: str | None = None) -> None:
    stock.adjust([Line(product=product.pk, quantity=pieces, location=at)], reason="received", actor=ANA)


def assert_ledger_explains(product: Any) -> None:
    """Each level's rows are numbered without gaps, each balance follows the last, and the last is the level's."""
    for level in StockLevel.objects.filter(product=product.pk):
        balance = dict.fromkeys(COUNTERS, 0)
        rows = StockMovement.objects.filter(product=level.product_id, location=level.location_id).order_by("sequence")
        for number, row in enumerate(rows, start=1):
            assert row.sequence == number
            for name in COUNTERS:
                balance[name] += getattr(row, f"delta_{name}")
                assert getattr(row, f"balance_{name}") == balance[name]
        assert balance == {name: getattr(level, name) for name in COUNTERS}
