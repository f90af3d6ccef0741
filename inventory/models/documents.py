"""How a product looks as JSON: made by PostgreSQL in one prepared statement, the same bytes for every door.

Shape: `Product` in docs/api.md and `ProductSerializer`; a test holds the two together.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Self
from uuid import UUID

from django.db import connections

TIME = "to_char({} AT TIME ZONE 'UTC', 'YYYY-MM-DD\"T\"HH24:MI:SS.US\"Z\"')"

# Holds that are over still stand in the counters until somebody tidies up; here they count no more.
PRODUCT = f"""
    SELECT p.id AS pk, p.version AS pv, row_to_json(d)::text AS body,
           extract(epoch FROM (SELECT min(r.expires_at) - statement_timestamp() FROM inventory_reservationline r
                                WHERE r.product_id = p.id AND r.holding = 'reserved'
                                  AND r.expires_at > statement_timestamp()))::float8 AS right_for_s
      FROM inventory_product p
      JOIN inventory_productstock s ON s.product_id = p.id,
      LATERAL (SELECT COALESCE(sum(r.quantity), 0)::bigint AS pieces FROM inventory_reservationline r
                WHERE r.product_id = p.id AND r.holding = 'reserved' AND r.expires_at <= statement_timestamp()) o,
      LATERAL (SELECT p.id, p.sku, p.name, p.slug, p.description,
                      p.category_id AS category, p.variant_of_id AS variant_of,
                      p.options, p.barcode, p.price::text AS price, p.currency, p.status, p.attributes, p.track_stock,
                      p.backorder_limit, p.reorder_point, p.reorder_quantity,
                      (SELECT row_to_json(q) FROM (
                          SELECT s.on_hand, s.unavailable, s.allocated, s.reserved - o.pieces AS reserved,
                                 s.safety_stock_in_force AS safety_stock, s.available + o.pieces AS available,
                                 s.incoming, CASE
                                     WHEN o.pieces = 0 OR NOT s.tracked THEN s.state
                                     WHEN s.available + o.pieces <= 0 THEN 'out_of_stock'
                                     WHEN s.available + o.pieces < s.reorder_point_in_force THEN 'low_stock'
                                     ELSE 'in_stock' END AS state) q) AS stock,
                      p.version, {TIME.format("p.created_at")} AS created_at,
                      {TIME.format("p.updated_at")} AS updated_at, p.last_modified_by) d
"""  # noqa: S608 - constants only
BY_IDS = PRODUCT + " WHERE p.id = ANY(%s)"
BY_SKU = PRODUCT + " WHERE lower(p.sku) = lower(%s)"


@dataclass(frozen=True, slots=True)
class Document:
    """One object as JSON text in UTF-8, with the version that it shows.

    `right_for_s`: seconds, from when it was asked for, until a hold that it counts is over; None: it counts none. Only
    the database's clock is in it, so no other may be wrong.
    """

    id: UUID
    version: int
    body: bytes
    right_for_s: float | None = None

    def packed(self) -> bytes:
        """The entry that the cache keeps: `<version>`, a line feed, the JSON."""
        return b"%d\n%b" % (self.version, self.body)

    @classmethod
    def unpacked(cls, pk: UUID, entry: bytes) -> Self:
        version, _, body = entry.partition(b"\n")
        return cls(pk, int(version), body)


def products(ids: Sequence[UUID], using: str = "default") -> dict[UUID, Document]:
    """The products that exist among `ids`, by id, in one statement."""
    return {document.id: document for document in _fetch(BY_IDS, [list(ids)], using)}


def product_by_sku(sku: str, using: str = "default") -> Document | None:
    """The product with this SKU (any case), or None."""
    return next(iter(_fetch(BY_SKU, [sku], using)), None)


def _fetch(sql: str, parameters: list[Any], using: str) -> list[Document]:
    with connections[using].cursor() as cursor:
        cursor.execute(sql, parameters)
        return [Document(pk, version, body.encode(), right_for) for pk, version, body, right_for in cursor.fetchall()]
