"""`idempotency_claim`; the SQL file explains it."""

from pathlib import Path

from django.db import migrations

SQL = (Path(__file__).parent / "sql" / "0010_idempotency.sql").read_text()


class Migration(migrations.Migration):
    dependencies = [("inventory", "0009_stock_move")]

    operations = [migrations.RunSQL(SQL, "DROP FUNCTION idempotency_claim")]
