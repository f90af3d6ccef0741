"""One product from the cache, by id or by SKU."""

import re

from api import cached
from api.edge import looking
from api.edge.asked import Answer, Asked, Lane
from api.preconditions import etag_for, names
from inventory.caching import Single, keys

PATH = "/api/v1/products/"
_BY_SKU = "sku:"
_ID = re.compile(r"[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}")
_SKU = re.compile(r"[0-9A-Za-z._/-]{1,64}")
#: Behind a SKU, these are other routes.
_OTHERS = ("/stock", "/history")
_HIT = ("Cache-Status", cached.header("hit"))
_JSON = ("Content-Type", "application/json")


def answer(asked: Asked) -> Answer | None:
    """The product, if the cache has it."""
    if asked.environ.get("QUERY_STRING"):
        return None
    named = asked.path[len(PATH) :]
    if _ID.fullmatch(named):
        return _shown(asked, looking.counted(asked, Single(keys.product(named))), 1)
    sku = named.removeprefix(_BY_SKU)
    if sku == named or not _SKU.fullmatch(sku) or sku.endswith(_OTHERS):
        return None
    pk = looking.counted(asked, Single(keys.product_sku(sku)))
    return None if pk is None else _shown(asked, looking.also(asked, Single(keys.product(pk.decode()))), 2)


def _shown(asked: Asked, entry: bytes | None, hits: int) -> Answer | None:
    if entry is None:
        return None
    version, _, body = entry.partition(b"\n")
    etag = etag_for(int(version), body)
    if names(asked.environ.get("HTTP_IF_NONE_MATCH", ""), etag):
        return Answer(304, b"", [("ETag", etag), _HIT], hits)
    return Answer(200, body, [_JSON, ("ETag", etag), _HIT], hits)


LANE = Lane(
    answer,
    method="GET",
    route="api/v1/products/<product:pk>",
    allow="GET, PUT, PATCH, DELETE, HEAD, OPTIONS",
    scope="catalog:read",
)
