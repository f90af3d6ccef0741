"""Reconciling: what was corrupted behind the database's back is found, told, and repaired by rows that say so."""

from io import StringIO

import pytest
from django.core.management import call_command
from django.db import connection, transaction
from prometheus_client import REGISTRY

from inventory import tasks
from inventory.models import ProductStock, Reason, StockLevel, StockMovement
from inventory.operations import catalog, reconcile, reservations, stock, transfers
from inventory.values import Line
from tests.builders import ANA, at_once, make_category, make_level, make_location, make_product, open_alerts

pytestmark = pytest.mark.django_db(transaction=True)


def behind_the_back(sql, **values):
    """Run `sql` as a replica would: no trigger looks."""
    with transaction.atomic(), connection.cursor() as cursor:
        cursor.execute("SET LOCAL session_replication_role = replica")
        for statement in sql.split(";"):
            cursor.execute(statement, values)


def findings(fix=False):
    return [
        (f.drift.kind, f.drift.sku, f.drift.code, f.repaired) for f in reconcile.reconcile(fix=fix, actor=ANA, batch=3)
    ]


def run(*arguments):
    """Exit code and output of the command."""
    out = StringIO()
    try:
        call_command("reconcile", *arguments, stdout=out)
    except SystemExit as end:
        return end.code, out.getvalue()
    return 0, out.getvalue()


@pytest.fixture
def mug(transactional_db):
    """Seven pieces at MAIN and three at SHOP, among products that are well."""
    for n in range(4):
        make_product(f"WELL-{n}", on_hand=n)
    mug = make_product("MUG", on_hand=7, category=make_category(safety_stock=1, reorder_point=2))
    make_level(mug, make_location("SHOP"), on_hand=3)
    return mug


def test_a_service_that_is_well_has_nothing_to_reconcile(mug):
    held, _ = reservations.reserve([Line(sku="MUG", quantity=2)], actor=ANA)
    reservations.confirm(held, actor=ANA)
    reservations.reserve([Line(sku="MUG", quantity=1)], actor=ANA)
    transfers.transfer(
        [Line(sku="MUG", quantity=1)], from_location="MAIN", to_location="SHOP", in_transit=True, actor=ANA
    )

    assert run("--check") == (0, "Everything agrees.\n")
    assert run("--fix") == (0, "Everything agrees.\n")
    assert not StockMovement.objects.filter(kind="reconcile").exists()


def test_counters_that_drifted_are_believed_and_the_ledger_says_so(mug):
    behind_the_back("UPDATE inventory_stocklevel SET on_hand = 5, unavailable = 1 WHERE on_hand = 7")

    checked = run("--check")
    assert StockMovement.objects.filter(kind="reconcile").count() == 0
    fixed = run("--fix")

    assert checked[0] == 1
    assert "counters: MUG at MAIN: on_hand is 5, not 7, unavailable is 1, not 0 (left as it is)" in checked[1]
    assert fixed[0] == 0
    row = StockMovement.objects.get(kind="reconcile")
    assert (row.sequence, row.delta_on_hand, row.balance_on_hand, row.delta_unavailable) == (2, -2, 5, 1)
    assert row.note == (
        "Found 5 on_hand, 1 unavailable, 0 allocated, 0 reserved "
        "where the ledger says 7 on_hand, 0 unavailable, 0 allocated, 0 reserved."
    )
    assert row.actor == "reconcile"
    assert ProductStock.objects.get(pk=mug.pk).on_hand == 8
    assert run("--check")[0] == 0


def test_a_repaired_level_moves_again(mug):
    behind_the_back("UPDATE inventory_stocklevel SET on_hand = 5 WHERE on_hand = 7")
    run("--fix")

    stock.adjust([Line(sku="MUG", quantity=-4)], reason=Reason.SOLD, actor=ANA)

    rows = StockMovement.objects.filter(product=mug.pk, location_code="MAIN").order_by("sequence")
    assert [(row.sequence, row.kind, row.balance_on_hand) for row in rows] == [
        (1, "adjustment", 7),
        (2, "reconcile", 5),
        (3, "adjustment", 1),
    ]


CORRUPTIONS = {
    "counters": "UPDATE inventory_stocklevel SET reserved = 1, on_hand = 9 WHERE on_hand = 7",
    "a sequence": "UPDATE inventory_stocklevel SET sequence = 17 WHERE on_hand = 7",
    "the last ledger rows are gone": "DELETE FROM inventory_stockmovement WHERE sku = 'MUG'",
    "a level is gone": "DELETE FROM inventory_stocklevel WHERE on_hand = 7",
    "totals": "UPDATE inventory_productstock SET on_hand = 99, incoming = 4 WHERE on_hand = 10",
    "totals of promises": "UPDATE inventory_productstock SET allocated = 3 WHERE on_hand = 10",
    "policies of a level": "UPDATE inventory_stocklevel SET safety_stock_in_force = 5 WHERE on_hand = 7",
    "policies of a product": "UPDATE inventory_productstock SET reorder_point_in_force = 5 WHERE on_hand = 10",
    "a forgotten category": "UPDATE inventory_category SET safety_stock = 4, reorder_point = 6",
    "untracked": "UPDATE inventory_productstock SET tracked = false WHERE on_hand = 10",
    "incoming": """UPDATE inventory_stocklevel SET incoming = 5 WHERE on_hand = 7;
                   UPDATE inventory_productstock SET incoming = 5 WHERE on_hand = 10""",
    "everything at once": """UPDATE inventory_stocklevel SET incoming = 5, reserved = 2, on_hand = 20, sequence = 4,
                                    safety_stock_in_force = 3, backorder_limit_in_force = 1;
                             UPDATE inventory_productstock SET reserved = 7""",
}


