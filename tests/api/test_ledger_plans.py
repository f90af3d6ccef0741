"""No question to the ledger reads all of it: the plans of what the API really asks, over two years of movements."""

import re
from contextlib import contextmanager

import pytest
from django.db import connection

from benchmarks import past, questions
from inventory.models import StockLevel, as_of

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture
def years(transactional_db):
    """Enough rows that PostgreSQL would be a fool to read them all."""
    return past.write(1_000, 30_000, lambda text: None)


@contextmanager
def overheard(table="inventory_stockmovement"):
    """The statements about `table` that run in the block."""
    heard = []

    def listen(execute, sql, parameters, many, context):
        if table in sql:
            heard.append((sql, parameters))
        return execute(sql, parameters, many, context)

    with connection.execute_wrapper(listen):
        yield heard


def plan_of(sql, parameters):
    with connection.cursor() as cursor:
        cursor.execute("EXPLAIN " + sql, parameters)
        return "\n".join(line for (line,) in cursor.fetchall())


def test_the_past_that_is_asked_about_is_right(years):
    assert years.movements > 30_000
    assert StockLevel.objects.filter(sequence__gt=1).count() > 2_000


def test_no_question_to_the_ledger_reads_all_of_it(door, years):
    read_whole, silent = set(), []
    for name, address in questions.of_ledger().items():
        with overheard() as heard:
            assert door.get(address).status == 200, name
        plans = [plan_of(*statement) for statement in heard]
        read_whole |= {f"{name}:\n{plan}" for plan in plans if "Seq Scan on inventory_stockmovement" in plan}
        silent += [name] * (not plans)

    assert read_whole == set()
    # Names that nobody ever had need no look at the ledger, and levels as they are have none.
    assert [name for name in silent if not re.match("(50 )?levels", name)] == ["sku, none"]


def test_stock_as_it_was_is_found_in_the_index_of_the_numbers(years):
    levels = list(StockLevel.objects.values_list("pk", flat=True)[:50])

    plan = plan_of(as_of.SQL, {"levels": levels, "at": "2026-01-01T00:00:00Z"})

    assert plan.count("using movement_sequence_is_unique") == 2
    assert "Index Only Scan Backward using movement_sequence_is_unique" in plan
    assert "Seq Scan on inventory_stockmovement" not in plan
