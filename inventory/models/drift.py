"""Drift: where figures that must agree do not. The database keeps them together; this looks whether it could.

Every question is one statement, so it sees one instant and finds nothing while stock moves. The kinds:

`ledger`     a level's rows are not numbered 1, 2, 3 …, or a balance is not the one before plus its delta
`counters`   a level does not say what its last ledger row says (a level that is missing says zero)
`totals`     a product's totals are not the sum of its levels
`policies`   what is in force is not what level, product, category and settings say
`incoming`   a level expects other goods than are on their way to it
`promises`   a level holds other pieces than its reservations do
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any
from uuid import UUID

import orjson
from django.db import connections

KINDS = ("ledger", "counters", "totals", "policies", "incoming", "promises")


@dataclass(frozen=True, slots=True)
class Drift:
    """One thing that does not agree: `found` and `expected` are figures by name. `location` None: the whole product."""

    kind: str
    product: UUID
    location: UUID | None
    sku: str
    code: str
    found: dict[str, Any]
    expected: dict[str, Any]

    @property
    def place(self) -> UUID:
        """The location of what drifted at a level."""
        if self.location is None:
            raise ValueError(f"A drift of {self.kind} concerns no single location.")
        return self.location


LEDGER = """
    WITH row AS (
        SELECT m.product_id, m.location_id, m.sequence, m.sku, m.location_code,
               (m.balance_on_hand, m.balance_unavailable, m.balance_allocated, m.balance_reserved) IS DISTINCT FROM
               (COALESCE(lag(m.balance_on_hand) OVER w, 0) + m.delta_on_hand,
                COALESCE(lag(m.balance_unavailable) OVER w, 0) + m.delta_unavailable,
                COALESCE(lag(m.balance_allocated) OVER w, 0) + m.delta_allocated,
                COALESCE(lag(m.balance_reserved) OVER w, 0) + m.delta_reserved) AS broken
          FROM inventory_stockmovement m WHERE m.product_id = ANY(%(products)s)
        WINDOW w AS (PARTITION BY m.product_id, m.location_id ORDER BY m.sequence)
    )
    SELECT product_id, location_id, max(sku), max(location_code),
           jsonb_build_object('rows', count(*), 'broken', count(*) FILTER (WHERE broken)),
           jsonb_build_object('rows', max(sequence), 'broken', 0)
      FROM row GROUP BY 1, 2 HAVING bool_or(broken) OR count(*) <> max(sequence)
"""
COUNTERS = """
    WITH place AS (
        SELECT product_id, location_id FROM inventory_stocklevel WHERE product_id = ANY(%(products)s)
        UNION
        SELECT product_id, location_id FROM inventory_stockmovement WHERE product_id = ANY(%(products)s)
    ), pair AS (
        SELECT a.product_id, a.location_id, COALESCE(p.sku, m.sku, '') AS sku,
               COALESCE(c.code, m.location_code, '') AS code,
               jsonb_build_object('sequence', COALESCE(v.sequence, CASE WHEN v.id IS NULL THEN m.sequence END, 0),
                   'on_hand', COALESCE(v.on_hand, 0), 'unavailable', COALESCE(v.unavailable, 0),
                   'allocated', COALESCE(v.allocated, 0), 'reserved', COALESCE(v.reserved, 0)) AS found,
               jsonb_build_object('sequence', COALESCE(m.sequence, 0),
                   'on_hand', COALESCE(m.balance_on_hand, 0), 'unavailable', COALESCE(m.balance_unavailable, 0),
                   'allocated', COALESCE(m.balance_allocated, 0),
                   'reserved', COALESCE(m.balance_reserved, 0)) AS expected
          FROM place a
          LEFT JOIN inventory_stocklevel v ON v.product_id = a.product_id AND v.location_id = a.location_id
          LEFT JOIN LATERAL (SELECT * FROM inventory_stockmovement m
                              WHERE m.product_id = a.product_id AND m.location_id = a.location_id
                              ORDER BY m.sequence DESC LIMIT 1) m ON true
          LEFT JOIN inventory_product p ON p.id = a.product_id
          LEFT JOIN inventory_location c ON c.id = a.location_id
    )
    SELECT * FROM pair WHERE found <> expected
"""
TOTALS = """
    WITH pair AS (
        SELECT s.product_id, NULL::uuid AS location_id, p.sku, '' AS code,
               jsonb_build_object('on_hand', s.on_hand, 'unavailable', s.unavailable, 'allocated', s.allocated,
                   'reserved', s.reserved, 'incoming', s.incoming, 'safety_stock', s.safety_stock_in_force) AS found,
               (SELECT jsonb_build_object('on_hand', COALESCE(sum(v.on_hand), 0),
                           'unavailable', COALESCE(sum(v.unavailable), 0), 'allocated', COALESCE(sum(v.allocated), 0),
                           'reserved', COALESCE(sum(v.reserved), 0), 'incoming', COALESCE(sum(v.incoming), 0),
                           'safety_stock', COALESCE(sum(v.safety_stock_in_force), 0))
                  FROM inventory_stocklevel v WHERE v.product_id = s.product_id) AS expected
          FROM inventory_productstock s JOIN inventory_product p ON p.id = s.product_id
         WHERE s.product_id = ANY(%(products)s)
    )
    SELECT * FROM pair WHERE found <> expected
