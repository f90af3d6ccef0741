"""Stock as it was: the last ledger row of each level up to an instant carries every balance.

A level's rows are numbered without gaps and never run backwards in time. So the unique index on their numbers, which
carries `recorded_at` along, is searched by halves, for all levels of a page at once: twenty steps for a level with a
million rows. An index on time would save these steps and cost every write.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from django.db import connections

# Each row is looked for downwards in the whole order of that index. Asked for a number of a level, PostgreSQL may as
# well go through all rows of the product, or turn the look-up into a join that reads all levels'.
SQL = """
    WITH RECURSIVE search(id, product, location, low, high) AS (
        SELECT v.id, v.product_id, v.location_id, 0::bigint, v.sequence
          FROM inventory_stocklevel v WHERE v.id = ANY(%(levels)s)
        UNION ALL
        SELECT s.id, s.product, s.location, CASE WHEN m.early THEN m.sequence ELSE s.low END,
               CASE WHEN m.early THEN s.high ELSE m.sequence - 1 END
          FROM search s
         CROSS JOIN LATERAL (
               SELECT m.sequence, m.recorded_at <= %(at)s AS early FROM inventory_stockmovement m
                WHERE (m.product_id, m.location_id, m.sequence) <= (s.product, s.location, (s.low + s.high + 1) / 2)
                ORDER BY m.product_id DESC, m.location_id DESC, m.sequence DESC LIMIT 1) m
         WHERE s.low < s.high
    )
    SELECT s.id, m.balance_on_hand, m.balance_unavailable, m.balance_allocated, m.balance_reserved, m.balance_available,
           m.sequence, m.recorded_at
      FROM search s
     CROSS JOIN LATERAL (
           SELECT * FROM inventory_stockmovement m
            WHERE (m.product_id, m.location_id, m.sequence) <= (s.product, s.location, s.low)
            ORDER BY m.product_id DESC, m.location_id DESC, m.sequence DESC LIMIT 1) m
     WHERE s.low = s.high AND s.low > 0
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
        cursor.execute(SQL, {"levels": list(levels), "at": at})
        found = {row[0]: Balance(*row[1:]) for row in cursor.fetchall()}
    return {level: found.get(level, Balance()) for level in levels}
