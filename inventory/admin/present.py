"""Stock as it is at this instant: a hold that is over no longer counts, though its counters wait for the sweeper."""

from typing import Any, TypeVar

from inventory.models.reservations import lapsed_at_levels, lapsed_of_products

T = TypeVar("T")


def with_lapsed_levels(levels: Any) -> Any:
    """A queryset of levels that `settle` can put right."""
    return levels.annotate(lapsed=lapsed_at_levels())


def with_lapsed_products(rows: Any, product: str = "pk") -> Any:
    """The same for products, or for totals with `product` naming the product's id."""
    return rows.annotate(lapsed=lapsed_of_products(product))


def settle(row: T, over: int | None = None) -> T:
    """Take the pieces whose hold is over (`over`, else what the queryset found) from reserved to available, once."""
    counters: Any = row
    pieces = counters.__dict__.get("lapsed", 0) if over is None else over
    counters.lapsed = 0
    counters.reserved -= pieces
    counters.available += pieces
    return row
