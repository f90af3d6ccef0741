"""From an exception to its answer. Nothing under /api/ ever answers an error in another shape than a problem.

`handler` serves REST framework's views; `bad_request`, `permission_denied`, `page_not_found`, `server_error` and
`csrf_failure` are Django's own hooks for everything that fails outside of them.
"""

import logging
from collections.abc import Iterable
from typing import Any

from django.core.exceptions import (
    BadRequest,
    DisallowedHost,
    PermissionDenied,
    RequestDataTooBig,
    SuspiciousOperation,
    TooManyFieldsSent,
    TooManyFilesSent,
)
from django.core.exceptions import ValidationError as DjangoValidationError
from django.core.signals import got_request_exception
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import render
from redis.exceptions import RedisError
from rest_framework import exceptions
from rest_framework.fields import get_error_detail
from rest_framework.response import Response
from rest_framework.views import set_rollback

from api.problems.answers import CONTENT_TYPE, problem_body, problem_response
from api.problems.catalogue import KINDS
from api.problems.database import translate
from api.problems.flatten import flatten
from api.problems.refusals import ApiRefusal, bad_parameter, parameter_problem
from inventory.errors import Problem, Refusal

__all__ = ["ApiRefusal", "bad_parameter", "handler", "parameter_problem"]

logger = logging.getLogger("stockroom.api")
UNAVAILABLE_RETRY_AFTER_S = 1
REPORT_IT = "Report this request id to the people who run this service."


class _Answer:
    """What an exception comes to: a code, a sentence, culprits, headers."""

    def __init__(
        self, code: str, detail: str, problems: Iterable[Problem] = (), headers: dict[str, str] | None = None
    ) -> None:
        self.code, self.detail, self.problems, self.headers = code, detail, list(problems), headers or {}


def handler(error: Exception, context: dict[str, Any]) -> Response:
    """REST framework's hook: the problem for `error`. What nobody foresaw is logged here, once, and answered as 500."""
    request = getattr(context.get("request"), "_request", None)
    answer = _answer_to(error)
    if answer is None:
        logger.exception("Nobody foresaw this")
        # Error trackers listen here, and so does Django's test client, which raises the error again.
        got_request_exception.send(sender=None, request=request)
        answer = _Answer("internal_error", REPORT_IT)
    if answer.code == "unavailable":
        logger.warning("A dependency is away: %s", error, exc_info=error)
    set_rollback()
    body = problem_body(request, answer.code, answer.detail, answer.problems)
    return Response(body, body["status"], headers=answer.headers, content_type=CONTENT_TYPE)


def _answer_to(error: Exception) -> _Answer | None:
    if isinstance(error, Refusal):
        retry = {"Retry-After": str(error.retry_after)} if error.retry_after else {}
        return _Answer(error.code if error.code in KINDS else "validation_error", error.detail, error.problems, retry)
    if isinstance(error, ApiRefusal):
        return _Answer(error.code, str(error.detail), error.problems, error.headers)
    if isinstance(error, exceptions.APIException):
        return _from_rest_framework(error)
    return _from_django(error) or _from_below(error)


def _from_rest_framework(error: exceptions.APIException) -> _Answer | None:
    if isinstance(error, exceptions.ValidationError):
        return _invalid(flatten(error.detail))
    header = getattr(error, "auth_header", None)
    headers = {"WWW-Authenticate": header} if header else {}
    wait = getattr(error, "wait", None)
    if wait is not None:
        headers["Retry-After"] = str(max(1, int(wait)))
    code = _CODES_OF_REST_FRAMEWORK.get(type(error).__name__)
    if code is None:
        return None
    detail = _OWN_WORDS.get(code) or str(error.detail)
    return _Answer(code, detail, headers=headers)


_CODES_OF_REST_FRAMEWORK = {
    "ParseError": "malformed_json",
    "AuthenticationFailed": "authentication_failed",
    "NotAuthenticated": "not_authenticated",
    "PermissionDenied": "permission_denied",
    "NotFound": "not_found",
    "MethodNotAllowed": "method_not_allowed",
    "NotAcceptable": "not_acceptable",
    "UnsupportedMediaType": "unsupported_media_type",
    "Throttled": "throttled",
}


_OWN_WORDS = {"not_authenticated": "Send an API key: Authorization: Bearer <key>."}


def _from_django(error: Exception) -> _Answer | None:
    if isinstance(error, DjangoValidationError):
        return _invalid(flatten(get_error_detail(error)))
    if isinstance(error, Http404):
        return _Answer("not_found", "There is no object with this id.")
    if isinstance(error, PermissionDenied):
        return _Answer("permission_denied", str(error) or "This is not allowed.")
    if isinstance(error, TooManyFieldsSent):
        return _Answer("validation_error", "The query has too many parameters.")  # bodies are JSON
    if isinstance(error, RequestDataTooBig | TooManyFilesSent):
        return _too_large()
    if isinstance(error, DisallowedHost):
        return _Answer(
            "validation_error",
            "The Host header is not one of this service's names.",
            [parameter_problem("Host", "Add it to ALLOWED_HOSTS if it is yours.")],
        )
    if isinstance(error, SuspiciousOperation | BadRequest):
        return _Answer("validation_error", "The request cannot be read.")
    return None


def _from_below(error: Exception) -> _Answer | None:
    if isinstance(error, RecursionError | OverflowError):
        return _Answer("validation_error", "A value is too deep or too large to be read.")
    if isinstance(error, RedisError):
        return _unavailable("The cache is not available; try again shortly.")
    translated = translate(error)
    if translated is None:
        return None
    if translated.code == "unavailable":
        return _unavailable(translated.detail)
    return _Answer(translated.code, translated.detail, translated.problems)


def _invalid(culprits: Iterable[Problem]) -> _Answer:
    problems = list(culprits)
    detail = "One field is not valid." if len(problems) == 1 else f"{len(problems)} fields are not valid."
    return _Answer("validation_error", detail, problems)


def _too_large() -> _Answer:
    return _Answer("payload_too_large", "The body is larger than this service takes.")


def _unavailable(detail: str) -> _Answer:
    return _Answer("unavailable", detail, headers={"Retry-After": str(UNAVAILABLE_RETRY_AFTER_S)})


# --- Django's hooks ---------------------------------------------------------------------------------------------------


def is_api(request: HttpRequest) -> bool:
    return request.path == "/api" or request.path.startswith("/api/")


def page_not_found(request: HttpRequest, exception: Exception | None = None) -> HttpResponse:
    return _outside(request, "not_found", f"There is nothing at {request.path}.")


def bad_request(request: HttpRequest, exception: Exception | None = None) -> HttpResponse:
    answer = _answer_to(exception) if exception is not None else None
    answer = answer or _Answer("validation_error", "The request cannot be read.")
    return _outside(request, answer.code, answer.detail, answer.problems)


def permission_denied(request: HttpRequest, exception: Exception | None = None) -> HttpResponse:
    return _outside(request, "permission_denied", "This is not allowed.")


def csrf_failure(request: HttpRequest, reason: str = "") -> HttpResponse:
    return _outside(request, "permission_denied", "The CSRF token is missing or wrong; load the page again.")


def server_error(request: HttpRequest) -> HttpResponse:
    return _outside(request, "internal_error", REPORT_IT)


def _outside(request: HttpRequest, code: str, detail: str, problems: Iterable[Problem] = ()) -> HttpResponse:
    """A problem under /api/, a plain page for people elsewhere."""
    if is_api(request):
        return problem_response(request, code, detail, problems)
    context = {"kind": KINDS[code], "detail": detail}
    return render(request, "api/error.html", context, status=KINDS[code].status)
