"""Who has or had a name. The ledger keeps the names of its day; asked by name, it is searched by id.

`inventory_former_name` (migration 0007) is kept by triggers: it holds what products and locations were called before.
"""

from collections.abc import Collection
from uuid import UUID

from django.db import connections

SKU = """
    SELECT id FROM inventory_product WHERE lower(sku) = ANY(%(names)s)
    UNION SELECT bearer FROM inventory_former_name WHERE kind = 'sku' AND name = ANY(%(names)s)
"""
LOCATION_CODE = """
    SELECT id FROM inventory_location WHERE code = ANY(%(names)s)
    UNION SELECT bearer FROM inventory_former_name WHERE kind = 'location_code' AND name = ANY(%(names)s)
"""


def products_called(skus: Collection[str], using: str = "default") -> list[UUID]:
    """Products that have or had one of these SKUs, written in small letters."""
    return _bearers(SKU, skus, using)


def locations_called(codes: Collection[str], using: str = "default") -> list[UUID]:
    """Locations that have or had one of these codes."""
    return _bearers(LOCATION_CODE, codes, using)


def _bearers(sql: str, names: Collection[str], using: str) -> list[UUID]:
    with connections[using].cursor() as cursor:
        cursor.execute(sql, {"names": list(names)})
        return [row[0] for row in cursor.fetchall()]
