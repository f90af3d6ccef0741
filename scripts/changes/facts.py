"""The published document as facts: one line for each thing that a client may rely on; words and examples are none."""

import json
from collections.abc import Iterator
from typing import Any, NamedTuple

SENT, ANSWERED = "sent", "answered"
WORDS = {"description", "summary", "title", "examples", "example", "readOnly", "writeOnly", "deprecated", "default"}
ERRORS_FROM = 400  # every error is one shape, and any of them may come
#: Keyword → does a larger number allow more (1) or less (-1)?
BOUNDS = {"maximum": 1, "maxLength": 1, "maxItems": 1, "maxProperties": 1} | {
    "minimum": -1, "minLength": -1, "minItems": -1, "minProperties": -1,
}  # fmt: skip


class Fact(NamedTuple):
    """`subject` is an operation, a model, or a member of one: `list_products.ordering`, `Product.options{}`."""

    direction: str
    subject: str
    aspect: str


Facts = dict[Fact, str]


def facts_of(document: dict[str, Any]) -> Facts:
    found: Facts = {}
    for path, methods in document["paths"].items():
        for method, operation in methods.items():
            found |= dict(_operation(f"{method.upper()} {path}", operation, document))
    for direction in (SENT, ANSWERED):
        for name in sorted(_reached(document, direction)):
            schema = document["components"]["schemas"][name]
            found[Fact(direction, name, "is")] = "model"
            found |= dict(_schema(direction, name, schema))
    return found


def written(facts: Facts) -> str:
    return "".join(sorted(f"{' | '.join(fact)} | {value}\n" for fact, value in facts.items()))


def read(text: str) -> Facts:
    rows = [line.split(" | ", 3) for line in text.splitlines() if not line.startswith("#")]
    return {Fact(*row[:3]): row[3] for row in rows}


def _operation(address: str, operation: dict[str, Any], document: dict[str, Any]) -> Iterator[tuple[Fact, str]]:
    name = operation["operationId"]
    yield from ((Fact(direction, name, "is"), "operation") for direction in (SENT, ANSWERED))
    yield Fact(SENT, name, "address"), address
    yield Fact(SENT, name, "scope"), str(operation.get("x-scope"))
    if operation.get("deprecated"):
        yield Fact(SENT, name, "deprecated"), "yes"
    for parameter in operation.get("parameters", []):
        yield from _member(SENT, f"{name}.{parameter['name']}", parameter["schema"], parameter)
    if "requestBody" in operation:
        body = operation["requestBody"]
        yield from _member(SENT, f"{name}.body", _content(body), body)
    for status, answer in operation["responses"].items():
        if int(status) >= ERRORS_FROM:
            continue
        shared = _resolved(answer, document)
        yield Fact(ANSWERED, name, f"status {status}"), _compact(_content(shared))
        for header in shared.get("headers", {}):
            yield Fact(ANSWERED, name, f"header {header} of {status}"), "yes"


def _member(
    direction: str, subject: str, schema: dict[str, Any], declared: dict[str, Any]
) -> Iterator[tuple[Fact, str]]:
    yield Fact(direction, subject, "is"), "member"
    if declared.get("required") is True:
        yield Fact(direction, subject, "required"), "yes"
    if declared.get("deprecated"):
        yield Fact(direction, subject, "deprecated"), "yes"
    yield from _schema(direction, subject, schema)


def _schema(direction: str, subject: str, schema: dict[str, Any]) -> Iterator[tuple[Fact, str]]:
    kinds = schema.get("type", [])
    for kind in [kinds] if isinstance(kinds, str) else kinds:
        yield Fact(direction, subject, f"type {kind}"), "yes"
    for value in schema.get("enum", []):
        yield Fact(direction, subject, f"value {json.dumps(value)}"), "yes"
    for keyword in BOUNDS:
        if keyword in schema:
            yield Fact(direction, subject, keyword), str(schema[keyword])
    if rest := _rest(schema):
        yield Fact(direction, subject, "shape"), _compact(rest)
    yield from _parts(direction, subject, schema)


def _parts(direction: str, subject: str, schema: dict[str, Any]) -> Iterator[tuple[Fact, str]]:
    required = schema.get("required", [])
    for name, one in schema.get("properties", {}).items():
        declared = {"required": name in required, "deprecated": one.get("deprecated")}
        yield from _member(direction, f"{subject}.{name}", one, declared)
    for keyword, mark in (("items", "[]"), ("additionalProperties", "{}")):
        if isinstance(schema.get(keyword), dict):
            yield from _member(direction, subject + mark, schema[keyword], {})


def _rest(schema: dict[str, Any]) -> dict[str, Any]:
    """What has no fact of its own: format, pattern, reference, alternatives."""
    own = {"type", "enum", "properties", "required", "items", *BOUNDS, *WORDS}
    rest = {name: value for name, value in schema.items() if name not in own}
    if isinstance(rest.get("additionalProperties"), dict):
        del rest["additionalProperties"]
    return rest


def _content(body: dict[str, Any]) -> dict[str, Any]:
    media: dict[str, Any] = next(iter(body.get("content", {}).values()), {})
    schema: dict[str, Any] = media.get("schema", {})
    return schema


def _resolved(node: dict[str, Any], document: dict[str, Any]) -> dict[str, Any]:
    if "$ref" not in node:
        return node
    kind, name = node["$ref"].split("/")[-2:]
    found: dict[str, Any] = document["components"][kind][name]
    return found


def _compact(schema: Any) -> str:
    return json.dumps(_without_words(schema), sort_keys=True, separators=(",", ":"))


def _without_words(schema: Any) -> Any:
    if isinstance(schema, dict):
        return {name: _without_words(one) for name, one in schema.items() if name not in WORDS}
    return [_without_words(one) for one in schema] if isinstance(schema, list) else schema


def _reached(document: dict[str, Any], direction: str) -> set[str]:
    """The models that are sent, or answered, by any operation, whatever the depth."""
    operations = [operation for methods in document["paths"].values() for operation in methods.values()]
    if direction == SENT:
        roots = [[one.get("parameters", []), one.get("requestBody", {})] for one in operations]
    else:
        roots = [[_resolved(answer, document) for answer in one["responses"].values()] for one in operations]
    found: set[str] = set()
    waiting = _references(roots)
    while waiting:
        found |= waiting
        models = document["components"]["schemas"]
        waiting = _references([models[name] for name in waiting]) - found
    return found


def _references(node: Any) -> set[str]:
    said = json.dumps(node)
    return {rest.partition('"')[0] for rest in said.split('"#/components/schemas/')[1:]}
