"""The shared parts of the document: the problem, headers, parameters, error answers, security."""

from typing import Any

from api.problems.catalogue import KINDS
from api.schema import examples

JSON_POINTER = r"^(/([^/~]|~[01])*)*$"


def _header(description: str, **schema: Any) -> dict[str, Any]:
    return {"description": description, "schema": {"type": "string", **schema}}


HEADERS: dict[str, Any] = {
    "X-Request-ID": _header("The request's id: yours if you sent one, else a new one.", maxLength=128),
    "ETag": _header('The version of what you got, such as `"3"`. Opaque; send it back in `If-Match`.'),
    "Location": _header("The address of the new object.", format="uri"),
    "Idempotency-Replayed": _header("Present when this is the first answer again.", enum=["true"]),
    "Cache-Status": _header("`stockroom; hit`, `stockroom; fwd=miss` or `stockroom; fwd=bypass` (RFC 9211)."),
    "RateLimit": _header('What is left: `"default";r=<requests>;t=<seconds until the window is fresh>`.'),
    "RateLimit-Policy": _header('The rule: `"default";q=<requests>;w=<seconds>`.'),
    "Deprecation": _header("Since when this is discouraged: `@<seconds since 1970>` (RFC 9745).", pattern="^@[0-9]+$"),
    "Sunset": _header("When it will be gone, if that is known (RFC 8594)."),
    "Link": _header('Where it is explained: `<…>; rel="deprecation"`.'),
    "Retry-After": {"description": "Seconds to wait.", "schema": {"type": "integer", "minimum": 1}},
    "WWW-Authenticate": _header("How to authenticate."),
    "Allow": _header("The methods that fit this path."),
}

IDEMPOTENCY_KEY: dict[str, Any] = {
    "name": "Idempotency-Key",
    "in": "header",
    "required": False,
    "description": "Makes repeating this request safe: the same key and body get the first answer again.",
    "schema": {"type": "string", "minLength": 1, "maxLength": 255, "pattern": "^[!-~]+$"},
}
IF_MATCH: dict[str, Any] = {
    "name": "If-Match",
    "in": "header",
    "required": True,
    "description": "The `ETag` that you read, or `*` for any version.",
    "schema": {
        "type": "string",
        "maxLength": 200,
        "pattern": r'^(\*|"[1-9][0-9]{0,9}(-[0-9A-Za-z_-]+)?")$',
        "examples": ['"3"'],
    },
}
IF_NONE_MATCH: dict[str, Any] = {
    "name": "If-None-Match",
    "in": "header",
    "required": False,
    "description": "The `ETag` that you have: 304 when it is still the same.",
    "schema": {"type": "string", "examples": ['"3"']},
}

PRODUCT_ID: dict[str, Any] = {
    "anyOf": [
        {"type": "string", "format": "uuid"},
        {"type": "string", "pattern": r"^sku:[A-Za-z0-9._\-/]{1,64}$", "examples": ["sku:MUG-RED"]},
    ]
}

#: Query parameters that are not filters, by name.
PARAMETERS: dict[str, dict[str, Any]] = {
    "expand": {"description": "Show the category in full.", "schema": {"type": "string", "enum": ["category"]}},
    "descendants": {
        "description": "Also what stands below the category: true unless you say otherwise.",
        "schema": {"type": "boolean"},
    },
    "as_of": {
        "description": "As it was at that moment (RFC 3339 with offset).",
        "schema": {"type": "string", "format": "date-time"},
    },
}

#: Tag by the first step of the path, in the order in which people read.
TAGS: dict[str, tuple[str, str]] = {
    "products": ("Products", "What is kept in stock."),
    "categories": ("Categories", "The tree that products hang in."),
    "locations": ("Locations", "Places that hold stock."),
    "stock": ("Stock", "Levels, the ledger, and everything that moves pieces."),
    "reservations": ("Reservations", "Stock held for somebody, for a while."),
    "alerts": ("Alerts", "What runs low, once per crossing."),
    "activity": ("Activity", "Who changed what, and from what to what."),
    "archive": ("Archive", "What was deleted, ready to come back."),
    "events": ("Events", "Everything that happened, in order."),
    "webhooks": ("Webhooks", "Events, delivered."),
    "imports": ("Imports", "Many rows in, by file."),
    "exports": ("Exports", "Many rows out, by file."),
    "api_keys": ("API keys", "Who may call, and what they may do."),
    "me": ("Me", "Who your key says you are."),
}

