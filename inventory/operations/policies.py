"""Policies in force: level → product → category (the nearest that says something) → the service's default."""

from collections.abc import Sequence
from typing import Any
from uuid import UUID

from django.db import IntegrityError, connection
from django.db.models import Func

from inventory import conf, locks
from inventory.context import current_actor
from inventory.errors import InUse, NotFound, VersionMismatch
from inventory.models import Category, Product, ProductStock, StockLevel
from inventory.signals import StockChange, policy_changed

from . import ledger

SQL = "SELECT * FROM stock_apply_policies(%s::uuid[], %s::int, %s::int)"
PROMISES = "level_promises_no_more_than_it_has"
LIMIT = ("backorder_limit",)
PRODUCT_POLICIES = ("category_id", "reorder_point", "backorder_limit", "track_stock")
CATEGORY_POLICIES = ("parent_id", "reorder_point", "safety_stock")

Change = tuple[dict[str, Any] | None, dict[str, Any] | None]


def apply(products: Sequence[UUID], *, quietly: bool = False) -> list[StockChange]:
    """Recompute what is in force for `products` and tell `policy_changed`, unless `quietly`.

    Idempotent; runs in the caller's transaction. Raises InUse when a backorder limit would fall below what is promised.
    """
    if not products:
        return []
    try:
        with connection.cursor() as cursor:
            cursor.execute(SQL, [list(products), conf.default_reorder_point(), conf.default_safety_stock()])
            changes = [_change(row) for row in cursor.fetchall()]
    except IntegrityError as error:
        if _constraint(error) == PROMISES:
            raise InUse("More is promised already than this backorder limit allows.") from error
        raise
    if changes and not quietly:
        policy_changed.send(sender=ProductStock, changes=changes, using=connection.alias)
    return changes


def follow_products(changes: Sequence[Change]) -> None:
    """Recompute for the products among `changes` (values before, after) whose policies or category changed."""
    present = [(before, after) for before, after in changes if after is not None]
    # The first policies of a new product are not news: a product that never had stock has not fallen below anything.
    apply([after["id"] for before, after in present if before is None], quietly=True)
    _free_lapsed([after["id"] for before, after in present if before and _differ(before, after, LIMIT)])
    apply([after["id"] for before, after in present if before and _differ(before, after, PRODUCT_POLICIES)])
    _tell_tracking(
        {after["id"]: after["track_stock"] for before, after in present if before and _tracking(before, after)}
    )


def follow_categories(changes: Sequence[Change]) -> None:
    """Recompute for every product in and below the categories whose policies or place in the tree changed."""
    # New ones as well: a fixture may have brought the products of a category before the category.
    moved = [after["id"] for before, after in changes if after and _differ(before, after, CATEGORY_POLICIES)]
    if moved:
        below = Category.objects.with_descendants(moved)
        apply(list(Product.objects.filter(category__in=below).values_list("pk", flat=True)))


def set_on_level(level: StockLevel, expected_version: int | None, values: dict[str, Any]) -> StockLevel:
    """Write a level's own policies. The product's totals are locked first, as by every move."""
    locks.totals([level.product_id])
    fresh = locks.row(StockLevel, level.pk)
    if fresh is None:
        raise NotFound("This stock level was deleted meanwhile.")
    if expected_version is not None and fresh.version != expected_version:
        raise VersionMismatch(f"This stock level is at version {fresh.version}, not {expected_version}. Read it again.")
    changed = {name: value for name, value in values.items() if getattr(fresh, name) != value}
    if not changed:
        return fresh
    if "backorder_limit" in changed:
        _free_lapsed([fresh.product_id])
        fresh.refresh_from_db()
    before = fresh.reorder_point
    for name, value in changed.items():
        setattr(fresh, name, value)
    fresh.version += 1
    # By the database's clock, as the ledger: no row of it is recorded before its level was touched last.
    fresh.updated_at = Func(function="clock_timestamp")
    fresh.save(update_fields=[*changed, "version", "updated_at"])
    apply([fresh.product_id])
    fresh.refresh_from_db()
    if fresh.reorder_point != before:
        own = StockChange(
            str(fresh.product_id), str(fresh.location_id), fresh.available, fresh.available, before, fresh.reorder_point
        )
        policy_changed.send(sender=ProductStock, changes=[own], using=connection.alias)
    return fresh


def _free_lapsed(products: Sequence[UUID]) -> None:
    """Holds that are over stand in nobody's way; the counters that a lower limit is held against must know."""
    if products:
        locks.totals(products)
        ledger.free_lapsed(products, current_actor())


def _constraint(error: IntegrityError) -> str | None:
    diagnosis = getattr(error.__cause__, "diag", None)
    return getattr(diagnosis, "constraint_name", None)


def _tracking(before: dict[str, Any], after: dict[str, Any]) -> bool:
    return bool(before["track_stock"] != after["track_stock"])


def _tell_tracking(tracked: dict[UUID, bool]) -> None:
    """Tell that the levels' own reorder points count from now on, or no longer, with the tracking of their products."""
    changes = []
    for level in StockLevel.objects.filter(product__in=list(tracked), reorder_point__isnull=False) if tracked else ():
        point, now = level.reorder_point, tracked[level.product_id]
        points = (None, point) if now else (point, None)
        changes.append(
            StockChange(str(level.product_id), str(level.location_id), level.available, level.available, *points)
        )
    if changes:
        policy_changed.send(sender=ProductStock, changes=changes, using=connection.alias)


def _differ(before: dict[str, Any] | None, after: dict[str, Any], names: Sequence[str]) -> bool:
    return not before or any(before.get(name) != after.get(name) for name in names)


def _change(row: tuple[Any, ...]) -> StockChange:
    product, location, before, after, reorder_before, reorder_after = row
    return StockChange(str(product), str(location) if location else None, before, after, reorder_before, reorder_after)
