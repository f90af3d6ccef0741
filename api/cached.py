"""Cached reads of the catalogue: a product is its rendered bytes, a listing page is ids composed from product entries.

What is served is byte for byte what the database would render.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any
from uuid import UUID

import orjson

from api.renderers import to_json
from inventory import caching
from inventory.caching import Loaded, keys
from inventory.models import documents
from inventory.models.documents import Document

Status = str


@dataclass(frozen=True, slots=True)
class Listed:
    """A page of a listing: the ids in order, and the cursors of its neighbours."""

    ids: list[UUID]
    next: str | None
    previous: str | None
    count: int | None


def product(pk: UUID) -> tuple[Document | None, Status]:
    """The product with this id, and whether the cache had it."""
    read = caching.read(keys.product(pk), lambda: _packed(documents.products([pk]).get(pk)))
    return _unpacked(pk, read.body), read.status


def product_by_sku(sku: str) -> tuple[Document | None, Status]:
    """The product with this SKU: an entry of its own knows the id."""
    read = caching.read(keys.product_sku(sku), lambda: _id_of(sku))
    return (None, read.status) if read.body is None else product(UUID(read.body.decode()))


def products(ids: Sequence[UUID]) -> dict[UUID, Document]:
    """The products that exist among `ids`."""
    by_key = {keys.product(pk): pk for pk in ids}

    def load(missing: Sequence[str]) -> dict[str, Loaded]:
        found = documents.products([by_key[key] for key in missing])
        return {key: _packed(found.get(by_key[key])) for key in missing}

    reads = caching.read_many(list(by_key), load)
    unpacked = {pk: _unpacked(pk, reads[key].body) for key, pk in by_key.items()}
    return {pk: document for pk, document in unpacked.items() if document is not None}


def listing(category: UUID, field: str, load: Callable[[], Listed]) -> tuple[Listed, Status]:
    """One page of a category's listing; `field` names everything that decides what is on it."""

    def loaded() -> Loaded:
        page = load()
        return Loaded(orjson.dumps([page.ids, page.next, page.previous, page.count]))

    read = caching.read_page(keys.listing(category), field, loaded)
    ids, following, previous, count = orjson.loads(read.body or b"[[],null,null,null]")
    return Listed([UUID(pk) for pk in ids], following, previous, count), read.status


def of_tree(field: str, load: Callable[[], Any]) -> tuple[Any, Status]:
    """JSON values that nothing but categories decides: they stand in one group and go with any change of the tree."""
    read = caching.read_page(keys.category_tree(), field, lambda: Loaded(to_json(load())))
    return orjson.loads(read.body or b"null"), read.status


def header(status: Status) -> str:
    """`Cache-Status` (RFC 9211) for a read of this status."""
    return "stockroom; hit" if status == "hit" else f"stockroom; fwd={status}"


def _packed(document: Document | None) -> Loaded:
    return Loaded(None) if document is None else Loaded(document.packed(), document.right_for_s)


def _unpacked(pk: UUID, body: bytes | None) -> Document | None:
    return None if body is None else Document.unpacked(pk, body)


def _id_of(sku: str) -> Loaded:
    document = documents.product_by_sku(sku)
    return Loaded(None if document is None else str(document.id).encode())
