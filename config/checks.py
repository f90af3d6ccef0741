"""What must be right before the service may start. `python manage.py check` runs these, and so does every command."""

import json
from typing import Any
from urllib.parse import urlsplit

from django.conf import settings
from django.core.checks import CheckMessage, Error, Tags, register

LOOPBACK = ("127.0.0.1", "::1", "localhost")
LEAST_SECRET_LENGTH = 50


@register(Tags.security)
def secret_key_is_secret(**_: Any) -> list[CheckMessage]:
    """Cursors, sessions and CSRF tokens are signed with SECRET_KEY: everybody knows the sample one."""
    if settings.DEBUG:
        return []
    if settings.SECRET_KEY == settings.SAMPLE_SECRET_KEY:
        return [
            Error(
                "SECRET_KEY is the sample from the source code.",
                hint="Set SECRET_KEY (or SECRET_KEY_FILE) to 50 random characters or more, or DEBUG=true to develop.",
                id="stockroom.E001",
            )
        ]
    if len(settings.SECRET_KEY) < LEAST_SECRET_LENGTH:
        return [Error(f"SECRET_KEY has fewer than {LEAST_SECRET_LENGTH} characters.", id="stockroom.E002")]
    return []


@register(Tags.security)
def identity_provider_is_set_up(**_: Any) -> list[CheckMessage]:
    """Half of the settings would refuse every token, or trust keys that somebody put in on the way."""
    from api.tokens import ASYMMETRIC

    if not (settings.OIDC_ISSUER or settings.OIDC_JWKS_URL or settings.OIDC_JWKS):
        return []
    complaints: list[CheckMessage] = []
    if not (
        settings.OIDC_ISSUER and settings.OIDC_AUDIENCE and bool(settings.OIDC_JWKS_URL) != bool(settings.OIDC_JWKS)
    ):
        hint = "Set OIDC_ISSUER, OIDC_AUDIENCE and one of OIDC_JWKS_URL and OIDC_JWKS, or none of them."
        complaints.append(Error("The identity provider is set up by half.", hint=hint, id="stockroom.E003"))
    unknown = sorted(set(settings.OIDC_ALGORITHMS) - ASYMMETRIC)
    if unknown or not settings.OIDC_ALGORITHMS:
        hint = f"OIDC_ALGORITHMS may be {', '.join(sorted(ASYMMETRIC))}."
        complaints.append(Error(f"Not an asymmetric algorithm: {unknown}.", hint=hint, id="stockroom.E004"))
    if (settings.OIDC_JWKS_URL and not _is_safe(settings.OIDC_JWKS_URL)) or not _is_key_set(settings.OIDC_JWKS):
        hint = "OIDC_JWKS_URL is https://… (http:// for loopback only); OIDC_JWKS is JSON with a list of public `keys`."
        complaints.append(Error("The keys of the identity provider cannot be trusted.", hint=hint, id="stockroom.E005"))
    return complaints


def _is_safe(url: str) -> bool:
    parts = urlsplit(url)
    return parts.scheme == "https" or (parts.scheme == "http" and parts.hostname in LOOPBACK)


def _is_key_set(text: str) -> bool:
    try:
        return not text or bool(json.loads(text)["keys"])
    except (ValueError, TypeError, KeyError):
        return False
