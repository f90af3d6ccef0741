"""`stock_places` and `stock_move`; the SQL file explains them."""

from pathlib import Path

from django.db import migrations

from ._former import function

SQL = (Path(__file__).parent / "sql" / "0009_stock_move.sql").read_text()
UNDO = f"""
DROP FUNCTION stock_move, stock_places;
DROP TYPE stock_line;
{function("stock_move", "0003_stock.sql")}
"""


class Migration(migrations.Migration):
    dependencies = [("inventory", "0008_list_questions")]

    operations = [migrations.RunSQL(SQL, UNDO)]