"""
POLICIES = """
    WITH policy AS MATERIALIZED (
        SELECT * FROM stock_policies(%(products)s, %(reorder_point)s::int, %(safety_stock)s::int)
    ), pair AS (
        SELECT s.product_id, NULL::uuid AS location_id, p.sku, '' AS code,
               jsonb_build_object('reorder_point', s.reorder_point_in_force, 'level_safety_stock', s.level_safety_stock,
                                  'tracked', s.tracked) AS found,
               jsonb_build_object('reorder_point', y.policy_reorder_point, 'level_safety_stock', y.policy_safety_stock,
                                  'tracked', p.track_stock) AS expected
          FROM policy y
          JOIN inventory_productstock s ON s.product_id = y.policy_product
          JOIN inventory_product p ON p.id = y.policy_product
        UNION ALL
        SELECT v.product_id, v.location_id, p.sku, c.code,
               jsonb_build_object('safety_stock', v.safety_stock_in_force,
                                  'backorder_limit', v.backorder_limit_in_force),
               jsonb_build_object('safety_stock', COALESCE(v.safety_stock, y.policy_safety_stock),
                                  'backorder_limit', COALESCE(v.backorder_limit, p.backorder_limit))
          FROM policy y
          JOIN inventory_stocklevel v ON v.product_id = y.policy_product
          JOIN inventory_product p ON p.id = y.policy_product
          JOIN inventory_location c ON c.id = v.location_id
    )
    SELECT * FROM pair WHERE found <> expected
"""
INCOMING = """
    WITH road AS (
        SELECT l.product_id, t.to_location_id AS location_id, sum(l.quantity - l.received - l.shortfall) AS pieces
          FROM inventory_transferline l JOIN inventory_transfer t ON t.id = l.transfer_id
         WHERE t.state = 'in_transit' AND l.product_id = ANY(%(products)s) GROUP BY 1, 2
    )
    SELECT v.product_id, v.location_id, p.sku, c.code,
           jsonb_build_object('incoming', v.incoming), jsonb_build_object('incoming', COALESCE(r.pieces, 0))
      FROM inventory_stocklevel v
      JOIN inventory_product p ON p.id = v.product_id
      JOIN inventory_location c ON c.id = v.location_id
      LEFT JOIN road r ON r.product_id = v.product_id AND r.location_id = v.location_id
     WHERE v.product_id = ANY(%(products)s) AND v.incoming <> COALESCE(r.pieces, 0)
"""
PROMISES = """
    WITH held AS (
        SELECT l.product_id, l.location_id,
               COALESCE(sum(l.quantity) FILTER (WHERE l.holding = 'reserved'), 0) AS reserved,
               COALESCE(sum(l.quantity - l.fulfilled) FILTER (WHERE l.holding = 'allocated'), 0) AS allocated
          FROM inventory_reservationline l
         WHERE l.holding IN ('reserved', 'allocated') AND l.product_id = ANY(%(products)s) GROUP BY 1, 2
    )
    SELECT v.product_id, v.location_id, p.sku, c.code,
           jsonb_build_object('reserved', v.reserved, 'allocated', v.allocated),
           jsonb_build_object('reserved', COALESCE(h.reserved, 0), 'allocated', COALESCE(h.allocated, 0))
      FROM inventory_stocklevel v
      JOIN inventory_product p ON p.id = v.product_id
      JOIN inventory_location c ON c.id = v.location_id
      LEFT JOIN held h ON h.product_id = v.product_id AND h.location_id = v.location_id
     WHERE v.product_id = ANY(%(products)s)
       AND (v.reserved, v.allocated) <> (COALESCE(h.reserved, 0), COALESCE(h.allocated, 0))
"""
QUESTIONS = dict(zip(KINDS, (LEDGER, COUNTERS, TOTALS, POLICIES, INCOMING, PROMISES), strict=True))

# Products that are there, and products that only the ledger still knows; the ledger is walked from one id to the next.
NEXT = """
    WITH RECURSIVE told(product_id) AS (
        (SELECT product_id FROM inventory_stockmovement WHERE product_id > %(after)s ORDER BY product_id LIMIT 1)
        UNION ALL
        SELECT (SELECT m.product_id FROM inventory_stockmovement m WHERE m.product_id > t.product_id
                 ORDER BY m.product_id LIMIT 1) FROM told t WHERE t.product_id IS NOT NULL
    ), known AS (
        SELECT product_id FROM inventory_productstock WHERE product_id > %(after)s ORDER BY product_id LIMIT %(limit)s
    )
    SELECT product_id FROM (
        SELECT product_id FROM known
        UNION (SELECT product_id FROM told WHERE product_id IS NOT NULL LIMIT %(limit)s)
    ) both_kinds ORDER BY product_id LIMIT %(limit)s
"""


def among(
    products: Sequence[UUID],
    kind: str,
    *,
    reorder_point: int | None = None,
    safety_stock: int = 0,
    using: str = "default",
) -> list[Drift]:
    """Everything of this kind that does not agree among `products`. The figures are the service's default policies."""
    values = {"products": list(products), "reorder_point": reorder_point, "safety_stock": safety_stock}
    with connections[using].cursor() as cursor:
        cursor.execute(QUESTIONS[kind], values)
        rows = cursor.fetchall()
    return [
        Drift(kind, product, location, sku, code, orjson.loads(found), orjson.loads(expected))
        for product, location, sku, code, found, expected in rows
    ]


def products_after(last: UUID, limit: int, using: str = "default") -> list[UUID]:
    """The next `limit` products that stock or ledger know of, in order of their ids."""
    with connections[using].cursor() as cursor:
        cursor.execute(NEXT, {"after": last, "limit": limit})
        return [product for (product,) in cursor.fetchall()]
