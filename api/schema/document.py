"""The published document, made once for each process: it depends on the code alone."""

import hashlib
from functools import cache
from threading import Lock
from typing import Any

from drf_spectacular.generators import SchemaGenerator
from drf_spectacular.renderers import OpenApiYamlRenderer

from api.renderers import to_json

# The generator keeps state of its own: two first calls at once would disturb each other.
_building = Lock()


def document() -> dict[str, Any]:
    """The OpenAPI document. Do not change what you get."""
    with _building:
        return _document()


@cache
def _document() -> dict[str, Any]:
    schema: dict[str, Any] = SchemaGenerator().get_schema(request=None, public=True)
    return schema


@cache
def as_json() -> bytes:
    return to_json(document())


@cache
def as_yaml() -> bytes:
    rendered: bytes = OpenApiYamlRenderer().render(document(), renderer_context={})
    return rendered


@cache
def etag(kind: str) -> str:
    """The entity tag of the document as `json` or `yaml`."""
    body = as_yaml() if kind == "yaml" else as_json()
    return f'"{hashlib.sha256(body).hexdigest()[:24]}"'
