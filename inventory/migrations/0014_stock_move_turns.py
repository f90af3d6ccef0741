"""`stock_move` takes the lines of several requests in turn; the SQL file explains it."""

from pathlib import Path

from django.db import migrations

from ._former import function

FOLDER = Path(__file__).parent / "sql"
SQL = (FOLDER / "0014_stock_move_turns.sql").read_text()
_, TYPE, REST = (FOLDER / "0009_stock_move.sql").read_text().partition("CREATE TYPE stock_line")
UNDO = f"""
DROP FUNCTION stock_move;
DROP TYPE stock_line;
ALTER FUNCTION stock_places RESET enable_material;
{function("uuid_of_instant", "0003_stock.sql")}
{TYPE}{REST}
"""


class Migration(migrations.Migration):
    dependencies = [("inventory", "0013_ledger_order")]

    operations = [migrations.RunSQL(SQL, UNDO)]
