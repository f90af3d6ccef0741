"""What somebody with psql may try: PostgreSQL itself keeps the counters, the totals and the ledger together."""

import pytest
from django.db import DatabaseError, connection, transaction

from inventory import caching, models
from inventory.models import Activity, Category, ProductStock, StockLevel, StockMovement
from tests.builders import make_category, make_level, make_location, make_product

pytestmark = pytest.mark.django_db(transaction=True)

CHECK, RESTRICT, UNIQUE, FOREIGN_KEY = "23514", "23001", "23505", "23503"

#: The figures of a well-kept ledger row, to be spoilt one by one.
ROW = {
    "id": "uuid_of_instant(now())",
    "sequence": "3",
    "delta_on_hand": "5",
    "balance_on_hand": "15",
    "recorded_at": "now()",
}
INSERT_ROW = """
    INSERT INTO inventory_stockmovement (
        id, sequence, product_id, location_id, sku, location_code, kind, reason,
        delta_on_hand, delta_unavailable, delta_allocated, delta_reserved,
        balance_on_hand, balance_unavailable, balance_allocated, balance_reserved, balance_available,
        reference, note, actor, request_id, occurred_at, recorded_at)
    SELECT {id}, {sequence}, product_id, location_id, 'X', 'X', 'adjustment', '', {delta_on_hand}, 0, 0, 0,
           {balance_on_hand}, 0, 0, 0, 0, '', '', '', '', now(), {recorded_at}
      FROM inventory_stocklevel WHERE id = %(level)s;
"""
MOVE_LEVEL = "UPDATE inventory_stocklevel SET on_hand = on_hand + 5, sequence = sequence + 1 WHERE id = %(level)s;"
MOVE_TOTALS = "UPDATE inventory_productstock SET on_hand = on_hand + 5 WHERE product_id = %(product)s;"


def run(sql, level):
    """Run `sql` in a transaction that has declared its product to the cache: only stock's own guards may object."""
    names = {"level": level.pk, "product": level.product_id}
    with transaction.atomic(), connection.cursor() as cursor:
        caching.declare([caching.keys.product(str(level.product_id))])
        for statement in filter(str.strip, sql.split(";")):
            cursor.execute(statement, names)


def refused(sql, level):
    """The SQLSTATE and the constraint with which `sql` was refused, at COMMIT at the latest."""
    with pytest.raises(DatabaseError) as refusal:
        run(sql, level)
    diagnosis = refusal.value.__cause__.diag
    return diagnosis.sqlstate, diagnosis.constraint_name


@pytest.fixture
def level(transactional_db):
    """A level with two ledger rows: +7, +3."""
    mug = make_product()
    make_location("SHOP")
    make_level(mug, on_hand=7)
    return make_level(mug, on_hand=3)


@pytest.fixture
def unharmed(level):
    """After the test every counter and every ledger row is what it was."""
    before = _everything()
    yield
    assert _everything() == before


def _everything():
    return [
        list(model.objects.order_by("pk").values()) for model in (StockLevel, ProductStock, StockMovement, Activity)
    ]


AGREES, SUM = (CHECK, "level_agrees_with_ledger"), (CHECK, "stock_is_the_sum_of_levels")
APPEND_ONLY, FOLLOWS = (RESTRICT, "history_is_append_only"), (CHECK, "movement_follows_the_last")
NEGATIVE = "UPDATE inventory_stocklevel SET {0} = -1 WHERE id = %(level)s"
NEW_LEVEL = """
    INSERT INTO inventory_stocklevel (
        id, product_id, location_id, on_hand, unavailable, allocated, reserved, incoming,
        safety_stock_in_force, backorder_limit_in_force, sequence, version, created_at, updated_at)
    SELECT gen_random_uuid(), %(product)s, id, {on_hand}, 0, 0, 0, 0, 0, 0, {sequence}, 1, now(), now()
      FROM inventory_location WHERE code = 'SHOP';
"""
SHIFT = """
    UPDATE inventory_stocklevel SET {0} = {0} + 2 WHERE id = %(level)s;
    UPDATE inventory_productstock SET {0} = {0} + 2 WHERE product_id = %(product)s
"""

