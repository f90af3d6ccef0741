"""Who may take the fast lane: a known key with the right scope, and a request without anything unusual."""

from functools import lru_cache
from types import SimpleNamespace
from typing import Any

from django.conf import settings
from django.core.exceptions import DisallowedHost
from django.http import HttpRequest

from api import authentication
from api.edge import frame
from api.edge.asked import Asked, Lane
from api.negotiation import JSONNegotiation
from api.problems.refusals import ApiRefusal
from api.renderers import JSONRenderer
from api.unread import Environ

_BEARER = "Bearer "
_LONGEST = 512
_VERDICTS = 256


def admit(environ: Environ, lane: Lane) -> Asked | None:
    """None: hand down."""
    credentials = environ.get("HTTP_AUTHORIZATION", "")
    if not credentials.startswith(_BEARER) or _is_unusual(environ, lane):
        return None
    secret = credentials[len(_BEARER) :]
    if len(secret) > _LONGEST or not secret.isascii() or _is_for_others(secret):
        return None
    known = authentication.recall(secret)
    if known is None or not known[0].may(lane.scope):
        return None
    secure = frame.is_secure(environ)
    return None if secure is None else Asked(environ, lane, known[0], secure)


def _is_for_others(secret: str) -> bool:
    """Blanks are trimmed off a key, and a token of the identity provider is no key, whatever is known by that name."""
    return " " in secret or not secret.isprintable() or (bool(settings.OIDC_ISSUER) and secret.startswith("eyJ"))


def _is_unusual(environ: Environ, lane: Lane) -> bool:
    return (
        "HTTP_COOKIE" in environ  # sessions and CSRF may answer with cookies
        or (lane.method == "GET" and _has_body(environ))
        or environ.get("SCRIPT_NAME", "") != ""
        or not frame.is_known()
        or not _is_allowed(environ.get("HTTP_HOST", ""))
        or not _wants_json(environ.get("HTTP_ACCEPT", ""))
    )


def _has_body(environ: Environ) -> bool:
    return environ.get("CONTENT_LENGTH", "") not in ("", "0") or "HTTP_TRANSFER_ENCODING" in environ


def _is_allowed(host: str) -> bool:
    return host != "" and len(host) <= _LONGEST and _host_verdict(host)


def _wants_json(accept: str) -> bool:
    return accept in ("", "*/*", "application/json") or (len(accept) <= _LONGEST and _accept_verdict(accept))


# Strangers choose what is asked here, so both remember a bounded number of verdicts.


@lru_cache(_VERDICTS)
def _host_verdict(host: str) -> bool:
    request = HttpRequest()
    request.META = {"HTTP_HOST": host}
    try:
        return bool(request.get_host())
    except DisallowedHost:
        return False


@lru_cache(_VERDICTS)
def _accept_verdict(accept: str) -> bool:
    request: Any = SimpleNamespace(META={"HTTP_ACCEPT": accept})
    try:
        return bool(JSONNegotiation().select_renderer(request, [JSONRenderer()]))
    except ApiRefusal:
        return False


def forget() -> None:
    """After the settings have changed, which happens in tests only."""
    frame.forget()
    _host_verdict.cache_clear()
