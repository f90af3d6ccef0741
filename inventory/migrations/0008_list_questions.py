"""Lists of products in every order by an index; indexes that others begin with, or that Django makes anyway, go."""

import django.db.models.deletion
from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [("inventory", "0007_ledger_questions")]

    operations = [
        migrations.RemoveIndex(model_name="category", name="category_slug_prefix"),
        migrations.RemoveIndex(model_name="product", name="product_slug_prefix"),
        migrations.AlterField(
            model_name="product",
            name="category",
            field=models.ForeignKey(
                blank=True,
                db_index=False,
                null=True,
                on_delete=django.db.models.deletion.PROTECT,
                related_name="products",
                to="inventory.category",
            ),
        ),
        migrations.AlterField(
            model_name="stocklevel",
            name="location",
            field=models.ForeignKey(
                db_index=False,
                on_delete=django.db.models.deletion.PROTECT,
                related_name="levels",
                to="inventory.location",
            ),
        ),
        migrations.AlterField(
            model_name="stocklevel",
            name="product",
            field=models.ForeignKey(
                db_index=False,
                on_delete=django.db.models.deletion.CASCADE,
                related_name="levels",
                to="inventory.product",
            ),
        ),
        migrations.AddIndex(
            model_name="stocklevel",
            index=models.Index(
                fields=["id"], name="level_reorder_point", condition=models.Q(("reorder_point__isnull", False))
            ),
        ),
        migrations.AddIndex(model_name="product", index=models.Index(fields=["sku", "id"], name="product_sku")),
        migrations.AddIndex(
            model_name="product",
            index=models.Index(
                fields=["status", "id"],
                name="product_status",
                condition=models.Q(("status", "active"), _negated=True),
            ),
        ),
    ]
