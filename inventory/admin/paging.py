"""Pages of large tables: nobody turns to page 20,000, so nobody counts that far."""

from functools import cached_property
from typing import Any

from django.core.paginator import Paginator

LIMIT = 10_000


class More(int):
    """A count that stopped: a number to reckon with, “10000+” to read."""

    def __str__(self) -> str:
        return f"{int(self)}+"


class BoundedPaginator(Paginator):
    """Counts up to `LIMIT` rows; what lies behind them is found by filters and search."""

    @cached_property
    def count(self) -> int:
        rows: Any = self.object_list
        found = rows.order_by()[: LIMIT + 1].count()
        return More(LIMIT) if found > LIMIT else int(found)