@pytest.mark.parametrize("name", CORRUPTIONS)
def test_what_was_corrupted_is_found_and_repaired_to_the_last_piece(mug, name):
    behind_the_back(CORRUPTIONS[name])

    checked, fixed, again = run("--check"), run("--fix"), run("--check")

    assert checked[0] == 1
    assert fixed[0] == 0, fixed[1]
    assert again == (0, "Everything agrees.\n")
    stock.adjust([Line(sku="MUG", quantity=1)], reason=Reason.FOUND, actor=ANA)


def test_promises_follow_their_reservations(mug):
    reservations.reserve([Line(sku="MUG", quantity=2)], actor=ANA)
    behind_the_back("DELETE FROM inventory_reservationline; DELETE FROM inventory_reservation")

    found = findings(fix=True)

    assert found == [("promises", "MUG", "MAIN", True)]
    row = StockMovement.objects.get(kind="reconcile")
    assert (row.delta_reserved, row.balance_reserved) == (-2, 0)
    assert ProductStock.objects.get(pk=mug.pk).reserved == 0


def test_a_promise_that_cannot_be_kept_is_told_and_left(mug):
    reservations.reserve([Line(sku="MUG", quantity=5)], actor=ANA)
    behind_the_back("UPDATE inventory_reservationline SET quantity = 500")

    code, out = run("--fix")

    assert code == 1
    assert "promises: MUG at MAIN: reserved is 5, not 500 (There is not enough stock. Nothing was applied.)" in out
    assert StockLevel.objects.get(product=mug.pk, location__code="MAIN").reserved == 5


def test_a_hole_in_the_ledger_is_told_and_not_filled(mug):
    for _ in range(3):
        stock.adjust([Line(sku="MUG", quantity=1)], reason=Reason.FOUND, actor=ANA)
    behind_the_back("DELETE FROM inventory_stockmovement WHERE sku = 'MUG' AND location_code = 'MAIN' AND sequence = 2")

    code, out = run("--fix")

    assert code == 1
    assert "ledger: MUG at MAIN: rows is 3, not 4, broken is 1, not 0 (a history is not invented" in out


def test_goods_of_a_product_that_vanished_are_told(mug):
    behind_the_back(
        """DELETE FROM inventory_stocklevel WHERE product_id = %(product)s;
           DELETE FROM inventory_productstock WHERE product_id = %(product)s;
           DELETE FROM inventory_product WHERE id = %(product)s""",
        product=mug.pk,
    )

    found = findings(fix=True)

    assert sorted(found) == [("counters", "MUG", "MAIN", False), ("counters", "MUG", "SHOP", False)]


def test_a_product_that_was_deleted_properly_is_no_drift(mug):
    cup = make_product("CUP", on_hand=1)
    stock.adjust([Line(sku="CUP", quantity=-1)], reason=Reason.SOLD, actor=ANA)
    catalog.delete_product(cup, actor=ANA)

    assert findings() == []


def test_repaired_totals_ring_the_alerts(mug):
    behind_the_back("UPDATE inventory_productstock SET on_hand = 3 WHERE on_hand = 10")
    behind_the_back("UPDATE inventory_stocklevel SET on_hand = 0 WHERE product_id = %(product)s", product=mug.pk)

    run("--fix")

    assert [alert.available for alert in open_alerts(mug)] == [-2]


def test_the_gauge_says_how_much_is_left(mug):
    behind_the_back("UPDATE inventory_productstock SET on_hand = 99 WHERE on_hand = 10")

    run("--check")
    before = REGISTRY.get_sample_value("stockroom_drifts", {"kind": "totals"})
    run("--fix")

    assert (before, REGISTRY.get_sample_value("stockroom_drifts", {"kind": "totals"})) == (1, 0)


def test_a_check_finds_nothing_while_stock_moves(mug):
    def sell():
        for n in range(40):
            stock.adjust([Line(sku="MUG", quantity=1 if n % 2 else -1)], reason=Reason.CORRECTION, actor=ANA)
            stock.adjust(
                [Line(sku="WELL-3", quantity=1), Line(sku="MUG", location="SHOP", quantity=1)],
                reason=Reason.FOUND,
                actor=ANA,
            )

    def look():
        return [finding for _ in range(25) for finding in reconcile.reconcile(fix=False, actor=ANA)]

    results = at_once(sell, sell, look, look)

    assert results[2:] == [[], []]


def test_the_nightly_look_tells_the_log_what_does_not_agree(mug, caplog):
    behind_the_back("UPDATE inventory_productstock SET on_hand = 99 WHERE on_hand = 10")

    tasks.check_stock(timestamp=0)

    (line,) = [record.getMessage() for record in caplog.records if record.name == "inventory.reconcile"]
    assert "totals of MUG" in line
