"""What people type into a search box, answered from an index at any size of the catalogue."""

from uuid import UUID

from django.contrib.postgres.search import SearchQuery
from django.db.models import Q, QuerySet
from django.db.models.functions import Lower

from inventory.models import ArchivedObject, Product

PRODUCTS_AT_ONCE = 500


def products_matching(rows: QuerySet[Product], text: str) -> QuerySet[Product]:
    """Products whose SKU begins with `text`, whose barcode it is, or whose words begin with its words."""
    text = text.replace("\x00", "").strip()
    words = ["".join(letter for letter in word if letter.isalnum()) for word in text.split()]
    found = Q(sku_lower__startswith=text.lower()) | Q(barcode=text)
    if any(words):
        prefixes = " & ".join(f"{word}:*" for word in words if word)
        found |= Q(search=SearchQuery(prefixes, search_type="raw", config="simple"))
    return rows.alias(sku_lower=Lower("sku")).filter(found)


def product_ids(text: str) -> list[UUID]:
    """The ids behind a search for products, also of deleted ones whose SKU begins with `text`; at most 500 of each."""
    live = products_matching(Product.objects.order_by(), text).values_list("pk", flat=True)[:PRODUCTS_AT_ONCE]
    gone = ArchivedObject.objects.filter(object_type="product", object_repr__istartswith=text.replace("\x00", ""))
    return [*live, *gone.order_by().values_list("object_id", flat=True)[:PRODUCTS_AT_ONCE]]


def as_uuid(text: str) -> UUID | None:
    try:
        return UUID(text.strip())
    except ValueError:
        return None
