"""`Idempotency-Key`: the same request twice has one effect and one answer. The record keeping is a domain verb."""

import hashlib
import re
from collections.abc import Callable
from functools import wraps
from typing import Any

from django.http import HttpResponse
from django.http.response import HttpResponseBase
from rest_framework.request import Request
from rest_framework.response import Response

from api.callers import caller_of
from api.problems.refusals import bad_parameter
from api.renderers import to_json
from inventory.operations.idempotency import Answer, once

HEADER = "Idempotency-Key"
_KEY = re.compile(r"[!-~]{1,255}")
_REPEATED_HEADERS = ("Content-Type", "ETag", "Location")

Handler = Callable[..., HttpResponseBase]


def idempotent(handler: Handler) -> Handler:
    """Give a POST handler of a viewset its `Idempotency-Key`. Every POST handler wears this; a test sees to it.

    A view with `answers_hold_secrets = True` has its recorded answers encrypted.
    """

    @wraps(handler)
    def answer_once(view: Any, request: Request, *args: Any, **kwargs: Any) -> HttpResponseBase:
        key = _key_of(request)
        caller = caller_of(request)
        if key is None or caller is None:
            return handler(view, request, *args, **kwargs)
        answer, replayed = once(
            principal=caller.principal,
            key=key,
            fingerprint=_fingerprint(view, request),
            sealed=getattr(view, "answers_hold_secrets", False),
            effect=lambda: _as_answer(handler(view, request, *args, **kwargs)),
        )
        return _as_response(answer, replayed)

    answer_once.idempotent = True  # type: ignore[attr-defined]
    return answer_once


def _key_of(request: Request) -> str | None:
    key = request.META.get("HTTP_IDEMPOTENCY_KEY")
    if key is not None and readable_key(key) is None:
        raise bad_parameter(HEADER, "This must be 1 to 255 visible ASCII characters.")
    return key


def readable_key(key: str | None) -> str | None:
    return key if key is not None and _KEY.fullmatch(key) else None


def _fingerprint(view: Any, request: Request) -> bytes:
    """A view that takes files gives `body_digest(request)`, for nobody holds its body in memory."""
    digest = getattr(view, "body_digest", None)
    body = digest(request) if digest else hashlib.sha256(request._request.body).digest()
    return _digest(request.method or "", request.path, request.META.get("QUERY_STRING", ""), body)


def fingerprint(method: str, path: str, query: str, body: bytes) -> bytes:
    """SHA-256 of all that makes a request the same."""
    return _digest(method, path, query, hashlib.sha256(body).digest())


def _digest(method: str, path: str, query: str, body: bytes) -> bytes:
    return hashlib.sha256(f"{method}\n{path}\n{query}\n".encode() + body).digest()


def _as_answer(response: HttpResponseBase) -> Answer:
    headers = {name: response[name] for name in _REPEATED_HEADERS if name in response}
    if isinstance(response, Response):
        body = to_json(response.data)
        # Until it is rendered, REST framework's response carries Django's default, text/html.
        headers["Content-Type"] = response.content_type or "application/json"
    else:
        body = bytes(getattr(response, "content", b""))
    return Answer(response.status_code, body, headers)


def _as_response(answer: Answer, replayed: bool) -> HttpResponse:
    headers = dict(answer.headers)
    content_type = headers.pop("Content-Type", "application/json")
    response = HttpResponse(answer.body, status=answer.status, content_type=content_type, headers=headers)
    if not answer.body:
        del response["Content-Type"]
    if replayed:
        response["Idempotency-Replayed"] = "true"
    return response
