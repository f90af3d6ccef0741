"""Every question to the ledger by an index, and fewer of them in all; the SQL file explains the names."""

from pathlib import Path

from django.db import migrations, models

SQL = (Path(__file__).parent / "sql" / "0007_former_names.sql").read_text()
UNDO = """
DROP TABLE inventory_former_name;
DROP FUNCTION product_name_is_kept, location_name_is_kept CASCADE;
"""
ID = models.F("id").asc(nulls_first=True)
INDEXES = [
    models.Index(models.F("product"), ID, name="movement_product"),
    models.Index(models.F("location"), ID, name="movement_location"),
    models.Index(
        models.F("reference"), ID, name="movement_reference", condition=models.Q(("reference", ""), _negated=True)
    ),
    models.Index(models.F("kind"), ID, name="movement_kind"),
    models.Index(models.F("reason"), ID, name="movement_reason", condition=models.Q(("reason", ""), _negated=True)),
]


class Migration(migrations.Migration):
    dependencies = [("inventory", "0006_cache_guard")]

    operations = [
        migrations.RunSQL(SQL, UNDO),
        migrations.RemoveConstraint(model_name="stockmovement", name="movement_sequence_is_unique"),
        migrations.AddConstraint(
            model_name="stockmovement",
            constraint=models.UniqueConstraint(
                fields=("product", "location", "sequence"), include=("recorded_at",), name="movement_sequence_is_unique"
            ),
        ),
        migrations.RemoveIndex(model_name="stockmovement", name="movement_as_of"),
        *(migrations.RemoveIndex(model_name="stockmovement", name=index.name) for index in INDEXES[:3]),
        *(migrations.AddIndex(model_name="stockmovement", index=index) for index in INDEXES),
    ]
