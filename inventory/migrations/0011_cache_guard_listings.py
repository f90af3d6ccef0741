"""The guard demands the listings further up as well; the SQL file explains it."""

from pathlib import Path

from django.db import migrations

from ._former import function

SQL = Path(__file__).parent / "sql"
UNDO = f"""
{function("product_keys_are_declared", "0006_cache_guard.sql")}
{function("category_keys_are_declared", "0006_cache_guard.sql")}
DROP FUNCTION inventory_cache_listings;
"""


class Migration(migrations.Migration):
    dependencies = [("inventory", "0010_idempotency_claim")]

    operations = [migrations.RunSQL((SQL / "0011_cache_guard_listings.sql").read_text(), UNDO)]
