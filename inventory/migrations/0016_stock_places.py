"""`stock_places` looks each line up by index, whenever its plan was made; the SQL file explains it."""

from pathlib import Path

from django.db import migrations

from ._former import function

SQL = (Path(__file__).parent / "sql" / "0016_stock_places.sql").read_text()
FORMER = function("stock_places", "0009_stock_move.sql") + "ALTER FUNCTION stock_places SET enable_material = off;"


class Migration(migrations.Migration):
    dependencies = [("inventory", "0015_idempotency_claims")]

    operations = [migrations.RunSQL(SQL, FORMER)]
