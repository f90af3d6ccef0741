"""Plain values that travel between the doors and the operations."""

from dataclasses import dataclass
from typing import Any
from uuid import UUID

import orjson


@dataclass(frozen=True, slots=True)
class Line:
    """One line as the caller wrote it: a product by `sku` or `product` id, a location code (None: the default)."""

    sku: str | None = None
    product: UUID | None = None
    location: str | None = None
    #: Pieces; what they mean is the operation's affair.
    quantity: int = 0
    #: The on_hand that the caller believes in; None: does not care.
    expected: int | None = None
    #: Where it stands in the body (RFC 6901).
    pointer: str = ""


def as_json(value: Any) -> str:
    """JSON for a statement's parameter; what JSON has no word for becomes text."""
    return orjson.dumps(value, default=str).decode()
