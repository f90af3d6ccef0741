"""Triggers and functions: totals, tree, append-only histories, counters that agree with their ledger, `stock_move`."""

from pathlib import Path

from django.db import migrations

SQL = (Path(__file__).parent / "sql" / "0003_stock.sql").read_text()
UNDO = """
DROP FUNCTION product_gets_stock, category_tree_is_a_tree, category_paths, history_is_append_only, level_agrees_with_ledger,
    level_stays_where_it_is, level_is_empty, stock_is_not_truncated, movement_follows_the_last, stock_is_the_sum_of_levels,
    stock_lives_as_long_as_its_product CASCADE;
DROP FUNCTION stock_move, stock_apply_policies, stock_policies, uuid_of_instant, instant_of_uuid;
GRANT UPDATE, DELETE, TRUNCATE ON inventory_stockmovement, inventory_activity TO CURRENT_USER;
"""


class Migration(migrations.Migration):
    dependencies = [("inventory", "0002_cache_trust")]

    operations = [migrations.RunSQL(SQL, UNDO)]
