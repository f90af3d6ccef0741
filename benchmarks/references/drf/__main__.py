"""Make the tables, fill them with the products of ours, print the token."""

import django
from django.conf import settings

PRODUCTS = """
    INSERT INTO drf_product (sku, name, slug, description, category_id, price, currency, status, attributes,
                             created_at, updated_at)
    SELECT sku, name, slug, description, %s, price, currency, status, attributes, created_at, updated_at
      FROM public.inventory_product ORDER BY id
"""
LEVELS = "INSERT INTO drf_level (product_id, on_hand, reserved) SELECT id, %s, 0 FROM drf_product"
PIECES = 1_000_000


def main() -> None:
    django.setup()
    from django.contrib.auth.models import User
    from django.core.management import call_command
    from django.db import connection
    from rest_framework.authtoken.models import Token

    from .models import Category

    with connection.cursor() as cursor:
        cursor.execute(f"CREATE SCHEMA {settings.SCHEMA}")
        call_command("migrate", run_syncdb=True, verbosity=0)
        cursor.execute(PRODUCTS, [Category.objects.create(name="Everything").pk])
        cursor.execute(LEVELS, [PIECES])
        cursor.execute("ANALYZE")
    print(Token.objects.create(user=User.objects.create(username="benchmark")).key)


if __name__ == "__main__":
    main()
