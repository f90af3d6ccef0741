"""Every row lock of the domain. Locks are taken in one order: tree, then rows by kind as below, then by primary key.

1  the category tree: shared by product writers, exclusive for a move (trigger `category_tree_is_a_tree`)
2  totals in order of product: `totals`, and first thing inside `stock_move` and `stock_apply_policies`; the levels
   of a product are only touched under them, and a reservation only under those of all its products
3  one row of a noun: `row`
"""

from collections.abc import Collection
from typing import Any, TypeVar
from uuid import UUID

from django.db import connections, models

from inventory.models import ProductStock

M = TypeVar("M", bound=models.Model)


def row(model: type[M], pk: Any, using: str = "default") -> M | None:
    """The row as it is now, locked until the end of the transaction; None when it is not there."""
    return model._base_manager.using(using).select_for_update(of=("self",)).filter(pk=pk).first()


def totals(products: Collection[UUID], using: str = "default") -> None:
    """Lock the products' totals: nobody else moves their stock or their reservations until the transaction ends."""
    rows = ProductStock.objects.using(using).filter(pk__in=list(products)).order_by("pk")
    list(rows.select_for_update().values_list("pk", flat=True))


def category_paths(ids: list[UUID], using: str = "default") -> list[UUID]:
    """The categories `ids` and all above them, under a shared lock of the tree: nobody moves one until we commit."""
    with connections[using].cursor() as cursor:
        cursor.execute("SELECT category_paths(%s)", [list(ids)])
        return [line[0] for line in cursor.fetchall()]


def name(text: str, using: str = "default") -> None:
    """Serialise everybody who is about to give out the name `text`, until the end of the transaction."""
    with connections[using].cursor() as cursor:
        cursor.execute("SELECT pg_advisory_xact_lock(hashtextextended(%s, 7))", [text])
