"""The public keys of the identity provider: fetched, kept for a while, asked for again when a new one signs."""

import time
from functools import cache
from typing import Any

from django.conf import settings
from jwt import PyJWK, PyJWKClient, PyJWKSet
from jwt.exceptions import PyJWKClientError, PyJWTError

from inventory.errors import Unavailable

# Whoever invents key ids makes us ask no more often than this.
UNKNOWN_KEY_AGAIN_AFTER_S = 10.0
# A provider that did not answer is left alone for so long: each try holds up every caller who has a token.
FAILED_AGAIN_AFTER_S = 5.0
AWAY = "The keys of the identity provider cannot be fetched; try again shortly."


def key(kid: Any) -> PyJWK:
    """The key with this id. Raises PyJWTError when there is none, Unavailable when nobody can tell."""
    if not isinstance(kid, str) or not kid:
        raise PyJWKClientError("The token does not name its key.")
    if not settings.OIDC_JWKS:
        return _client(settings.OIDC_JWKS_URL, settings.OIDC_JWKS_TTL_S, settings.OIDC_TIMEOUT_S).get_signing_key(kid)
    for given in _given(settings.OIDC_JWKS):
        if given.key_id == kid and given.public_key_use in ("sig", None):
            return given
    raise PyJWKClientError("No key that was given has this id.")


class _Client(PyJWKClient):
    """PyJWT's client (no redirects, one fetch at a time), with a pause after a failure."""

    _not_before = 0.0

    def fetch_data(self) -> Any:
        if time.monotonic() < self._not_before:
            raise Unavailable(AWAY)
        try:
            return super().fetch_data()
        except (PyJWTError, ValueError, OSError) as error:
            self._not_before = time.monotonic() + FAILED_AGAIN_AFTER_S
            raise Unavailable(AWAY) from error


@cache
def _client(url: str, ttl_s: float, timeout_s: float) -> _Client:
    return _Client(url, lifespan=ttl_s, timeout=timeout_s, cooldown_duration=UNKNOWN_KEY_AGAIN_AFTER_S)


@cache
def _given(jwks: str) -> PyJWKSet:
    return PyJWKSet.from_json(jwks)
