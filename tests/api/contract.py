"""The published schema as a judge: every answer that a test gets is held against it."""

import json
import re
from functools import cache
from typing import Any

from jsonschema import Draft202012Validator, FormatChecker
from referencing import Registry, Resource
from referencing.jsonschema import DRAFT202012

from api.schema.document import document

ROOT = "urn:stockroom"


def assert_as_published(method: str, address: str, answer: Any) -> None:
    """The operation, the status, the media type, the headers and the body are those of the document."""
    operation = operation_at(method, address)
    if operation is None:
        assert answer.status in (204, 400, 401, 404, 405), (
            f"{method} {address} is not published but gave {answer.status}"
        )
        return
    published = operation["responses"].get(str(answer.status))
    assert published is not None, f"{method} {address}: {answer.status} is not published. {answer.body[:500]!r}"
    published = resolved(published)
    _assert_headers(f"{method} {address} {answer.status}", published.get("headers", {}), answer.headers)
    content = published.get("content")
    if not content or method == "HEAD":
        assert answer.body == b"", f"{method} {address} {answer.status} has a body"
        return
    media = answer.headers.get("content-type", "")
    assert media in content, f"{method} {address} {answer.status}: {media} is not published"
    if media.endswith("json"):
        errors = sorted(validator(content[media]["schema"]).iter_errors(json.loads(answer.body)), key=str)
        assert not errors, f"{method} {address} {answer.status}: {errors[0].message} at {errors[0].json_path}"


SOMETIMES = {"Idempotency-Replayed", "Retry-After", "Deprecation", "Sunset", "Link", "RateLimit", "RateLimit-Policy"}
PUBLISHED_ONLY = {"ETag", "Location", "Cache-Status", "WWW-Authenticate", "Idempotency-Replayed", "Retry-After"}


def _assert_headers(where: str, published: dict[str, Any], given: dict[str, str]) -> None:
    """What is published comes, and what matters to a client comes nowhere else."""
    for name in published:
        assert name in SOMETIMES or name.lower() in given, f"{where}: no {name}"
    for name in PUBLISHED_ONLY - set(published):
        assert name.lower() not in given, f"{where}: {name} is not published"


def operation_at(method: str, address: str) -> dict[str, Any] | None:
    method = "get" if method == "HEAD" else method.lower()
    for pattern, methods in _paths():
        if pattern.fullmatch(address):
            found: dict[str, Any] | None = methods.get(method)
            return found
    return None


@cache
def _paths() -> list[tuple[re.Pattern[str], dict[str, Any]]]:
    """Literal paths first, so that `/plan` is not taken for an id."""
    paths = sorted(document()["paths"].items(), key=lambda item: item[0].count("{"))
    return [
        (re.compile(re.sub(r"\{[^}]+\}", "[^/]+", re.escape(path).replace(r"\{", "{").replace(r"\}", "}"))), one)
        for path, one in paths
    ]


def resolved(node: dict[str, Any]) -> dict[str, Any]:
    if "$ref" not in node:
        return node
    target: Any = document()
    for step in node["$ref"].removeprefix("#/").split("/"):
        target = target[step]
    found: dict[str, Any] = target
    return found


def validator(schema: dict[str, Any]) -> Draft202012Validator:
    """A validator for a schema that stands somewhere in the document."""
    pointed = json.loads(json.dumps(schema).replace('"#/components', f'"{ROOT}#/components'))
    return Draft202012Validator(pointed, registry=_registry(), format_checker=FormatChecker())


@cache
def _registry() -> Registry:
    return Registry().with_resource(ROOT, Resource.from_contents(document(), default_specification=DRAFT202012))
