"""The limit of an uncached read: one prepared SELECT whose JSON PostgreSQL makes."""

from typing import Any

from . import StartResponse, answer
from .sql import connection

SELECT = """
    SELECT row_to_json(d)::text FROM (
        SELECT p.id, p.sku, p.name, p.slug, p.description, c.name AS category, p.options, p.barcode, p.price,
               p.currency, p.status, p.attributes, p.version, p.created_at, p.updated_at,
               s.on_hand, s.unavailable, s.allocated, s.reserved, s.available, s.incoming, s.state
          FROM inventory_product p
          JOIN inventory_productstock s ON s.product_id = p.id
          LEFT JOIN inventory_category c ON c.id = p.category_id
         WHERE p.id = %s::uuid) d
"""


def application(environ: dict[str, Any], start_response: StartResponse) -> list[bytes]:
    row = connection().execute(SELECT, [environ["PATH_INFO"][1:]]).fetchone()
    return answer(start_response, b"", "404 Not Found") if row is None else answer(start_response, row[0].encode())
