"""Is what is cached what is committed? Compares products and SKUs; changes nothing."""

import logging
from uuid import UUID

from django.db.models.functions import Lower
from redis.exceptions import RedisError

from inventory import caching
from inventory.caching import Audit, Loaded, keys
from inventory.models import Product, documents

log = logging.getLogger(__name__)

SAMPLE = 200


def audit_cache(sample: int | None = None) -> Audit:
    """Compare every cached product and SKU, or `sample` entries at random. Stale entries are logged as errors."""
    found = caching.audit(_load, ["product", "sku"], sample)
    if found.stale:
        log.error("stale cache entries", extra={"keys": sorted(found.stale)[:20], "stale": len(found.stale)})
    return found


def audit_sample() -> Audit:
    """A look at some entries; while Redis is away there is nothing to look at."""
    try:
        return audit_cache(SAMPLE)
    except RedisError:
        return Audit(trusted=False)


def _load(names: list[str]) -> dict[str, Loaded]:
    ids = [UUID(name.removeprefix("product:")) for name in names if name.startswith("product:")]
    skus = [name.removeprefix("sku:") for name in names if name.startswith("sku:")]
    shown = {
        keys.product(pk): Loaded(document.packed(), document.right_for_s)
        for pk, document in (documents.products(ids) if ids else {}).items()
    }
    rows = Product.objects.annotate(key=Lower("sku")).filter(key__in=skus).values_list("key", "pk") if skus else ()
    return shown | {keys.product_sku(sku): Loaded(str(pk).encode()) for sku, pk in rows}
