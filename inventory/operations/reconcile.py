"""Reconciling: what drifted apart is found, and brought together by rows that say so.

The counters are believed and the ledger is amended, never the other way round: since they drifted, every sale and every
promise was checked against the counters. So a level that does not say what its ledger says gets one more ledger row of
the kind `reconcile`, which carries the difference. Totals and policies in force are derived and computed again; goods
on the road and promises follow their transfers and reservations, through `stock_move`.

A ledger with a gap or a broken balance in its middle is told and not mended: a history is not invented.
"""

import logging
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from itertools import groupby
from typing import Any
from uuid import UUID

from django.db import connection

from inventory import conf, locks
from inventory.context import Actor, current_request_id
from inventory.errors import Refusal
from inventory.metrics import drifts
from inventory.models import COUNTERS, Kind, Location, Product, ProductStock, StockLevel, drift
from inventory.models.drift import Drift
from inventory.signals import StockChange, stock_changed

from . import ledger, policies
from .base import operation
from .ledger import Move, Note

log = logging.getLogger("inventory.reconcile")

BATCH = 500
POLICIES = "INVENTORY_POLICIES_ENABLED"
WHY_LEFT = {
    "ledger": "a history is not invented: bring back the missing rows from a backup",
    "counters": "its product or its location is gone: restore it first",
    "totals": "it changes faster than it can be repaired",
}

COMPENSATE = """
    WITH place AS (
        SELECT v.*, p.sku, c.code, m.sequence AS last,
               GREATEST(clock_timestamp(), v.updated_at, m.recorded_at) AS instant,
               COALESCE(m.balance_on_hand, 0) AS m_on_hand, COALESCE(m.balance_unavailable, 0) AS m_unavailable,
               COALESCE(m.balance_allocated, 0) AS m_allocated, COALESCE(m.balance_reserved, 0) AS m_reserved
          FROM inventory_stocklevel v
          JOIN inventory_product p ON p.id = v.product_id
          JOIN inventory_location c ON c.id = v.location_id
          LEFT JOIN LATERAL (SELECT * FROM inventory_stockmovement m
                              WHERE m.product_id = v.product_id AND m.location_id = v.location_id
                              ORDER BY m.sequence DESC LIMIT 1) m ON true
         WHERE v.product_id = %(product)s AND v.location_id = %(location)s
    ), numbered AS (
        UPDATE inventory_stocklevel v SET sequence = COALESCE(a.last, 0) + 1, updated_at = a.instant
          FROM place a WHERE v.id = a.id
    )
    INSERT INTO inventory_stockmovement (
        id, sequence, product_id, location_id, sku, location_code, kind, reason,
        delta_on_hand, delta_unavailable, delta_allocated, delta_reserved,
        balance_on_hand, balance_unavailable, balance_allocated, balance_reserved, balance_available,
        source, reference, note, actor, request_id, occurred_at, recorded_at)
    SELECT uuid_of_instant(a.instant), COALESCE(a.last, 0) + 1, a.product_id, a.location_id, a.sku, a.code,
           'reconcile', '', a.on_hand - a.m_on_hand, a.unavailable - a.m_unavailable, a.allocated - a.m_allocated,
           a.reserved - a.m_reserved,
           a.on_hand, a.unavailable, a.allocated, a.reserved, a.available,
           NULL, '', %(note)s, %(actor)s, %(request)s, a.instant, a.instant
      FROM place a
"""
ADD_UP = """
    UPDATE inventory_productstock s
       SET on_hand = l.on_hand, unavailable = l.unavailable, allocated = l.allocated, reserved = l.reserved,
           incoming = l.incoming, safety_stock_in_force = l.safety_stock, updated_at = clock_timestamp()
      FROM (SELECT COALESCE(sum(v.on_hand), 0) AS on_hand, COALESCE(sum(v.unavailable), 0) AS unavailable,
                   COALESCE(sum(v.allocated), 0) AS allocated, COALESCE(sum(v.reserved), 0) AS reserved,
                   COALESCE(sum(v.incoming), 0) AS incoming, COALESCE(sum(v.safety_stock_in_force), 0) AS safety_stock
              FROM inventory_stocklevel v WHERE v.product_id = %(product)s) l
     WHERE s.product_id = %(product)s
"""


@dataclass(frozen=True, slots=True)
class Finding:
    """A drift, and what became of it: `repaired`, or `why` it was not."""

    drift: Drift
    repaired: bool = False
    why: str = ""


Progress = Callable[[int, int], None]


def reconcile(
    *, fix: bool, actor: Actor, batch: int = BATCH, progress: Progress = lambda done, total: None
) -> Iterator[Finding]:
    """Look at every product, `batch` at a time; with `fix`, repair each in a transaction of its own.

    `progress(done, total)` counts products. At the end the gauge `stockroom_drifts` says what is left of each kind.
    """
    left = dict.fromkeys(drift.KINDS, 0)
    done, last, total = 0, UUID(int=0), ProductStock.objects.count()
    while products := drift.products_after(last, batch):
        for product, found in groupby(examine(products), key=lambda one: one.product):
            for finding in repair(product, list(found), actor=actor) if fix else map(Finding, found):
                left[finding.drift.kind] += not finding.repaired
                yield finding
        done, last = done + len(products), products[-1]
        progress(done, max(done, total))
    for kind, count in left.items():
        drifts.labels(kind).set(count)


