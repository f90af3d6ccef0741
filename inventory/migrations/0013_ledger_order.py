"""The checks of the ledger ask for its last row in the order of one index, and of no other; the SQL file explains it."""

from pathlib import Path

from django.db import migrations

from ._former import function

SQL = (Path(__file__).parent / "sql" / "0013_ledger_order.sql").read_text()
FORMER = function("level_agrees_with_ledger", "0003_stock.sql") + function(
    "movement_follows_the_last", "0012_ledger_checks.sql"
)


class Migration(migrations.Migration):
    dependencies = [("inventory", "0012_ledger_checks")]

    operations = [migrations.RunSQL(SQL, FORMER)]
