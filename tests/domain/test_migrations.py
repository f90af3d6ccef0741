"""A database that is taken back to an earlier migration is one that had never left it."""

from collections.abc import Iterator

import pytest
from django.db import connection
from django.db.migrations.executor import MigrationExecutor

from inventory.models import StockMovement
from inventory.operations import catalog
from tests.builders import ANA, make_product

pytestmark = pytest.mark.django_db(transaction=True)

FUNCTIONS = """
    SELECT oid::regprocedure::text, md5(pg_get_functiondef(oid)) FROM pg_proc
     WHERE pronamespace = current_schema()::regnamespace AND prokind = 'f'
       AND oid NOT IN (SELECT objid FROM pg_depend WHERE deptype = 'e')
"""


@pytest.fixture
def head() -> Iterator[list[tuple[str, str]]]:
    there = [node for node in MigrationExecutor(connection).loader.graph.leaf_nodes() if node[0] == "inventory"]
    yield there
    MigrationExecutor(connection).migrate(there)


def functions() -> dict[str, str]:
    with connection.cursor() as cursor:
        cursor.execute(FUNCTIONS)
        return dict(cursor.fetchall())


def migrate(targets: list[tuple[str, str]]) -> dict[str, str]:
    MigrationExecutor(connection).migrate(targets)
    return functions()


def test_every_step_back_restores_the_functions_that_were_there(head: list[tuple[str, str]]) -> None:
    names = sorted(node[1] for node in MigrationExecutor(connection).loader.graph.nodes if node[0] == "inventory")
    steps = [[("inventory", name)] for name in names if name >= "0006"]

    migrate(steps[0])
    up = [migrate(step) for step in steps]
    down = [migrate(step) for step in reversed(steps)]

    assert down == up[::-1]
    assert all(any(name.startswith("stock_move(") for name in there) for there in up)


def test_the_ledger_of_an_older_database_is_found_by_former_names(head: list[tuple[str, str]]) -> None:
    product = make_product("OLD", on_hand=1)
    catalog.update_product(product, actor=ANA, sku="NEW")

    migrate([("inventory", "0006_cache_guard")])
    migrate(head)

    assert [row.sku for row in StockMovement.objects.of_sku(["old"])] == ["OLD"]
