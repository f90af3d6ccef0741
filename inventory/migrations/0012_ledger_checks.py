"""The check of a new ledger row takes no longer where the ledger is long; the SQL file explains it."""

from pathlib import Path

from django.db import migrations

from ._former import function

SQL = (Path(__file__).parent / "sql" / "0012_ledger_checks.sql").read_text()


class Migration(migrations.Migration):
    dependencies = [("inventory", "0011_cache_guard_listings")]

    operations = [migrations.RunSQL(SQL, function("movement_follows_the_last", "0003_stock.sql"))]
