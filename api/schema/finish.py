"""The last touch on the whole document, once every operation has been described."""

from typing import Any

from api.schema import parts


def finish(result: dict[str, Any], generator: Any, request: Any, public: bool) -> dict[str, Any]:
    """spectacular's hook: tags, selections, links, shared components."""
    used = {tag for methods in result["paths"].values() for operation in methods.values() for tag in operation["tags"]}
    result["tags"] = [{"name": name, "description": text} for name, text in parts.TAGS.values() if name in used]
    components = result.setdefault("components", {})
    _allow_selections(result["paths"], components["schemas"])
    _link_what_was_created(result["paths"])
    for kind, members in parts.COMPONENTS.items():
        components[kind] = dict(sorted({**components.get(kind, {}), **members}.items()))
    return result


def _link_what_was_created(paths: dict[str, Any]) -> None:
    """From each creation to the operations that take the new object's id."""
    for path, methods in paths.items():
        created = methods.get("post", {}).get("responses", {}).get("201")
        if created is not None and f"{path}/{{id}}" in paths:
            created["links"] = {
                operation["operationId"]: _link_to(operation)
                for address, others in paths.items()
                if address.startswith(f"{path}/{{id}}")
                for operation in others.values()
            }


def _link_to(operation: dict[str, Any]) -> dict[str, Any]:
    parameters = {"id": "$response.body#/id"}
    if any(parameter["name"] == "If-Match" for parameter in operation["parameters"]):
        parameters["If-Match"] = "$response.header.ETag"
    return {"operationId": operation["operationId"], "parameters": parameters}


def _allow_selections(paths: dict[str, Any], schemas: dict[str, Any]) -> None:
    """Answers of operations with `fields` or `expand` may be the whole model or a selection of its members."""
    for methods in paths.values():
        for operation in methods.values():
            if any(parameter["name"] == "fields" for parameter in operation.get("parameters", [])):
                media = operation["responses"]["200"]["content"]["application/json"]
                media["schema"] = _selectable(media["schema"], schemas)


def _selectable(schema: dict[str, Any], schemas: dict[str, Any]) -> dict[str, Any]:
    name = schema["$ref"].rpartition("/")[2]
    model = schemas[name]
    if "results" not in model["properties"]:
        return {"anyOf": [schema, _selection_of(name, schemas)]}
    whole = model["properties"]["results"]["items"]["$ref"].rpartition("/")[2]
    results = {"type": "array", "items": {"anyOf": [_ref(whole), _selection_of(whole, schemas)]}}
    schemas[f"{whole}SelectionPage"] = model | {"properties": model["properties"] | {"results": results}}
    return _ref(f"{whole}SelectionPage")


def _selection_of(name: str, schemas: dict[str, Any]) -> dict[str, Any]:
    """A component like `name` in which no member is required, and a reference may be the object itself."""
    members = {member: dict(one) for member, one in schemas[name]["properties"].items()}
    if "category" in members:
        expanded = {"oneOf": [{"type": "string", "format": "uuid"}, _ref("Category"), {"type": "null"}]}
        members["category"] = expanded | {"description": "The id; with `expand=category` the category itself."}
    schemas[f"{name}Selection"] = {
        "type": "object",
        "description": f"The members of a {name} that `fields` names; all of them with `expand` alone.",
        "properties": members,
    }
    return _ref(f"{name}Selection")


def _ref(name: str) -> dict[str, Any]:
    return {"$ref": f"#/components/schemas/{name}"}
