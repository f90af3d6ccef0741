"""How one operation is described: what REST framework's introspection cannot know, once for all of them."""

import re
from typing import Any

import uritemplate
from drf_spectacular.openapi import AutoSchema
from drf_spectacular.plumbing import get_doc

from api.pagination import PARAMETERS as PAGING
from api.pagination import KeysetPagination
from api.schema import naming, parts

EVERYWHERE = (400, 401, 403, 406, 415, 429, 500, 503)
WITH_BODY = (409, 413, 422)
AN_ID = {"type": "string", "format": "uuid"}
PREFIX = re.compile(r"^/api/v[0-9]+/")


class StockroomSchema(AutoSchema):
    """The description of one operation, from the declarations of its viewset."""

    view: Any
    method: str

    def get_operation(self, *args: Any, **kwargs: Any) -> dict[str, Any] | None:
        operation = super().get_operation(*args, **kwargs)
        if operation is not None:
            operation.setdefault("summary", naming.summary_of(operation["operationId"]))
            self._add_errors(operation["responses"])
            self._add_headers(operation["responses"])
        return operation

    # --- Names and words --------------------------------------------------------------------------------------------

    def get_operation_id(self) -> str:
        return naming.operation_id(
            PREFIX.sub("", self.path), self.method, self.view.action, is_list=self._answers_with_page()
        )

    def get_description(self) -> str:  # type: ignore[override]
        said = get_doc(getattr(self.view, self.view.action, None))
        scope = self._scope()
        needs = f"Needs the scope `{scope}`." if scope else "Any valid key will do."
        goes = self.view.deprecations.get(self.view.action)
        return "\n\n".join(str(one) for one in (said, goes, needs) if one)

    def is_deprecated(self) -> bool:
        return self.view.action in self.view.deprecations

    def get_tags(self) -> list[str]:
        return [parts.TAGS[PREFIX.sub("", self.path).split("/")[0]][0]]

    def get_auth(self) -> list[dict[str, Any]]:
        # The session of staff also works, for the pages of this service; a client should never be generated for it.
        return [{"ApiKey": []}]

    def get_extensions(self) -> dict[str, Any]:
        return {"x-scope": self._scope()}

    def get_paginated_name(self, serializer_name: str) -> str:
        return f"{serializer_name}Page"

    def _get_serializer_name(self, serializer: Any, direction: Any, bypass_extensions: bool = False) -> str:
        name: str = super()._get_serializer_name(serializer, direction, bypass_extensions)
        if name.startswith("Patched"):
            name = name.removeprefix("Patched").removesuffix("Request") + "Patch"
        return naming.MODELS.get(name, name)

    # --- Parameters -------------------------------------------------------------------------------------------------

    def _answers_with_page(self) -> bool:
        listed = self.view.action in self.view.list_actions or "cursor" in self.view.known_parameters()
        return self.method == "GET" and listed

    def _filters(self) -> dict[str, Any]:
        filterset = getattr(self.view, "filterset_class", None)
        return (
            dict(filterset.base_filters) if filterset is not None and self.view.action in self.view.list_actions else {}
        )

    def _is_list_view(self, serializer: Any = None) -> bool:
        return self._answers_with_page()

    def _get_filter_parameters(self) -> list[dict[str, Any]]:
        """The query as `check_parameters` takes it."""
        known, filters = self.view.known_parameters(), self._filters()
        further = sorted(name for name in known if name not in filters and name not in PAGING)
        names = [*(name for name in filters if name in known), *further]
        return [self._query_parameter(name) | self._fate_of(name) for name in names]

    def _fate_of(self, parameter: str) -> dict[str, Any]:
        return {"deprecated": True} if f"{self.view.action}?{parameter}" in self.view.deprecations else {}

    def _query_parameter(self, name: str) -> dict[str, Any]:
        declared = self._filters().get(name)
        if declared is not None:
            return _parameter(name, declared.extra.get("help_text"), declared.schema)
        if name == "ordering":
            return _parameter(name, "The order.", {"type": "string", "enum": self.view.orderings()})
        if name == "fields":
            members = list(self._get_serializer().fields)
            items = {"type": "array", "items": {"type": "string", "enum": members}, "minItems": 1}
            chosen = _parameter(name, "Only these members, separated by commas.", items)
            return chosen | {"style": "form", "explode": False}
        described = parts.PARAMETERS[name]
        return _parameter(name, described["description"], described["schema"])

    def _get_pagination_parameters(self) -> list[dict[str, Any]]:
        known = self.view.known_parameters() if self._answers_with_page() else {}
        paging = KeysetPagination().get_schema_operation_parameters(self.view)
        return [parameter for parameter in paging if parameter["name"] in known]

    def _get_paginator(self) -> Any:
        return KeysetPagination() if self._answers_with_page() else None

    def _get_parameters(self) -> list[dict[str, Any]]:
        return [*super()._get_parameters(), *self._header_parameters()]

    def _resolve_path_parameters(self, variables: list[str]) -> list[dict[str, Any]]:
        schema = parts.PRODUCT_ID if PREFIX.sub("", self.path).startswith("products/") else AN_ID
        return [{"name": name, "in": "path", "required": True, "schema": schema} for name in variables]

    def _header_parameters(self) -> list[dict[str, Any]]:
        if self.method == "POST":
            return [parts.IDEMPOTENCY_KEY]
        if self.method in ("PUT", "PATCH", "DELETE"):
            return [parts.IF_MATCH]
        return [parts.IF_NONE_MATCH] if self._has_etag() else []

    # --- Bodies -----------------------------------------------------------------------------------------------------

    def _map_basic_serializer(self, serializer: Any, direction: Any) -> dict[str, Any]:
        schema: dict[str, Any] = super()._map_basic_serializer(serializer, direction)
        if direction == "request":
            schema.setdefault("additionalProperties", False)
            schema |= getattr(serializer, "json_schema", {})
        elif schema.get("properties"):
            # What an answer may hold, it always holds: clients need not ask whether a member is there.
            schema["required"] = sorted(schema["properties"])
        return schema

    def _get_request_for_media_type(self, serializer: Any, direction: Any = "request") -> tuple[Any, bool]:
        schema, required = super()._get_request_for_media_type(serializer, direction)
        return schema, required or hasattr(serializer, "json_schema")

    def _add_errors(self, responses: dict[str, Any]) -> None:
        for status in self._errors():
            responses.setdefault(str(status), parts.error_ref(status))

    def _errors(self) -> list[int]:
        errors = {*EVERYWHERE, *self.view.further_errors}
        if uritemplate.variables(self.path):
            errors.add(404)
        if self.method in ("POST", "PUT", "PATCH"):
            errors |= {*WITH_BODY}
        if self.method in ("PUT", "PATCH", "DELETE"):
            errors |= {409, 412, 428}
        return sorted(errors)

    def _add_headers(self, responses: dict[str, Any]) -> None:
        for status, response in responses.items():
            if "$ref" in response:
                continue
            names = ["X-Request-ID", "RateLimit", "RateLimit-Policy"]
            if status in ("200", "201") and self._answers_with_one():
                names.append("ETag")
            if self.view.action in self.view.cached_actions:
                names.append("Cache-Status")
            if self.method == "POST":
                names.append("Idempotency-Replayed")
            if self._is_going():
                names += ["Deprecation", "Sunset", "Link"]
            if status == "201" and self._answers_with_one():
                names.append("Location")
            response.setdefault("headers", {}).update(parts.header_refs(*names))
        if self._has_etag():
            of_cache = ["Cache-Status"] if self.view.action in self.view.cached_actions else []
            responses["304"] = {
                "description": "You have it already.",
                "headers": parts.header_refs("X-Request-ID", "ETag", *of_cache),
            }

    def _is_going(self) -> bool:
        return any(what.partition("?")[0] == self.view.action for what in self.view.deprecations)

    def _answers_with_one(self) -> bool:
        """Is the answer one versioned object, which can be read again?"""
        if self.view.action in self.view.unversioned_actions:
            return False
        of_one = self._has_etag() or self.method in ("PUT", "PATCH") or (self.method == "POST" and self.view.detail)
        return of_one or (self.view.action == "create" and hasattr(self.view, "retrieve"))

    def _has_etag(self) -> bool:
        return self.method == "GET" and self.view.action == "retrieve"

    def _scope(self) -> str | None:
        view = self.view
        if view.action in view.action_scopes:
            scope: str | None = view.action_scopes[view.action]
            return scope
        read_or_write: str = view.required_scopes["read" if self.method == "GET" else "write"]
        return read_or_write


def _parameter(name: str, description: str | None, schema: dict[str, Any]) -> dict[str, Any]:
    parameter: dict[str, Any] = {"name": name, "in": "query", "required": False, "schema": schema}
    if description:
        parameter["description"] = description
    return parameter
