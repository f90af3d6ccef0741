"""Stock as it was: the last ledger row of each level up to an instant carries every balance.

One index range per level (`movement_as_of`: product, location, recorded_at descending) finds that row without reading
the rows after it, so the cost depends on the number of levels asked for and not on the length of the ledger.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from django.db import connections

SQL = """
    SELECT v.id, m.balance_on_hand, m.balance_unavailable, m.balance_allocated, m.balance_reserved, m.balance_available,
           m.sequence, m.recorded_at
      FROM inventory_stocklevel v
      JOIN LATERAL (
           SELECT * FROM inventory_stockmovement m
            WHERE m.product_id = v.product_id AND m.location_id = v.location_id AND m.recorded_at <= %s
            ORDER BY m.recorded_at DESC, m.sequence DESC LIMIT 1) m ON true
     WHERE v.id = ANY(%s)
"""


@dataclass(frozen=True, slots=True)
class Balance:
    """The counters of one level at an instant, in pieces; zeros before its first ledger row."""

    on_hand: int = 0
    unavailable: int = 0
    allocated: int = 0
    reserved: int = 0
    available: int = 0
    sequence: int = 0
    recorded_at: datetime | None = None


def balances(levels: Sequence[UUID], at: datetime, using: str = "default") -> dict[UUID, Balance]:
    """The balance of each level at `at` (inclusive)."""
    with connections[using].cursor() as cursor:
        cursor.execute(SQL, [at, list(levels)])
        found = {row[0]: Balance(*row[1:]) for row in cursor.fetchall()}
    return {level: found.get(level, Balance()) for level in levels}
