"""Which cached things a changed row stands behind: the rows are known here, the protocol in `inventory.caching`."""

from collections.abc import Iterable, Sequence
from typing import Any
from uuid import UUID

from inventory import caching, locks
from inventory.caching import keys

#: The columns of a product that decide in which listings it is, and where.
LISTED_BY = ("category_id", "name", "price", "created_at")

Change = tuple[dict[str, Any] | None, dict[str, Any] | None]


def drop_products(changes: Sequence[Change], using: str) -> None:
    """Declare products and, where membership or order changes, the listings of old and new category and all above."""
    declared: set[str] = set()
    categories: set[UUID] = set()
    for before, after in changes:
        for values in (before, after):
            if values is not None:
                declared |= {keys.product(values["id"]), keys.product_sku(values["sku"])}
        if _moved(before, after):
            categories |= {v["category_id"] for v in (before, after) if v is not None and v["category_id"] is not None}
    declared |= _listings(categories, using)
    caching.declare(sorted(declared), using=using)


def drop_categories(changes: Sequence[Change], using: str) -> None:
    """Declare the listings of categories, of all above, and the tree."""
    touched: set[UUID] = set()
    for before, after in changes:
        for values in (before, after):
            if values is not None:
                touched |= {values["id"], values["parent_id"]} - {None}
    caching.declare(sorted({keys.category_tree(), *_listings(touched, using)}), using=using)


def drop_stock(products: Iterable[str], using: str) -> None:
    caching.declare(sorted({keys.product(product) for product in products}), using=using)


def _moved(before: dict[str, Any] | None, after: dict[str, Any] | None) -> bool:
    if before is None or after is None:
        return True
    return any(before.get(name) != after.get(name) for name in LISTED_BY)


def _listings(categories: set[UUID], using: str) -> set[str]:
    if not categories:
        return set()
    above = locks.category_paths(sorted(categories), using)
    return {keys.listing(category) for category in {*categories, *above}}
