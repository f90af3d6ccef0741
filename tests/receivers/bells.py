"""Doorbells for the length of a test, and what the service tells about its own."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from typing import Any

from django.db import connection
from django.dispatch import Signal
from django.utils import timezone
from prometheus_client import REGISTRY as METRICS

from inventory.models import Location, OperatorProfile, ReceiverFailure
from inventory.receivers import guards


@contextmanager
def listening(signal: Signal, sender: Any = None, deed: Callable[..., Any] | None = None) -> Iterator[list[Any]]:
    """A receiver without any guard. Yields the arguments of each ring; `deed` is called with them."""
    heard: list[dict[str, Any]] = []

    def receiver(**kwargs: Any) -> None:
        heard.append(kwargs)
        if deed is not None:
            deed(**kwargs)

    signal.connect(receiver, sender=sender, weak=False)
    try:
        yield heard
    finally:
        signal.disconnect(receiver, sender=sender)


@contextmanager
def broken(name: str, deed: Callable[..., None]) -> Iterator[None]:
    """The service's own receiver `module.function` does `deed` instead of its work."""
    bell = guards.REGISTRY[name]
    kept = bell.receiver, bell.replay
    bell.receiver, bell.replay = deed, None
    try:
        yield
    finally:
        bell.receiver, bell.replay = kept


def failures_counted(name: str) -> float:
    return METRICS.get_sample_value("stockroom_receiver_failures_total", {"receiver": name}) or 0


def make_due() -> None:
    """As if the time until the next try had gone by."""
    ReceiverFailure.objects.update(due_at=timezone.now())


# --- What can go wrong in a receiver ----------------------------------------------------------------------------------


def wrong_value(**kwargs: Any) -> None:
    raise ValueError("the receiver has a bug")


def database_error(**kwargs: Any) -> None:
    with connection.cursor() as cursor:
        cursor.execute("SELECT * FROM a_table_that_is_not_there")


def integrity_error(**kwargs: Any) -> None:
    Location.objects.create(code="MAIN", name="There is one already")


def division_by_zero(**kwargs: Any) -> None:
    with connection.cursor() as cursor:
        cursor.execute("SELECT 1 / 0")


def deferred_error(**kwargs: Any) -> None:
    """The database would complain at COMMIT only."""
    OperatorProfile.objects.create(user_id=2_000_000_000)


def swallowed_sql_error(**kwargs: Any) -> None:
    with suppress(Exception):
        division_by_zero()


def swallowed_orm_error(**kwargs: Any) -> None:
    with suppress(Exception):
        integrity_error()


FAILURES = [
    wrong_value,
    database_error,
    integrity_error,
    division_by_zero,
    deferred_error,
    swallowed_sql_error,
    swallowed_orm_error,
]
