"""`idempotency_claim` takes several keys; the SQL file explains it."""

from pathlib import Path

from django.db import migrations

FOLDER = Path(__file__).parent / "sql"
SQL = (FOLDER / "0015_idempotency_claims.sql").read_text()
UNDO = "DROP FUNCTION idempotency_claim;\n" + (FOLDER / "0010_idempotency.sql").read_text()


class Migration(migrations.Migration):
    dependencies = [("inventory", "0014_stock_move_turns")]

    operations = [migrations.RunSQL(SQL, UNDO)]
