"""RFC 9457 bodies: one shape for every error, inside Django REST framework and outside of it."""

from collections.abc import Iterable, Mapping
from typing import Any

import orjson
from django.core.exceptions import DisallowedHost
from django.http import HttpRequest, HttpResponse

from api.problems.catalogue import KINDS
from inventory.context import current_request_id
from inventory.errors import Problem

CONTENT_TYPE = "application/problem+json"
PAGES = "/api/problems"


def problem_body(
    request: HttpRequest | None, code: str, detail: str, problems: Iterable[Problem] = ()
) -> dict[str, Any]:
    """`type`, `title`, `status`, `detail`, `code`, `request_id` and `errors`: always all seven."""
    kind = KINDS[code]
    return {
        "type": type_url(request, code),
        "title": kind.title,
        "status": kind.status,
        "detail": printable(detail),
        "code": code,
        "request_id": current_request_id(),
        "errors": [_culprit(problem) for problem in problems],
    }


def problem_response(
    request: HttpRequest | None,
    code: str,
    detail: str,
    problems: Iterable[Problem] = (),
    headers: Mapping[str, str] | None = None,
) -> HttpResponse:
    """The same for whatever stands outside of REST framework's views."""
    body = encode(problem_body(request, code, detail, problems))
    return HttpResponse(body, status=KINDS[code].status, content_type=CONTENT_TYPE, headers=dict(headers or {}))


def type_url(request: HttpRequest | None, code: str) -> str:
    """The absolute address of the page about `code`; without its host when the request's own is not to be trusted."""
    path = f"{PAGES}/{code}"
    try:
        return request.build_absolute_uri(path) if request is not None else path
    except DisallowedHost:
        return path


def encode(body: Any) -> bytes:
    return orjson.dumps(body, default=str, option=orjson.OPT_NON_STR_KEYS)


def printable(text: str) -> str:
    """Half surrogate pairs cannot be sent in UTF-8; input that is quoted in a message may hold them."""
    return text.encode("utf-8", "replace").decode("utf-8")


def _culprit(problem: Problem) -> dict[str, Any]:
    entry: dict[str, Any] = {"code": problem.code, "detail": printable(problem.detail)}
    if problem.pointer is not None:
        entry["pointer"] = printable(problem.pointer)
    return entry | {
        name: printable(value) if isinstance(value, str) else value for name, value in problem.extra.items()
    }
