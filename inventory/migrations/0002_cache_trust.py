"""The locks and the trust row of the cache; the SQL file explains them."""

from pathlib import Path

from django.db import migrations

SQL = (Path(__file__).parent / "sql" / "0002_cache_trust.sql").read_text()
UNDO = """
DROP FUNCTION inventory_cache_quiet, inventory_cache_hold, inventory_cache_trusted, inventory_cache_bucket,
    inventory_cache_server;
DROP TABLE inventory_cache_trust;
"""


class Migration(migrations.Migration):
    dependencies = [("inventory", "0001_nouns")]

    operations = [migrations.RunSQL(SQL, UNDO)]
