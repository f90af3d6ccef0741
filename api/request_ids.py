"""Every request has an id: the caller's own when it is clean, else a new one. It comes back on every answer."""

import logging
import re
import time
from collections.abc import Callable

from django.core.exceptions import DisallowedHost
from django.http import HttpRequest
from django.http.response import HttpResponseBase
from uuid_utils import uuid7

from api import metrics
from api.errors import bad_request
from inventory.context import answering

HEADER = "X-Request-ID"
_QUIET = ("/health/", "/metrics", "/static/")
_CLEAN = re.compile(r"[!-~]{1,128}")

logger = logging.getLogger("stockroom.access")


def request_id_for(given: str | None) -> str:
    """`given` when it is 1 to 128 visible ASCII characters, else a new UUIDv7."""
    return given if given and _CLEAN.fullmatch(given) else str(uuid7())


class RequestIdMiddleware:
    """The outermost layer: names the request, stamps the answer, writes one line per request to the log."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponseBase]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponseBase:
        request_id = request_id_for(request.META.get("HTTP_X_REQUEST_ID"))
        started = time.perf_counter()
        with answering(request_id):
            response = self._answer(request)
            response[HEADER] = request_id
            # The line below says it all: Django need not log the same status again.
            response._has_been_logged = True  # type: ignore[attr-defined]
            seconds = time.perf_counter() - started
            metrics.count(request, response, seconds)
            # The caller's name was noted by the authentication.
            actor = request.META.get("stockroom.actor", "")
            log_answer(request.method, request.path, response.status_code, seconds, actor)
        return response

    def _answer(self, request: HttpRequest) -> HttpResponseBase:
        try:
            request.get_host()  # Django asks later, and shows its own page where DEBUG is on
        except DisallowedHost as error:
            refusal = bad_request(request, error)
            refusal["Content-Length"] = str(len(refusal.content))
            return refusal
        return self.get_response(request)


def log_answer(method: str | None, path: str, status: int, seconds: float, actor: str) -> None:
    """One line per answer. The query is left out: people put secrets there."""
    level = logging.DEBUG if path.startswith(_QUIET) else logging.INFO
    if not logger.isEnabledFor(level):
        return
    logger.log(
        level,
        "%s %s %s",
        method,
        path,
        status,
        extra={
            "method": method,
            "path": path,
            "status": status,
            "duration_ms": round(seconds * 1000, 1),
            "actor": actor,
        },
    )
