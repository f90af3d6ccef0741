"""Who may take the fast lane: a known key with the right scope, and a request without anything unusual."""

from types import SimpleNamespace
from typing import Any

from django.conf import settings
from django.core.exceptions import DisallowedHost
from django.http import HttpRequest

from api import authentication, throttling
from api.authentication import Known
from api.edge import frame, line
from api.edge.asked import Asked, Lane, Passport
from api.negotiation import JSONNegotiation
from api.problems.refusals import ApiRefusal
from api.renderers import JSONRenderer
from api.unread import Environ

_BEARER = "Bearer "
#: Of one key, as long as it is remembered: callers choose their headers.
_PASSPORTS = 64


def admit(environ: Environ, lane: Lane) -> Asked | None:
    """None: hand down."""
    credentials = environ.get("HTTP_AUTHORIZATION")
    if credentials is None or not credentials.startswith(_BEARER) or "HTTP_COOKIE" in environ:
        return None  # with cookies, sessions and CSRF may have a say
    if lane.method == "GET" and (
        environ.get("CONTENT_LENGTH", "") not in ("", "0") or "HTTP_TRANSFER_ENCODING" in environ
    ):
        return None
    known = authentication.recall(credentials[len(_BEARER) :])
    passport = None if known is None else _passport(known, environ, lane)
    return None if passport is None else Asked(environ, lane, passport)


def _passport(known: Known, environ: Environ, lane: Lane) -> Passport | None:
    """What the caller's headers come to; worked out once for each look, as long as the key is remembered."""
    look = (
        lane.scope,
        environ.get("HTTP_HOST"),
        environ.get("HTTP_ACCEPT"),
        environ.get("HTTP_X_FORWARDED_PROTO"),
        environ["wsgi.url_scheme"],
        environ.get("SCRIPT_NAME"),
    )
    try:
        passport: Passport | None = known.notes[look]
    except KeyError:
        if len(known.notes) >= _PASSPORTS:
            known.notes.clear()
        passport = known.notes[look] = _issue(known, environ, lane)
    return passport


def _issue(known: Known, environ: Environ, lane: Lane) -> Passport | None:
    """None: a passport that lets nobody in."""
    secure = frame.is_secure(environ)
    if (
        secure is None
        or not known.caller.may(lane.scope)
        or not frame.is_known()
        or environ.get("SCRIPT_NAME")
        or (settings.OIDC_ISSUER and environ["HTTP_AUTHORIZATION"].startswith(_BEARER + "eyJ"))  # Django sees a token
        or not _is_allowed(environ)
        or not _wants_json(environ)
    ):
        return None
    caller, setup = known.caller, line.setup()
    limit = throttling.limit_of(caller)
    return Passport(
        caller,
        caller.principal,
        str(caller.actor),
        limit,
        settings.API_CONCURRENT_REQUESTS,
        secure,
        *frame.around(secure),
        setup,
        setup.question(caller.principal, limit),
    )


def _is_allowed(environ: Environ) -> bool:
    request = HttpRequest()
    request.META = {"HTTP_HOST": environ.get("HTTP_HOST", "")}
    try:
        return bool(request.META["HTTP_HOST"]) and bool(request.get_host())
    except DisallowedHost:
        return False


def _wants_json(environ: Environ) -> bool:
    request: Any = SimpleNamespace(META={"HTTP_ACCEPT": environ.get("HTTP_ACCEPT", "")})
    try:
        return bool(JSONNegotiation().select_renderer(request, [JSONRenderer()]))
    except ApiRefusal:
        return False
