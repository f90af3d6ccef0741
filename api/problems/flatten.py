"""REST framework's nested validation errors as a flat list of culprits with JSON pointers (RFC 6901)."""

from collections.abc import Iterator
from typing import Any

from rest_framework.settings import api_settings

from inventory.errors import Problem


def flatten(detail: Any, pointer: str = "") -> Iterator[Problem]:
    """Each message of `detail` (dict, list or message, as serializers nest them) with the pointer to its value."""
    if isinstance(detail, dict):
        for name, inner in detail.items():
            own = name in (api_settings.NON_FIELD_ERRORS_KEY, "__all__")
            yield from flatten(inner, pointer if own else pointer + "/" + token(name))
    elif isinstance(detail, (list, tuple)):
        for position, inner in enumerate(detail):
            # A list holds messages about one value, or, for a list of objects, one dict per object.
            nested = isinstance(inner, (dict, list))
            yield from flatten(inner, f"{pointer}/{position}" if nested else pointer)
    else:
        yield Problem(str(detail), getattr(detail, "code", None) or "invalid", pointer)


def token(name: object) -> str:
    """One step of a JSON pointer: `~` and `/` are escaped."""
    return str(name).replace("~", "~0").replace("/", "~1")
