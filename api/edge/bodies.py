"""Bodies of which a look shows that they are valid; None for every other, valid or not: Django reads it."""

import re
from dataclasses import dataclass
from typing import Any
from uuid import UUID

import orjson

from api.edge.asked import Asked
from api.serializers.fields import CODE_PATTERN
from inventory.models import INT_MAX, SKU_PATTERN, Reason
from inventory.values import Line

#: Long requests have costs of their own, which nobody should share who came at the same time.
_LONGEST, _MOST_LINES = 16 * 1024, 20
_TYPES = frozenset({"application/json", "application/json; charset=utf-8"})
_KEY = re.compile(rb'"[ \t\r\n]*:')
_SKU, _CODE = re.compile(SKU_PATTERN), re.compile(CODE_PATTERN)
_ID = re.compile(r"[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}")
_REASONS = frozenset(Reason.values)
_FIELDS = frozenset({"reason", "reference", "note", "lines"})
_LINE_FIELDS = frozenset({"sku", "product", "location", "delta", "expected_on_hand"})


@dataclass(frozen=True, slots=True)
class Wanted:
    """The body of an adjustment."""

    reason: str
    reference: str
    note: str
    lines: list[Line]


def plain(asked: Asked) -> bytes | None:
    """The body of a request that says in the plainest way that it is JSON, all of it."""
    environ = asked.environ
    if environ.get("QUERY_STRING") or environ.get("HTTP_CONTENT_ENCODING") or environ.get("CONTENT_TYPE") not in _TYPES:
        return None
    if not 0 < asked.length <= _LONGEST:
        return None
    body = asked.body()
    return body if len(body) == asked.length else None


def adjustment(body: bytes) -> Wanted | None:
    document = _object(body)
    if document is None or not document.keys() <= _FIELDS:
        return None
    reason, reference, note = document.get("reason"), document.get("reference", ""), document.get("note", "")
    items = document.get("lines")
    if not _is_text(reason, 40) or reason not in _REASONS or not _is_text(reference, 255) or not _is_text(note, 2_000):
        return None
    if not isinstance(items, list) or not 0 < len(items) <= _MOST_LINES:
        return None
    lines = [line for number, item in enumerate(items) if (line := _line(item, number)) is not None]
    return Wanted(reason, reference, note, lines) if len(lines) == len(items) else None


def _object(body: bytes) -> dict[str, Any] | None:
    """The document, if it is an object and no key stands twice anywhere in it."""
    # Without backslashes a quotation mark begins or ends a string; before a colon it can only end a key. So keys can be
    # counted in the text, and the parser, which lets the last of twins win, has fewer if there were twins.
    if b"\\" in body:
        return None
    try:
        document = orjson.loads(body)
    except orjson.JSONDecodeError:
        return None
    if not isinstance(document, dict) or _keys_in(document) != len(_KEY.findall(body)):
        return None
    return document


def _keys_in(document: dict[str, Any]) -> int:
    """Keys of the document and of the objects in its lists; what is deeper counts as none, and is refused for it."""
    lists = [value for value in document.values() if isinstance(value, list)]
    return len(document) + sum(len(item) for items in lists for item in items if isinstance(item, dict))


def _is_text(value: Any, longest: int) -> bool:
    return isinstance(value, str) and len(value) <= longest and value.isprintable()


def _line(item: Any, number: int) -> Line | None:
    if not isinstance(item, dict) or not item.keys() <= _LINE_FIELDS or ("sku" in item) == ("product" in item):
        return None
    sku, product, location = item.get("sku"), item.get("product"), item.get("location")
    named = _fits(_SKU, sku) if "sku" in item else _fits(_ID, product)
    delta: Any = item.get("delta")
    expected = item.get("expected_on_hand")
    if not named or not (location is None or _fits(_CODE, location)) or not _is_whole(delta, -INT_MAX) or delta == 0:
        return None
    if expected is not None and not _is_whole(expected, 0):
        return None
    return Line(sku, UUID(product) if product else None, location, delta, expected, f"/lines/{number}")


def _fits(pattern: re.Pattern[str], value: Any) -> bool:
    return isinstance(value, str) and pattern.fullmatch(value) is not None


def _is_whole(value: Any, least: int) -> bool:
    return type(value) is int and least <= value <= INT_MAX  # a boolean is no number here