COUNTERS = {
    **{f"{name} and its total": (SHIFT.format(name), AGREES) for name in models.COUNTERS},
    **{
        f"negative {name}": (NEGATIVE.format(name), (CHECK, f"level_{name}_is_not_negative"))
        for name in (*models.COUNTERS, "incoming")
    },
    "back to where it was once": (
        """UPDATE inventory_stocklevel SET on_hand = 7, sequence = 1 WHERE id = %(level)s;
           UPDATE inventory_productstock SET on_hand = 7 WHERE product_id = %(product)s""",
        AGREES,
    ),
    "as if nothing had ever been": (
        """UPDATE inventory_stocklevel SET on_hand = 0, sequence = 0 WHERE id = %(level)s;
           UPDATE inventory_productstock SET on_hand = 0 WHERE product_id = %(product)s""",
        AGREES,
    ),
    "another number in the ledger": ("UPDATE inventory_stocklevel SET sequence = 9 WHERE id = %(level)s", AGREES),
    "more promised than there is": (
        "UPDATE inventory_stocklevel SET reserved = 11 WHERE id = %(level)s",
        (CHECK, "level_promises_no_more_than_it_has"),
    ),
    "more promised than the backorder limit lends": (
        "UPDATE inventory_stocklevel SET backorder_limit_in_force = 5, reserved = 9, allocated = 7 "
        "WHERE id = %(level)s",
        (CHECK, "level_promises_no_more_than_it_has"),
    ),
    "another location": (
        "UPDATE inventory_stocklevel SET location_id = (SELECT id FROM inventory_location WHERE code = 'SHOP') "
        "WHERE id = %(level)s",
        (RESTRICT, "level_stays_where_it_is"),
    ),
    "a new level with stock": (NEW_LEVEL.format(on_hand=5, sequence=0) + MOVE_TOTALS, AGREES),
    "a new level in the middle of its ledger": (NEW_LEVEL.format(on_hand=0, sequence=12), AGREES),
    "a deleted level": ("DELETE FROM inventory_stocklevel WHERE id = %(level)s", (RESTRICT, "level_is_empty")),
    "no levels at all": ("TRUNCATE inventory_stocklevel", (RESTRICT, "stock_is_not_truncated")),
    "no products at all": ("TRUNCATE inventory_product CASCADE", (RESTRICT, "stock_is_not_truncated")),
}
TOTALS = {
    "edited": (MOVE_TOTALS, SUM),
    "edited, the promises": ("UPDATE inventory_productstock SET reserved = 1 WHERE product_id = %(product)s", SUM),
    "more on the road than anywhere": (
        "UPDATE inventory_productstock SET incoming = 1 WHERE product_id = %(product)s",
        SUM,
    ),
    "on the road at a level only": ("UPDATE inventory_stocklevel SET incoming = 1 WHERE id = %(level)s", SUM),
    "safety stock at a level only": (
        "UPDATE inventory_stocklevel SET safety_stock_in_force = 1 WHERE id = %(level)s",
        SUM,
    ),
    "deleted": (
        "DELETE FROM inventory_productstock WHERE product_id = %(product)s",
        (RESTRICT, "stock_lives_as_long_as_its_product"),
    ),
    "truncated": ("TRUNCATE inventory_productstock", (RESTRICT, "stock_is_not_truncated")),
}
LEDGER = {
    "rewritten": ("UPDATE inventory_stockmovement SET delta_on_hand = 9", APPEND_ONLY),
    "rewritten, the words only": ("UPDATE inventory_stockmovement SET note = 'x'", APPEND_ONLY),
    "rewritten, no row": ("UPDATE inventory_stockmovement SET note = 'x' WHERE false", APPEND_ONLY),
    "deleted": ("DELETE FROM inventory_stockmovement", APPEND_ONLY),
    "truncated": ("TRUNCATE inventory_stockmovement", APPEND_ONLY),
    "overwritten by an insert": (
        INSERT_ROW.format(**{**ROW, "sequence": "2"}).replace(";", "")
        + " ON CONFLICT (product_id, location_id, sequence) DO UPDATE SET note = 'x'",
        APPEND_ONLY,
    ),
    "a row that moved nothing": (INSERT_ROW.format(**ROW), FOLLOWS),
    "a second row of one number": (
        INSERT_ROW.format(**{**ROW, "sequence": "2"}),
        (UNIQUE, "movement_sequence_is_unique"),
    ),
    "a row with a gap before it": (
        INSERT_ROW.format(**{**ROW, "sequence": "4"})
        + "UPDATE inventory_stocklevel SET on_hand = on_hand + 5, sequence = 4 WHERE id = %(level)s;"
        + MOVE_TOTALS,
        FOLLOWS,
    ),
    "a balance that does not add up": (
        INSERT_ROW.format(**{**ROW, "delta_on_hand": "4"}) + MOVE_LEVEL + MOVE_TOTALS,
        FOLLOWS,
    ),
    "a row from before the last one": (
        INSERT_ROW.format(
            **{**ROW, "recorded_at": "now() - interval '1 day'", "id": "uuid_of_instant(now() - interval '1 day')"}
        )
        + MOVE_LEVEL
        + MOVE_TOTALS,
        FOLLOWS,
    ),
    "an id that lies about the time": (
        INSERT_ROW.format(**{**ROW, "id": "gen_random_uuid()"}) + MOVE_LEVEL + MOVE_TOTALS,
        FOLLOWS,
    ),
    "a row for a level that is not there": (
        INSERT_ROW.format(**ROW).replace("product_id, location_id, 'X'", "gen_random_uuid(), location_id, 'X'"),
        FOLLOWS,
    ),
    "an edited activity": ("UPDATE inventory_activity SET action = 'x'", APPEND_ONLY),
    "a deleted activity": ("DELETE FROM inventory_activity", APPEND_ONLY),
}


