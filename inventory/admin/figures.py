"""The numbers of the boards. Each question is bounded in time: a dashboard never holds up the shop."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from decimal import Decimal
from typing import Any, TypeVar
from uuid import UUID

from django.db import OperationalError, connection, transaction
from django.db.models import Count
from django.utils import timezone

from inventory.models import ProductStock, ReceiverFailure, Severity, StockAlert

from .moments import first_id

T = TypeVar("T")

PATIENCE_MS = 1_500
FAILURES_AT_MOST = 1_000

# What was recorded cannot have happened later, so the key of its recording bounds the rows from below.
MOVED = """
    SELECT (m.occurred_at AT TIME ZONE 'UTC')::date, count(*), COALESCE(sum(GREATEST(m.delta_on_hand, 0)), 0),
           COALESCE(-sum(LEAST(m.delta_on_hand, 0)), 0)
      FROM inventory_stockmovement m
     WHERE m.id >= %s AND m.occurred_at >= %s AND m.kind NOT IN ('transfer_in', 'transfer_out')
     GROUP BY 1
"""
CHANGED = """
    SELECT (m.occurred_at AT TIME ZONE 'UTC')::date,
           sum(m.delta_on_hand - m.delta_unavailable - m.delta_allocated - m.delta_reserved)
      FROM inventory_stockmovement m
     WHERE m.product_id = %s AND m.id >= %s AND m.occurred_at >= %s
     GROUP BY 1
"""
VALUE = """
    SELECT p.currency, sum(s.on_hand * p.price)
      FROM inventory_productstock s JOIN inventory_product p ON p.id = s.product_id
     WHERE s.on_hand > 0 GROUP BY 1 ORDER BY 2 DESC
"""


@dataclass(frozen=True, slots=True)
class Day:
    """What came in and went out on one day (UTC), in pieces, and in how many ledger rows. Transfers cancel out."""

    day: date
    rows: int
    pieces_in: int
    pieces_out: int


def quickly(question: Callable[[], T]) -> T | None:
    """The answer, or None when the database takes longer than `PATIENCE_MS` for it."""
    try:
        with transaction.atomic(), connection.cursor() as cursor:
            cursor.execute("SELECT set_config('statement_timeout', %s, true)", [str(PATIENCE_MS)])
            return question()
    except OperationalError:
        return None


def open_alerts() -> dict[str, int]:
    """Severity → unresolved alerts, worst first."""
    rows = StockAlert.objects.filter(resolved_at=None).order_by().values_list("severity").annotate(alerts=Count("pk"))
    counted = dict(rows)
    return {severity: counted.get(severity, 0) for severity in (Severity.OUT_OF_STOCK, Severity.LOW_STOCK)}


def failed_receivers() -> int:
    """Receivers that wait to be rung again, counted up to 1,000."""
    return ReceiverFailure.objects.order_by()[:FAILURES_AT_MOST].count()


def products_by_state() -> dict[str, int]:
    return dict(ProductStock.objects.order_by().values_list("state").annotate(products=Count("pk")))


def stock_value() -> list[tuple[str, Decimal]]:
    """(currency, value of what is on hand at today's prices), largest first."""
    return _rows(VALUE, [])


def movement_days(count: int) -> list[Day]:
    """The last `count` days, today included, oldest first."""
    days, start = _days(count)
    found = {row[0]: row for row in _rows(MOVED, [first_id(start), start])}
    return [
        Day(day, *(int(number) for number in found[day][1:])) if day in found else Day(day, 0, 0, 0) for day in days
    ]


def available_by_day(product: UUID, now: int, count: int) -> list[tuple[date, int]]:
    """How many pieces were available at the end of each of the last `count` days: `now`, and the ledger backwards."""
    days, start = _days(count)
    changes = {day: int(change) for day, change in _rows(CHANGED, [product, first_id(start), start])}
    series, level = [], now
    for day in reversed(days):
        series.append((day, level))
        level -= changes.get(day, 0)
    return series[::-1]


def _days(count: int) -> tuple[list[date], datetime]:
    today = timezone.now().date()
    days = [today - timedelta(days=back) for back in range(count - 1, -1, -1)]
    return days, datetime.combine(days[0], time.min, tzinfo=timezone.now().tzinfo)


def _rows(sql: str, parameters: list[Any]) -> list[Any]:
    with connection.cursor() as cursor:
        cursor.execute(sql, parameters)
        return cursor.fetchall()
