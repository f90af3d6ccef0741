"""The last touch on the whole document, once every operation has been described."""

from typing import Any

from api.schema import parts


def finish(result: dict[str, Any], generator: Any, request: Any, public: bool) -> dict[str, Any]:
    """spectacular's hook: shared components, tags."""
    used = {tag for methods in result["paths"].values() for operation in methods.values() for tag in operation["tags"]}
    result["tags"] = [{"name": name, "description": text} for name, text in parts.TAGS.values() if name in used]
    components = result.setdefault("components", {})
    for kind, members in parts.COMPONENTS.items():
        components[kind] = dict(sorted({**components.get(kind, {}), **members}.items()))
    return result