@pytest.mark.usefixtures("unharmed")
@pytest.mark.parametrize("deed", COUNTERS)
def test_counters_are_moved_by_nobody_but_the_ledger(level, deed):
    sql, refusal = COUNTERS[deed]

    assert refused(sql, level) == refusal


@pytest.mark.usefixtures("unharmed")
def test_a_product_with_stock_is_not_deleted(level):
    assert refused("DELETE FROM inventory_product WHERE id = %(product)s", level)[0] == FOREIGN_KEY


@pytest.mark.usefixtures("unharmed")
@pytest.mark.parametrize("deed", TOTALS)
def test_totals_are_the_sum_of_the_levels_and_nothing_else(level, deed):
    sql, refusal = TOTALS[deed]

    assert refused(sql, level) == refusal


@pytest.mark.usefixtures("unharmed")
@pytest.mark.parametrize("deed", LEDGER)
def test_the_ledger_only_grows_and_only_by_what_follows(level, deed):
    sql, refusal = LEDGER[deed]

    assert refused(sql, level) == refusal


def test_histories_are_append_only_by_privilege_as_well():
    with connection.cursor() as cursor:
        cursor.execute(
            """SELECT c.relname, array_agg(DISTINCT a.privilege_type::text)
                 FROM pg_class c, aclexplode(c.relacl) a
                WHERE c.relname IN ('inventory_stockmovement', 'inventory_activity') GROUP BY 1"""
        )
        granted = dict(cursor.fetchall())

    assert set(granted) == {"inventory_stockmovement", "inventory_activity"}
    for privileges in granted.values():
        assert not {"UPDATE", "DELETE", "TRUNCATE"} & set(privileges)
        assert {"SELECT", "INSERT"} <= set(privileges)


def test_a_ledger_row_written_by_hand_is_taken_when_everything_adds_up(level):
    """So what is refused above fails for the one thing that is wrong with it."""
    run(INSERT_ROW.format(**ROW) + MOVE_LEVEL + MOVE_TOTALS, level)

    assert StockMovement.objects.get(sequence=3).balance_on_hand == StockLevel.objects.get().on_hand == 15


def test_a_category_cannot_be_put_below_itself():
    top = make_category("Top")
    middle = make_category("Middle", parent=top)
    leaf = make_category("Leaf", parent=middle)

    for child, parent in ((top, leaf), (top, top), (middle, leaf)):
        with pytest.raises(DatabaseError) as refusal, transaction.atomic(), connection.cursor() as cursor:
            cursor.execute("UPDATE inventory_category SET parent_id = %s WHERE id = %s", [parent.pk, child.pk])
        assert refusal.value.__cause__.diag.constraint_name == "category_tree_is_a_tree"

    assert list(Category.objects.order_by("name").values_list("parent_id", flat=True)) == [middle.pk, top.pk, None]
