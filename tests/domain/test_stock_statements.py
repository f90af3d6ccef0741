"""A request of many lines costs as many statements as one of a single line."""

import time
from contextlib import suppress
from dataclasses import replace

import pytest
from django.db import connection, transaction
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from inventory.errors import Refusal
from inventory.models import Product, Reason, StockLevel, as_of
from inventory.operations import stock, transfers
from inventory.values import Line
from tests.builders import ANA, make_location, make_product

pytestmark = pytest.mark.django_db(transaction=True)

MANY = 500


def stocked():
    make_location("SHOP")
    Product.objects.bulk_create(Product(sku=f"P{n}", name=f"Product {n}") for n in range(MANY))
    stock.adjust(lines(MANY, 10), reason=Reason.RECEIVED, actor=ANA)


def lines(count, quantity, **values):
    return [Line(sku=f"p{n}", quantity=quantity, pointer=f"/lines/{n}", **values) for n in range(count)]


def send(count):
    return transfers.transfer(lines(count, 1), from_location="MAIN", to_location="SHOP", in_transit=True, actor=ANA)


#: Each deed, and what takes it back.
DEEDS = {
    "adjust": (
        lambda count: stock.adjust(lines(count, -1), reason=Reason.SOLD, actor=ANA),
        lambda count: stock.adjust(lines(count, 1), reason=Reason.RETURNED, actor=ANA),
    ),
    "adjust levels that are new": (
        lambda count: stock.adjust(lines(count, 1, location="SHOP"), reason=Reason.FOUND, actor=ANA),
        lambda count: stock.adjust(lines(count, -1, location="SHOP"), reason=Reason.LOST, actor=ANA),
    ),
    "count": (
        lambda count: stock.count(lines(count, 7, expected=10), actor=ANA),
        lambda count: stock.count(lines(count, 10, expected=7), actor=ANA),
    ),
    "send and receive": (
        lambda count: transfers.receive(send(count), actor=ANA),
        lambda count: stock.adjust(lines(count, 1), reason=Reason.FOUND, actor=ANA),
    ),
    "send and cancel": (lambda count: transfers.cancel(send(count), actor=ANA), lambda count: None),
}


def statements(deed, undo, count):
    with CaptureQueriesContext(connection) as captured:
        deed(count)
    undo(count)
    return len(captured)


def test_five_hundred_lines_take_as_many_statements_as_one():
    stocked()

    one = {name: statements(*deed, 1) for name, deed in DEEDS.items()}
    many = {name: statements(*deed, MANY) for name, deed in DEEDS.items()}

    assert many == one


def test_an_adjustment_asks_the_database_four_things():
    mug = make_product(on_hand=10)

    with CaptureQueriesContext(connection) as captured:
        stock.adjust([Line(sku=mug.sku, quantity=-1)], reason=Reason.SOLD, actor=ANA)

    asked = [query["sql"] for query in captured if query["sql"] not in ("BEGIN", "COMMIT")]
    tellers = ("stock_places", "stock_move", "inventory_cache_hold", "inventory_event")
    assert [any(teller in sql for sql in asked) for teller in tellers] == [True] * 4
    assert len(asked) == 4


def test_a_thousand_lines_of_one_level_are_one_move():
    mug = make_product(on_hand=10)
    many = [Line(sku=mug.sku, quantity=1, pointer=f"/lines/{n}") for n in range(1000)]

    booking = stock.adjust(many, reason=Reason.FOUND, actor=ANA)

    assert [(move.on_hand, moved.on_hand) for move, moved in booking.moved] == [(1000, 1010)]


TABLES = ("product", "location", "productstock", "stocklevel", "stockmovement", "idempotencyrecord")


def test_plans_that_were_made_while_there_was_nothing_serve_a_thousand_lines():
    with connection.cursor() as cursor:
        cursor.execute("DISCARD PLANS")
        for table in TABLES:
            cursor.execute(f"VACUUM ANALYZE inventory_{table}")  # PostgreSQL believes that they stay empty
    with suppress(Refusal):
        stock.adjust([Line(sku="nothing", quantity=1)], reason=Reason.FOUND, actor=ANA)
    make_product("FIRST", on_hand=1)
    Product.objects.bulk_create(Product(sku=f"P{n}", name=f"Product {n}") for n in range(1000))

    started = time.monotonic()
    booking = stock.adjust(lines(1000, 1), reason=Reason.FOUND, actor=ANA)

    assert len(booking.moved) == 1000
    assert time.monotonic() - started < 7  # half of the time after which PostgreSQL gives up


FETCHED = "SELECT idx_tup_fetch FROM pg_stat_xact_user_tables WHERE relname = 'inventory_stockmovement'"


def ledger_rows_read(deed):
    """How many ledger rows PostgreSQL fetches by an index for `deed`, its checks at COMMIT included."""
    with transaction.atomic(), connection.cursor() as cursor:
        cursor.execute("DISCARD PLANS")
        before = cursor.execute(FETCHED).fetchone()[0]
        deed()
        cursor.execute("SET CONSTRAINTS ALL IMMEDIATE")
        return cursor.execute(FETCHED).fetchone()[0] - before


def deepened():
    """The index on the ledger's numbers becomes a page deeper than the one on products: then both seem equally good."""
    with transaction.atomic(), connection.cursor() as cursor:
        cursor.execute("SET LOCAL session_replication_role = 'replica'")  # past the triggers
        cursor.execute(FILL)
        cursor.execute("DELETE FROM inventory_stockmovement WHERE note = 'filling'")
    with connection.cursor() as cursor:
        cursor.execute("ANALYZE inventory_stockmovement")


FILL = """
    INSERT INTO inventory_stockmovement (id, sequence, product_id, location_id, sku, location_code, kind, reason,
        delta_on_hand, delta_unavailable, delta_allocated, delta_reserved, balance_on_hand, balance_unavailable,
        balance_allocated, balance_reserved, balance_available, reference, note, actor, request_id, occurred_at,
        recorded_at)
    SELECT gen_random_uuid(), n, gen_random_uuid(), gen_random_uuid(), 'X', 'X', 'adjustment', 'found',
           1, 0, 0, 0, 1, 0, 0, 0, 1, '', 'filling', '', '', now(), now()
      FROM generate_series(1, 28000) n
"""


@pytest.mark.parametrize("deep", [False, True], ids=["new indexes", "old indexes"])
def test_a_busy_product_among_quiet_ones_reads_no_more_of_its_ledger_than_they_do(deep):
    if deep:
        deepened()
    stocked()
    quiet, busy = Line(sku="p1", quantity=-1), Line(sku="p0", quantity=-1)
    with connection.cursor() as cursor:
        cursor.execute("ANALYZE inventory_stockmovement")  # PostgreSQL believes that all products are quiet
    for quantity in (1, -1) * 100:
        stock.adjust([replace(busy, quantity=quantity)], reason=Reason.CORRECTION, actor=ANA)
    level, instant = StockLevel.objects.get(product__sku="P0"), timezone.now()

    calm = ledger_rows_read(lambda: stock.adjust([quiet], reason=Reason.SOLD, actor=ANA))
    stress = ledger_rows_read(lambda: stock.adjust([busy], reason=Reason.SOLD, actor=ANA))
    looking_back = ledger_rows_read(lambda: as_of.balances([level.pk], instant))

    assert stress <= calm + 2
    assert looking_back <= 2 + 8  # twice two hundred are halved away