def check(*, actor: Actor) -> int:
    """Look at everything and say in the log what does not agree. Returns how much that is."""
    count = 0
    for finding in reconcile(fix=False, actor=actor):
        one, count = finding.drift, count + 1
        log.error(
            "stock has drifted: %s of %s at %s is %s, not %s", one.kind, one.sku, one.code, one.found, one.expected
        )
    return count


def examine(products: Sequence[UUID]) -> list[Drift]:
    """Everything that does not agree among `products`, product by product."""
    kinds = [kind for kind in drift.KINDS if kind != "policies" or conf.is_on(POLICIES)]
    found = [one for kind in kinds for one in _among(products, kind)]
    return sorted(found, key=lambda one: (one.product, kinds.index(one.kind)))


def repair(product: UUID, found: Sequence[Drift], *, actor: Actor) -> Iterator[Finding]:
    """Bring together what drifted apart of one product. Refusals become the `why` of what is left."""
    if any(one.kind in ("counters", "totals") for one in found):
        _counters_and_totals(product, actor=actor)
    for one in found:
        if one.kind in ("policies", "incoming", "promises"):
            yield _alone(one, actor)
        else:
            left = any(again.location == one.location for again in _among([product], one.kind))
            yield Finding(one, repaired=not left, why=WHY_LEFT[one.kind] if left else "")


@operation
def _counters_and_totals(product: UUID, *, actor: Actor) -> None:
    # In one transaction, for at its end the database compares both.
    locks.totals([product])
    for one in _among([product], "counters"):
        if _is_there(one):
            _compensate(one, actor)
    if _among([product], "totals"):
        _add_up(product)
    _tell_afresh(product)


def _compensate(found: Drift, actor: Actor) -> None:
    values: dict[str, Any] = {
        "product": found.product,
        "location": found.place,
        "note": f"Found {_told(found.found)} where the ledger says {_told(found.expected)}.",
        "actor": str(actor),
        "request": current_request_id(),
    }
    with connection.cursor() as cursor:
        cursor.execute(COMPENSATE, values)


def _add_up(product: UUID) -> None:
    with connection.cursor() as cursor:
        cursor.execute(ADD_UP, {"product": product})


def _tell_afresh(product: UUID) -> None:
    """Let cache and alerts look again. Whoever wrote behind the back told neither, so nobody knows what was before."""
    totals = ProductStock.objects.filter(pk=product)
    levels = StockLevel.objects.filter(product=product, reorder_point__isnull=False)
    changes = [
        *(_afresh(product, None, row.available, row.reorder_point_in_force) for row in totals),
        *(_afresh(product, row.location_id, row.available, row.reorder_point) for row in levels),
    ]
    if changes:
        stock_changed.send(sender=StockLevel, changes=changes, using=connection.alias)


def _afresh(product: UUID, location: UUID | None, available: int, point: int | None) -> StockChange:
    """As if it had crossed its reorder point just now: opens what should be open, closes what should not."""
    change = StockChange(str(product), str(location) if location else None, available, available, None, point)
    if change.is_low:
        return change
    return replace(change, before=(point or 0) - 1, reorder_point_before=point)


def _alone(found: Drift, actor: Actor) -> Finding:
    try:
        _follow(found, actor=actor)
    except Refusal as refusal:
        return Finding(found, why=refusal.detail)
    return Finding(found, repaired=True)


@operation
def _follow(found: Drift, *, actor: Actor) -> None:
    """Make policies, goods on the road or promises what they should be, if they still are not."""
    locks.totals([found.product])
    if found.kind == "policies":
        policies.apply([found.product])
        return
    for one in _among([found.product], found.kind):
        if one.location == found.location:
            deltas = {name: one.expected[name] - one.found[name] for name in one.found}
            kind = Kind.RECONCILE if one.kind == "promises" else None
            note = Note(None, "", f"Found {_told(one.found)}, should be {_told(one.expected)}.", None, actor)
            ledger.move([Move(product=one.product, location=one.place, kind=kind, **deltas)], note, {})


def _among(products: Sequence[UUID], kind: str) -> list[Drift]:
    return drift.among(
        products, kind, reorder_point=conf.default_reorder_point(), safety_stock=conf.default_safety_stock()
    )


def _is_there(found: Drift) -> bool:
    """A level is made for a place that lost it, with nothing on it and the number of its last ledger row."""
    if StockLevel.objects.filter(product=found.product, location=found.place).exists():
        return True
    product = Product.objects.filter(pk=found.product).first()
    if product is None or not Location.objects.filter(pk=found.place).exists():
        return False
    StockLevel.objects.create(product=product, location_id=found.place, sequence=found.expected["sequence"])
    policies.apply([product.pk])
    return True


def _told(figures: dict[str, int]) -> str:
    names = sorted(figures, key=lambda name: COUNTERS.index(name) if name in COUNTERS else len(COUNTERS))
    return ", ".join(f"{figures[name]} {name}" for name in names if name != "sequence")
