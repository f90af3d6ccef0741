"""Nothing unnamed, nothing unused: what readers and generators of clients trip over."""

import json
from typing import Any

from api.schema import examples, words

COUNT_MODE: dict[str, Any] = {"type": "string", "enum": ["exact"]}


def tidy(result: dict[str, Any], generator: Any, request: Any, public: bool) -> dict[str, Any]:
    """spectacular's hook, the last: words and examples for all, one model for each enum, no component without a use."""
    schemas = result["components"]["schemas"]
    schemas["CountMode"] = COUNT_MODE
    models = {tuple(schema["enum"]): name for name, schema in schemas.items() if "enum" in schema}
    for path, methods in result["paths"].items():
        for method, operation in methods.items():
            for parameter in operation.get("parameters", []):
                _share_enum(parameter, models)
                _describe_parameter(parameter, path)
            _describe_answers(operation, method)
            examples.show(operation)
    for name, schema in schemas.items():
        _describe_model(name, schema)
    _drop_unused(result)
    return result


def _share_enum(parameter: dict[str, Any], models: dict[tuple[str, ...], str]) -> None:
    """Refer to the model that lists the same values, so that a client has one type for them."""
    name = models.get(tuple(parameter["schema"].get("enum", ())))
    if name is not None:
        parameter["schema"] = {"$ref": f"#/components/schemas/{name}"}


def _describe_parameter(parameter: dict[str, Any], path: str) -> None:
    of_product = parameter["name"] == "id" and path.startswith("/api/v1/products/")
    said = words.PRODUCT_ID if of_product else words.PARAMETERS.get(parameter["name"])
    if said is not None:
        parameter.setdefault("description", said)


def _describe_answers(operation: dict[str, Any], method: str) -> None:
    of_read = words.PAGE if operation["operationId"].startswith("list_") else words.READ
    for status, response in operation["responses"].items():
        if "$ref" not in response and response["description"] in ("", "No response body"):
            response["description"] = words.ANSWERS.get(status, of_read if method == "get" else words.CHANGED)


def _describe_model(name: str, schema: dict[str, Any]) -> None:
    if name.endswith("Page"):
        schema.setdefault("description", words.PAGE)
    elif name in words.MODELS:
        schema.setdefault("description", words.MODELS[name])


def _drop_unused(document: dict[str, Any]) -> None:
    """Remove components that nothing refers to, until none is left."""
    while True:
        said = json.dumps(document)
        unused = [
            (kind, name)
            for kind in ("schemas", "headers", "responses", "parameters")
            for name in document["components"].get(kind, {})
            if f'"#/components/{kind}/{name}"' not in said
        ]
        if not unused:
            return
        for kind, name in unused:
            del document["components"][kind][name]
