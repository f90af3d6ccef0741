"""Access tokens of an identity provider (OpenID Connect): a signed JWT becomes a caller. Off without OIDC_ISSUER."""

import logging
import re
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any
from uuid import UUID

import jwt
from django.conf import settings
from rest_framework.exceptions import AuthenticationFailed

from api import keysets
from api.callers import Caller
from inventory.context import Actor
from inventory.models import Scope

logger = logging.getLogger("stockroom.access")

# A shared secret would let everybody who can verify a token also make one; `none` lets everybody make one.
ASYMMETRIC = frozenset(
    {"RS256", "RS384", "RS512", "PS256", "PS384", "PS512", "ES256", "ES384", "ES512", "ES256K", "EdDSA"}
)
REQUIRED = ["exp", "iss", "aud", "sub"]
LONGEST_TOKEN = 16_384
LONGEST_SUBJECT = 240  # with its kind it stands in columns of 255
_JWT_SHAPE = re.compile(r"eyJ[\w-]*\.[\w-]+\.[\w-]*", re.ASCII)
_JWT = jwt.PyJWT({"enforce_minimum_key_length": True})
_REASONS: dict[type[Exception], str] = {
    jwt.ExpiredSignatureError: "it has expired",
    jwt.ImmatureSignatureError: "it is not valid yet",
    jwt.InvalidIssuerError: "another issuer made it",
    jwt.InvalidAudienceError: "it is meant for another audience",
    jwt.MissingRequiredClaimError: "a claim is missing",
}


@dataclass(frozen=True, slots=True)
class Token:
    """What is kept of a token while its request is answered."""

    expires_at: datetime


def is_token(credentials: str) -> bool:
    """Has it the shape of a JWT, and are tokens taken here at all? No key of ours has that shape."""
    return bool(settings.OIDC_ISSUER) and _JWT_SHAPE.fullmatch(credentials) is not None


def caller_behind(token: str) -> tuple[Caller, Token]:
    """The subject of the token. Raises AuthenticationFailed, and Unavailable while its key cannot be fetched."""
    try:
        claims = _verified(token)
        return _caller_from(claims), Token(datetime.fromtimestamp(int(claims["exp"]), UTC))
    except (jwt.PyJWTError, ValueError, TypeError, OverflowError, RecursionError, OSError) as error:
        logger.info("A token was refused: %s", type(error).__name__)
        reason = _REASONS.get(type(error), "its form, its key or its signature is not right")
        raise AuthenticationFailed(f"This token is not accepted: {reason}.") from None


def _verified(token: str) -> dict[str, Any]:
    if len(token) > LONGEST_TOKEN:
        raise jwt.InvalidTokenError("too long")
    allowed = sorted(ASYMMETRIC.intersection(settings.OIDC_ALGORITHMS))
    header = jwt.get_unverified_header(token)
    if header.get("alg") not in allowed:
        raise jwt.InvalidAlgorithmError("not allowed")  # before its key is asked for
    claims: dict[str, Any] = _JWT.decode(
        token,
        keysets.key(header.get("kid")),
        algorithms=allowed,
        audience=settings.OIDC_AUDIENCE,
        issuer=settings.OIDC_ISSUER,
        leeway=settings.OIDC_LEEWAY_S,
        options={"require": REQUIRED},
    )
    return claims


def _caller_from(claims: dict[str, Any]) -> Caller:
    subject = claims["sub"]
    if not subject.isprintable() or not 0 < len(subject) <= LONGEST_SUBJECT:
        raise jwt.InvalidTokenError("no name")
    scopes = frozenset(_words(claims, settings.OIDC_SCOPES_CLAIM)) & frozenset(Scope.values)
    return Caller(Actor("token", subject, subject), scopes, _locations(claims))


def _locations(claims: dict[str, Any]) -> frozenset[UUID] | None:
    """Where the setting names a claim, a token without it has no location at all."""
    if not settings.OIDC_LOCATIONS_CLAIM:
        return None
    return frozenset(UUID(word) for word in _words(claims, settings.OIDC_LOCATIONS_CLAIM))


def _words(claims: dict[str, Any], name: str) -> list[str]:
    """A claim that is a list of texts, or one text with blanks (RFC 8693, 4.2)."""
    value = claims.get(name)
    if isinstance(value, str):
        return value.split()
    return [word for word in value if isinstance(word, str)] if isinstance(value, list) else []