PROBLEM_ITEM: dict[str, Any] = {
    "type": "object",
    "description": "One culprit. Further members give figures, such as `available` and `requested`.",
    "required": ["code", "detail"],
    "properties": {
        "code": {"type": "string", "description": "What is wrong, for programs.", "examples": ["required"]},
        "detail": {"type": "string", "description": "What is wrong, for people."},
        "pointer": {
            "type": "string",
            "description": "Where in the body (RFC 6901); empty for the whole body.",
            "examples": ["/lines/0/sku"],
        },
        "parameter": {"type": "string", "description": "Which query parameter or header field."},
        "available": {"type": "integer", "description": "How many could be had."},
        "requested": {"type": "integer", "description": "How many were asked for."},
        "expected": {"type": "integer", "description": "What the request expected."},
        "current": {"type": "integer", "description": "What there is."},
    },
    "additionalProperties": True,
}
PROBLEM: dict[str, Any] = {
    "type": "object",
    "description": "Every error (RFC 9457). `code` may take further values in later releases.",
    "required": ["type", "title", "status", "detail", "code", "request_id", "errors"],
    "properties": {
        "type": {"type": "string", "format": "uri-reference", "description": "A page about this code."},
        "title": {"type": "string"},
        "status": {"type": "integer", "minimum": 400, "maximum": 599},
        "detail": {"type": "string"},
        "code": {"type": "string", "description": f"One of: {', '.join(KINDS)}."},
        "request_id": {"type": "string"},
        "errors": {"type": "array", "items": {"$ref": "#/components/schemas/ProblemItem"}},
    },
    "examples": [
        {
            "type": "https://stockroom.example/api/problems/insufficient_stock",
            "title": KINDS["insufficient_stock"].title,
            "status": 409,
            "detail": "One line asks for more than is available.",
            "code": "insufficient_stock",
            "request_id": "01932d6e-8a40-7c3e-9b51-0f6d1c2a7e55",
            "errors": [
                {
                    "code": "insufficient_stock",
                    "detail": "12 requested, 5 available.",
                    "pointer": "/lines/0",
                    "available": 5,
                    "requested": 12,
                }
            ],
        }
    ],
}

_ERRORS = {
    400: ("BadRequest", ()),
    401: ("Unauthorized", ("WWW-Authenticate",)),
    403: ("Forbidden", ()),
    404: ("NotFound", ()),
    405: ("MethodNotAllowed", ("Allow",)),
    406: ("NotAcceptable", ()),
    409: ("Conflict", ("Retry-After",)),
    412: ("PreconditionFailed", ()),
    413: ("PayloadTooLarge", ()),
    415: ("UnsupportedMediaType", ()),
    422: ("UnprocessableContent", ()),
    428: ("PreconditionRequired", ()),
    429: ("TooManyRequests", ("Retry-After", "RateLimit", "RateLimit-Policy")),
    500: ("InternalServerError", ()),
    503: ("ServiceUnavailable", ("Retry-After",)),
}


def header_refs(*names: str) -> dict[str, Any]:
    return {name: {"$ref": f"#/components/headers/{name}"} for name in names}


def error_ref(status: int) -> dict[str, Any]:
    return {"$ref": f"#/components/responses/{_ERRORS[status][0]}"}


def error_answers() -> dict[str, Any]:
    return {name: _error_answer(status, headers) for status, (name, headers) in _ERRORS.items()}


def _error_answer(status: int, headers: tuple[str, ...]) -> dict[str, Any]:
    codes = [kind for kind in KINDS.values() if kind.status == status]
    described = "; ".join(f"`{kind.code}`: {kind.title[0].lower()}{kind.title[1:]}" for kind in codes)
    return {
        "description": f"{described}.",
        "headers": header_refs("X-Request-ID", *headers),
        "content": {
            "application/problem+json": {
                "schema": {"$ref": "#/components/schemas/Problem"},
                "examples": examples.of_problems(status),
            }
        },
    }


COMPONENTS: dict[str, Any] = {
    "schemas": {"Problem": PROBLEM, "ProblemItem": PROBLEM_ITEM},
    "headers": HEADERS,
    "responses": error_answers(),
    "securitySchemes": {
        "ApiKey": {
            "type": "http",
            "scheme": "bearer",
            "description": "An API key: `Authorization: Bearer <key>`. Where the service is set up for one, also a "
            "token of its identity provider.",
        }
    },
}
