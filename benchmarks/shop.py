"""The shop that is measured: so many products with stock at one location, and a reference table of the same size."""

import time

from django.db import connection, transaction

from inventory import caching
from inventory.context import SYSTEM, muted
from inventory.models import Product, Reason
from inventory.operations import stock
from inventory.values import Line

from . import guarded

RECEIVERS = (
    "INVENTORY_ACTIVITY_LOG_ENABLED",
    "INVENTORY_SLUGS_ENABLED",
    "INVENTORY_EVENTS_ENABLED",
)
PIECES = 1_000_000


def furnish(products: int) -> list[str]:
    """Make the products, each with a million pieces at the default location. Returns their SKUs."""
    skus = [f"BENCH-{n:07d}" for n in range(products)]
    with connection.cursor() as cursor:
        for statement in filter(str.strip, guarded.TABLES.split(";")):
            cursor.execute(statement)
        cursor.execute("INSERT INTO reference_level SELECT unnest(%s::text[]), %s", [skus, PIECES])
    for start in range(0, products, 1000):
        batch = skus[start : start + 1000]
        with muted(*RECEIVERS), transaction.atomic():
            Product.objects.bulk_create(Product(sku=sku, name=sku, slug=sku.lower(), reorder_point=10) for sku in batch)
        lines = [Line(sku=sku, quantity=PIECES) for sku in batch]
        stock.adjust(lines, reason=Reason.RECEIVED, actor=SYSTEM)
    with connection.cursor() as cursor:
        cursor.execute("ANALYZE")
    return skus


def state() -> tuple[int, int, int, int]:
    """Pieces on hand and ledger rows, ours and the reference's."""
    with connection.cursor() as cursor:
        cursor.execute(
            """SELECT (SELECT sum(on_hand) FROM inventory_productstock), (SELECT count(*) FROM inventory_stockmovement),
                      (SELECT sum(on_hand) FROM reference_level), (SELECT count(*) FROM reference_ledger)"""
        )
        row: tuple[int, int, int, int] = cursor.fetchone()
    return row


def gain_trust() -> None:
    """Read until the cache is trusted: before that, nobody has to invalidate anything, and writes look cheap."""
    for _ in range(100):
        if caching.read("benchmark", lambda: caching.Loaded(b"{}")).status == "hit":
            return
        time.sleep(0.1)
    raise AssertionError("the cache is not trusted")
