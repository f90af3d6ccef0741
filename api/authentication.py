"""Who is calling: an API key, a token of an identity provider, or a member of staff with a session (and CSRF)."""

import logging
import time
from dataclasses import dataclass, field
from threading import Lock
from typing import Any
from uuid import UUID

from django.contrib.auth.models import AbstractBaseUser
from django.core.signals import request_finished
from django.db import DatabaseError
from django.db.models.functions import Now
from django.utils import timezone
from rest_framework.authentication import BaseAuthentication, SessionAuthentication
from rest_framework.exceptions import AuthenticationFailed
from rest_framework.request import Request

from api import tokens
from api.callers import Caller
from inventory.context import Actor
from inventory.models import ApiKey, Scope
from inventory.operations.access import LAST_USED_RESOLUTION, digest_of, touch_api_key

logger = logging.getLogger("stockroom.access")

__all__ = ["ApiKeyAuthentication", "Caller", "Known", "find", "forget_all", "recall"]

# A revoked key works for at most this long, in this process; the contract allows five seconds.
REMEMBERED_FOR_S = 2.0
_REMEMBERED_AT_MOST = 10_000
_LONGEST_KEY = 512


class ApiKeyAuthentication(BaseAuthentication):
    """`Authorization: Bearer <key or token>`; without that header, the session of a member of staff."""

    def authenticate(self, request: Request) -> tuple[Caller, ApiKey | tokens.Token | None] | None:
        header = request.META.get("HTTP_AUTHORIZATION")
        found = _by_session(request) if header is None else _by_bearer(header)
        if found is not None:
            request.META["stockroom.actor"] = str(found[0].actor)
        return found

    def authenticate_header(self, request: Request) -> str:
        return 'Bearer realm="stockroom"'


def _by_bearer(header: str) -> tuple[Caller, ApiKey | tokens.Token]:
    scheme, _, secret = header.partition(" ")
    secret = secret.strip()
    if scheme.lower() != "bearer" or not secret:
        raise AuthenticationFailed("Send the key as: Authorization: Bearer <key>.")
    return tokens.caller_behind(secret) if tokens.is_token(secret) else _by_key(secret)


def _by_key(secret: str) -> tuple[Caller, ApiKey]:
    known = find(secret) if len(secret) <= _LONGEST_KEY and secret.isascii() else None
    if known is None:
        raise AuthenticationFailed("This key is not accepted.")
    _note_use(known[1].pk)
    return known


def recall(secret: str) -> "Known | None":
    """What is known of a key that was looked up a moment ago and is usable now. Asks no database.

    None: authenticate. That notes the use, so whoever answers by this alone leaves nothing to be written.
    """
    known = _remembered.get(digest_of(secret))
    return known if known is not None and time.monotonic() < known.until else None


def find(secret: str) -> tuple[Caller, ApiKey] | None:
    """The caller behind a key that is usable now, remembered for a moment so that most requests ask no database."""
    digest = digest_of(secret)
    known = _remembered.get(digest)
    if known is None or known.until <= time.monotonic():
        known = _look_up(digest)
    if known is None or (known.key.expires_at is not None and known.key.expires_at <= timezone.now()):
        return None
    return known.caller, known.key


def forget_all() -> None:
    """Make this process ask the database again; after a key was changed here."""
    _remembered.clear()


@dataclass(frozen=True, slots=True)
class Known:
    """`notes` are for what others conclude from it: they are forgotten together."""

    caller: Caller
    key: ApiKey
    until: float
    notes: dict[Any, Any] = field(default_factory=dict)


_remembered: dict[bytes, Known] = {}


def _look_up(digest: bytes) -> Known | None:
    # The clock is read first: what is remembered is never older than REMEMBERED_FOR_S.
    until = time.monotonic() + REMEMBERED_FOR_S
    key = ApiKey.objects.holding(digest, Now()).first()
    if key is None:
        _remembered.pop(digest, None)
        return None
    if key.expires_at is not None:
        until = min(until, time.monotonic() + (key.expires_at - timezone.now()).total_seconds())
    known = Known(_caller_for(key), key, until)
    if len(_remembered) >= _REMEMBERED_AT_MOST:
        _remembered.clear()
    _remembered[digest] = known
    return known


def _caller_for(key: ApiKey) -> Caller:
    return Caller(
        actor=Actor("api_key", str(key.pk), key.name),
        scopes=frozenset(key.scopes),
        location_ids=frozenset(key.locations) or None,
        rate_limit=key.rate_limit,
    )


# --- The session of a member of staff ---------------------------------------------------------------------------------


def _by_session(request: Request) -> tuple[Caller, None] | None:
    user: Any = getattr(request._request, "user", None)
    if user is None or not (user.is_authenticated and user.is_active and user.is_staff):
        return None
    SessionAuthentication().enforce_csrf(request)
    return Caller(Actor("user", str(user.pk), _name_of(user)), _scopes_of(user)), None


def _scopes_of(user: Any) -> frozenset[str]:
    """Staff may do all daily work; keys stay with superusers, who could read the database anyway."""
    return frozenset(Scope.values) if user.is_superuser else frozenset(Scope.values) - {Scope.ADMIN.value}


def _name_of(user: AbstractBaseUser) -> str:
    return user.get_username()


# --- Last used: written after the answer, at most once a minute for each key and process ------------------------------

_uses: dict[UUID, float] = {}
_to_write: set[UUID] = set()
_uses_lock = Lock()


def _note_use(key_id: UUID) -> None:
    now = time.monotonic()
    if now - _uses.get(key_id, -LAST_USED_RESOLUTION.total_seconds()) < LAST_USED_RESOLUTION.total_seconds():
        return
    with _uses_lock:
        _uses[key_id] = now
        _to_write.add(key_id)


def _write_uses(**_: Any) -> None:
    """Write down which keys were used, after the answer."""
    while _to_write:
        with _uses_lock:
            key_id = _to_write.pop() if _to_write else None
        if key_id is None:
            return
        try:
            touch_api_key(key_id)
        except DatabaseError as error:
            logger.warning("The last use of a key was not written: %s", error)


request_finished.connect(_write_uses, dispatch_uid="api.authentication.write_uses")
