"""Two years of a shop, written in minutes: products, levels, totals and a ledger as `stock_move` would have left them.

The triggers sleep while it is written, in this database only; then `reconcile` is asked about a sample. Nine of ten
products hold stock; the first 20,000 of them do so at three locations and have nearly all of the ledger's rows.
"""

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from django.db import connection, transaction

from inventory import conf
from inventory.context import SYSTEM
from inventory.models import Location, Product, Reason
from inventory.operations import catalog, locations, reconcile, stock
from inventory.values import Line

BUSY, FEW, BATCH = 20_000, 20, 1_000_000
PLACES, VAN = ("MAIN", "SHOP", "DEPOT"), "VAN"
SHOP, MOVEMENTS, TOTALS = Path(__file__).with_name("past.sql").read_text().split("\n-- Next --\n")
EMPTY = """
    TRUNCATE inventory_product, inventory_productstock, inventory_stocklevel, inventory_stockmovement,
             inventory_category, inventory_archivedobject, inventory_former_name CASCADE
"""
INDEXES = """
    SELECT format('DROP INDEX %%s', indexrelid::regclass), pg_get_indexdef(indexrelid) FROM pg_index
     WHERE indrelid = ANY (%(tables)s::regclass[])
       AND NOT EXISTS (SELECT 1 FROM pg_constraint WHERE conindid = indexrelid)
    UNION ALL
    SELECT format('ALTER TABLE %%s DROP CONSTRAINT %%I', conrelid::regclass, conname),
           format('ALTER TABLE %%s ADD CONSTRAINT %%I %%s', conrelid::regclass, conname, pg_get_constraintdef(oid))
      FROM pg_constraint WHERE conrelid = ANY (%(tables)s::regclass[]) AND contype = 'u'
"""
TABLES = ["inventory_product", "inventory_productstock", "inventory_stocklevel", "inventory_stockmovement"]

Say = Callable[[str], None]


@dataclass(frozen=True, slots=True)
class Past:
    """How much was written."""

    products: int
    levels: int
    movements: int


def write(products: int, movements: int, say: Say) -> Past:
    """Empty the shop and write it anew, with about so many ledger rows, and one more for each product that is quiet."""
    for code in (*PLACES, VAN):
        if not Location.objects.filter(code=code).exists():
            locations.create_location(actor=SYSTEM, code=code, name=code)
    with transaction.atomic(), connection.cursor() as cursor:
        cursor.execute("SET LOCAL session_replication_role = replica")
        cursor.execute("SET LOCAL maintenance_work_mem = '512MB'; SET LOCAL work_mem = '128MB'")
        cursor.execute("SET LOCAL statement_timeout = 0; SET LOCAL idle_in_transaction_session_timeout = 0")
        cursor.execute(EMPTY)
        levels = _fill(cursor, products, movements, say)
    with connection.cursor() as cursor:
        cursor.execute("SET statement_timeout = 0")
        cursor.execute("VACUUM (ANALYZE)")
        cursor.execute("RESET statement_timeout")
    _rare_deeds()
    _check()
    return Past(products, levels, _one("SELECT count(*) FROM inventory_stockmovement"))


def _fill(cursor: Any, products: int, movements: int, say: Say) -> int:
    busy = min(products, BUSY)
    depth = max(1, round(movements / (busy * 0.9 * len(PLACES))))
    values = {"products": products, "few": FEW, "busy": busy, "places": list(PLACES), "depth": depth}
    cursor.execute(INDEXES, {"tables": TABLES})
    indexes = cursor.fetchall()
    for drop, _ in indexes:
        cursor.execute(drop)
    for statement in SHOP.split(";\n"):
        cursor.execute(statement, values)
    levels, busy_levels = _one("SELECT count(*) FROM shelf"), _one("SELECT count(*) FROM shelf WHERE rows > 1")
    slots = levels + busy_levels * (_one("SELECT max(rows) FROM shelf") - 1)
    for first in range(0, slots, BATCH):
        batch = {"first": first, "last": min(first + BATCH, slots) - 1, "slots": slots}
        batch |= {"levels": levels, "busy": busy_levels}
        cursor.execute(MOVEMENTS, batch)
        say(f"ledger: {100 * first // slots} %")
    say("indexes")
    for _, create in indexes:
        cursor.execute(create)
    for statement in TOTALS.split(";\n"):
        cursor.execute(statement, {"reorder_point": conf.default_reorder_point()})
    return levels


def _rare_deeds() -> None:
    """What hardly ever happens, through the front door: the ledger goes on as if it had always been kept that way."""
    first, second = Product.objects.order_by("id")[:2]
    for _ in range(FEW):
        stock.adjust([Line(sku=first.sku, quantity=1, location=VAN)], reason=Reason.FOUND, actor=SYSTEM)
    catalog.update_product(second, actor=SYSTEM, sku="RENAMED")


def _check() -> None:
    sample = [row.pk for row in Product.objects.order_by("name")[:500]]
    sample += [row.pk for row in Product.objects.order_by("id")[:500]]
    drifted = reconcile.examine(sample)
    if drifted:
        raise AssertionError(f"{len(drifted)} drifts, first {drifted[0]}")


def _one(sql: str) -> int:
    with connection.cursor() as cursor:
        cursor.execute(sql)
        return int(cursor.fetchone()[0])
