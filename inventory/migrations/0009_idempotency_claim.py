"""`idempotency_claim`; the SQL file explains it."""

from pathlib import Path

from django.db import migrations

SQL = (Path(__file__).parent / "sql" / "0009_idempotency.sql").read_text()


class Migration(migrations.Migration):
    dependencies = [("inventory", "0008_stock_move")]

    operations = [migrations.RunSQL(SQL, "DROP FUNCTION idempotency_claim")]
