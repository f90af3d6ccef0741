"""The reference page's content, drawn from the published document: every operation, every model."""

from dataclasses import dataclass, field
from functools import cache
from typing import Any

import orjson

from api.schema.document import document


@dataclass(frozen=True, slots=True)
class Row:
    """One parameter or member. `link` is the model that it refers to."""

    name: str
    kind: str
    text: str
    required: bool = False
    place: str = ""
    link: str = ""


@dataclass(frozen=True, slots=True)
class Answer:
    status: str
    text: str
    link: str = ""


@dataclass(frozen=True, slots=True)
class Operation:
    id: str
    method: str
    path: str
    summary: str
    text: list[str]
    parameters: list[Row]
    body: str
    example: str
    answers: list[Answer]


@dataclass(frozen=True, slots=True)
class Model:
    name: str
    text: str
    rows: list[Row] = field(default_factory=list)


@cache
def groups() -> list[tuple[str, list[Operation]]]:
    """Operations by tag, in the order of the document's tags."""
    found: dict[str, list[Operation]] = {tag["name"]: [] for tag in document()["tags"]}
    for path, methods in document()["paths"].items():
        for method, operation in methods.items():
            found[operation["tags"][0]].append(_operation(path, method, operation))
    return list(found.items())


@cache
def models() -> list[Model]:
    return [
        Model(name, schema.get("description", ""), _rows(schema))
        for name, schema in document()["components"]["schemas"].items()
        if "properties" in schema
    ]


def _operation(path: str, method: str, operation: dict[str, Any]) -> Operation:
    content = operation.get("requestBody", {}).get("content", {}).get("application/json", {})
    return Operation(
        id=operation["operationId"],
        method=method.upper(),
        path=path,
        summary=operation["summary"],
        text=operation.get("description", "").split("\n\n"),
        parameters=[_parameter(one) for one in operation.get("parameters", [])],
        body=_link(content.get("schema", {})),
        example=_example(content),
        answers=[_answer(status, one) for status, one in operation["responses"].items()],
    )


def _parameter(one: dict[str, Any]) -> Row:
    return Row(one["name"], _kind(one["schema"]), one.get("description", ""), one.get("required", False), one["in"])


def _rows(schema: dict[str, Any]) -> list[Row]:
    required = schema.get("required", [])
    return [
        Row(name, _kind(one), one.get("description", ""), name in required, link=_link(one))
        for name, one in schema["properties"].items()
    ]


def _answer(status: str, answer: dict[str, Any]) -> Answer:
    shared = _resolved(answer)
    content: dict[str, Any] = next(iter(shared.get("content", {}).values()), {})
    return Answer(status, shared.get("description", ""), _link(content.get("schema", {})))


def _resolved(node: dict[str, Any]) -> dict[str, Any]:
    if "$ref" not in node:
        return node
    target: Any = document()
    for step in node["$ref"].removeprefix("#/").split("/"):
        target = target[step]
    found: dict[str, Any] = target
    return found


def _link(schema: dict[str, Any]) -> str:
    """The name of the model behind a schema, its alternatives or its items; empty without one."""
    candidates = [
        schema,
        schema.get("items", {}),
        *schema.get("oneOf", []),
        *schema.get("anyOf", []),
        *schema.get("allOf", []),
    ]
    for candidate in candidates:
        if "$ref" in candidate:
            return str(candidate["$ref"]).rpartition("/")[2]
    return ""


def _kind(schema: dict[str, Any]) -> str:
    """The type in a few words: `string (uuid) or null`, `array of …`, `one of a, b`."""
    if "enum" in schema:
        return "one of " + ", ".join(str(value) for value in schema["enum"])
    if link := _link(schema):
        return f"array of {link}" if schema.get("type") == "array" else link
    kind = schema.get("type", "any")
    names = [kind] if isinstance(kind, str) else list(kind)
    if names == ["array"]:
        return "array of " + _kind(schema.get("items", {}))
    words = " or ".join(names)
    return f"{words} ({schema['format']})" if "format" in schema else words


def _example(content: dict[str, Any]) -> str:
    schema = _resolved(content.get("schema", {}))
    examples = [content["example"]] if "example" in content else schema.get("examples", [])
    return orjson.dumps(examples[0], option=orjson.OPT_INDENT_2).decode() if examples else ""
