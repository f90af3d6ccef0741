"""The guard against changes that were not declared to the cache; the SQL file explains it."""

from pathlib import Path

from django.db import migrations

SQL = Path(__file__).parent / "sql"
HOLD = (
    (SQL / "0002_cache_trust.sql")
    .read_text()
    .partition("CREATE FUNCTION inventory_cache_hold")[2]
    .partition("-- The reader")[0]
)
UNDO = f"""
CREATE OR REPLACE FUNCTION inventory_cache_hold{HOLD}
DROP FUNCTION inventory_cache_guard, category_keys_are_declared, stock_keys_are_declared, product_keys_are_declared,
    inventory_cache_demand, inventory_cache_note CASCADE;
ALTER TABLE inventory_cache_trust DROP COLUMN guarded;
"""


class Migration(migrations.Migration):
    dependencies = [("inventory", "0005_events")]

    operations = [migrations.RunSQL((SQL / "0006_cache_guard.sql").read_text(), UNDO)]
