"""The headers that stand on every answer, asked of Django's own middlewares once, and not once for each request."""

from collections.abc import Callable
from functools import cache
from http import HTTPStatus
from io import BytesIO
from typing import Any

from django.conf import settings
from django.core.handlers.wsgi import WSGIRequest
from django.http import HttpResponse
from django.middleware.clickjacking import XFrameOptionsMiddleware
from django.middleware.security import SecurityMiddleware

from api import throttling
from api.content_policy import ContentPolicyMiddleware
from api.edge.asked import Answer, Asked, Headers
from api.errors import page_not_found
from api.request_ids import HEADER
from api.unread import Environ

#: What the lanes know to stand in for. With any other middleware in the settings everything is handed down.
MIDDLEWARE = [
    "api.request_ids.RequestIdMiddleware",
    "django.middleware.security.SecurityMiddleware",
    "whitenoise.middleware.WhiteNoiseMiddleware",
    "api.content_policy.ContentPolicyMiddleware",
    "django.contrib.sessions.middleware.SessionMiddleware",
    "django.middleware.common.CommonMiddleware",
    "django.middleware.csrf.CsrfViewMiddleware",
    "django.contrib.auth.middleware.AuthenticationMiddleware",
    "django.contrib.messages.middleware.MessageMiddleware",
    "django.middleware.clickjacking.XFrameOptionsMiddleware",
]
#: Settings that make Django ask more, or answer otherwise, while they are not as here.
PLAIN = {
    "USE_X_FORWARDED_HOST": False,
    "USE_X_FORWARDED_PORT": False,
    "PREPEND_WWW": False,
    "DISALLOWED_USER_AGENTS": [],
    "FORCE_SCRIPT_NAME": None,
}
PROXY = ("HTTP_X_FORWARDED_PROTO", "https")
_SAFE = [("Vary", "Authorization"), ("Cache-Control", "private, no-cache")]
_UNSAFE = [("Vary", "Authorization"), ("Cache-Control", "no-store")]


@cache
def is_known() -> bool:
    """Are the settings of a kind that the lanes know?"""
    plain = all(getattr(settings, name) == value for name, value in PLAIN.items())
    return plain and settings.MIDDLEWARE == MIDDLEWARE and settings.SECURE_PROXY_SSL_HEADER in (None, PROXY)


def is_secure(environ: Environ) -> bool | None:
    """Has the request come by HTTPS? None: that is for Django to say, or Django would send it there."""
    secure = environ["wsgi.url_scheme"] == "https"
    if settings.SECURE_PROXY_SSL_HEADER is not None:
        name, value = PROXY
        told = environ.get(name)
        if told is not None and told != value:
            return None
        secure = secure or told is not None
    return None if settings.SECURE_SSL_REDIRECT and not secure else secure


def headers(asked: Asked, answer: Answer) -> Headers:
    """All headers, in the order in which Django sends them."""
    passport, lane = asked.passport, asked.lane
    return [
        *answer.headers,
        ("Allow", lane.allow),
        *throttling.fields(asked.decision),
        *(_SAFE if lane.method == "GET" else _UNSAFE),
        *passport.before,
        ("Content-Length", str(len(answer.body))),
        *passport.after,
        (HEADER, asked.request_id),
    ]


@cache
def status_line(status: int) -> str:
    return f"{status} {HTTPStatus(status).phrase}"


@cache
def around(secure: bool) -> tuple[Headers, Headers]:
    """What stands before `Content-Length`, and what behind it."""
    return _of(secure, XFrameOptionsMiddleware), _of(secure, ContentPolicyMiddleware, SecurityMiddleware)


def _of(secure: bool, *middlewares: Callable[..., Any]) -> Headers:
    scheme = "https" if secure else "http"
    request = WSGIRequest({"REQUEST_METHOD": "GET", "wsgi.input": BytesIO(), "wsgi.url_scheme": scheme})
    response = HttpResponse()
    del response["Content-Type"]
    for middleware in middlewares:
        response = middleware(page_not_found).process_response(request, response)
    return list(response.items())


def forget() -> None:
    """After the settings have changed, which happens in tests only."""
    is_known.cache_clear()
    around.cache_clear()
