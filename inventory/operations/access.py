"""API keys: issue, rotate with an overlap, revoke. The key is returned once and only its SHA-256 is kept."""

import hashlib
import secrets
import string
import zlib
from collections.abc import Iterable
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from django.db.models import F, Q
from django.db.models.functions import Now
from django.utils import timezone

from inventory.context import Actor
from inventory.errors import Invalid, Problem, VersionMismatch
from inventory.models.access import ApiKey, Scope
from inventory.operations.base import operation
from inventory.signals import RowChange, rows_changed

PREFIX = "sk_stockroom_"
RANDOM_CHARACTERS = 43  # of 62 letters each: 256 bits
MINIMUM_SECRET_LENGTH = 32
DEFAULT_OVERLAP = timedelta(hours=24)
LAST_USED_RESOLUTION = timedelta(minutes=1)
_ALPHABET = string.digits + string.ascii_uppercase + string.ascii_lowercase


def digest_of(secret: str) -> bytes:
    """SHA-256 of the key. A key carries 256 random bits, so a slow hash would add nothing."""
    return hashlib.sha256(secret.encode()).digest()


def new_secret() -> str:
    """A fresh key, `sk_stockroom_` + 43 random characters + 6 of their CRC-32, which secret scanners can verify."""
    random = "".join(secrets.choice(_ALPHABET) for _ in range(RANDOM_CHARACTERS))
    return PREFIX + random + checksum_of(random)


def checksum_of(random: str) -> str:
    """The six characters (base 62, most significant first) of the CRC-32 of `random`."""
    number = zlib.crc32(random.encode())
    digits = ""
    for _ in range(6):
        number, remainder = divmod(number, 62)
        digits = _ALPHABET[remainder] + digits
    return digits


@operation
def create_api_key(
    *,
    name: str,
    scopes: Iterable[str],
    locations: Iterable[UUID] = (),
    expires_at: datetime | None = None,
    rate_limit: int | None = None,
    actor: Actor,
) -> tuple[ApiKey, str]:
    """Issue a key. Returns the row and the key itself, which nobody can ever read again.

    `rate_limit` is in requests per minute (None: the service's default). Raises Invalid.
    """
    secret = new_secret()
    key = ApiKey(
        name=name,
        scopes=_known(scopes),
        locations=list(dict.fromkeys(locations)),
        expires_at=_in_future(expires_at),
        rate_limit=rate_limit,
        prefix=shown_part(secret),
        digest=digest_of(secret),
    )
    key.save(force_insert=True)
    key.refresh_from_db()
    _tell(None, key)
    return key, secret


@operation
def rotate_api_key(
    key_id: UUID, *, overlap: timedelta = DEFAULT_OVERLAP, expected_version: int | None = None, actor: Actor
) -> tuple[ApiKey, str]:
    """Give the key a new secret; the old one goes on for `overlap`. Raises VersionMismatch when gone or changed."""
    key = _claim(key_id, expected_version)
    before = _shown(key)
    secret = new_secret()
    key.previous_digest = key.digest if overlap else None
    key.previous_expires_at = timezone.now() + overlap if overlap else None
    key.prefix, key.digest = shown_part(secret), digest_of(secret)
    key.save(update_fields=["prefix", "digest", "previous_digest", "previous_expires_at"])
    _tell(before, key)
    return key, secret


@operation
def revoke_api_key(key_id: UUID, *, expected_version: int | None = None, actor: Actor) -> ApiKey:
    """End the key for good, its overlapping secret included. Raises VersionMismatch when it is gone or changed."""
    key = _claim(key_id, expected_version)
    before = _shown(key)
    key.revoked_at = timezone.now()
    key.previous_digest = key.previous_expires_at = None
    key.save(update_fields=["revoked_at", "previous_digest", "previous_expires_at"])
    _tell(before, key)
    return key


@operation
def ensure_api_key(
    secret: str, *, name: str, scopes: Iterable[str] = (Scope.ADMIN,), rate_limit: int | None = None, actor: Actor
) -> ApiKey:
    """Make `secret` a working key with exactly these scopes; calling it again changes nothing. Raises Invalid."""
    if len(secret) < MINIMUM_SECRET_LENGTH or not all("!" <= letter <= "~" for letter in secret):
        raise Invalid(f"A key needs at least {MINIMUM_SECRET_LENGTH} visible ASCII characters.")
    wanted = {"name": name, "scopes": _known(scopes), "rate_limit": rate_limit, "revoked_at": None, "expires_at": None}
    key, created = ApiKey.objects.get_or_create(
        digest=digest_of(secret), defaults=wanted | {"prefix": shown_part(secret)}
    )
    changed = [field for field, value in wanted.items() if getattr(key, field) != value]
    before = None if created else _shown(key)
    if changed and not created:
        for field in changed:
            setattr(key, field, wanted[field])
        key.version += 1
        key.save(update_fields=[*changed, "version"])
    if created or changed:
        _tell(before, key)
    return key


def touch_api_key(key_id: UUID) -> None:
    """Note that the key was used now, to the minute: one UPDATE on its own, no version, no activity."""
    stale = Q(last_used_at=None) | Q(last_used_at__lt=Now() - LAST_USED_RESOLUTION)
    ApiKey.objects.filter(stale, pk=key_id).update(last_used_at=Now())


def shown_part(secret: str) -> str:
    """The start of the key that lists may show: enough to recognise it, useless to guess the rest."""
    return secret[: len(PREFIX) + 4] if secret.startswith(PREFIX) else secret[:4]


def _claim(key_id: UUID, expected_version: int | None) -> ApiKey:
    """Raise the version in one UPDATE, which is the check and the row lock at once."""
    rows = ApiKey.objects.filter(pk=key_id, revoked_at=None)
    if expected_version is not None:
        rows = rows.filter(version=expected_version)
    if not rows.update(version=F("version") + 1, updated_at=Now()):
        raise VersionMismatch("The key was changed or revoked since you read it.")
    return ApiKey.objects.get(pk=key_id)


def _shown(key: ApiKey) -> dict[str, Any]:
    """The columns of a key as the activity log may see them."""
    return {column.attname: getattr(key, column.attname) for column in key._meta.concrete_fields}


def _tell(before: dict[str, Any] | None, key: ApiKey) -> None:
    rows_changed.send(sender=ApiKey, changes=[RowChange(key.pk, before, _shown(key))], using=key._state.db or "default")


def _known(scopes: Iterable[str]) -> list[str]:
    """The scopes in their published order, once each."""
    given = list(scopes)
    problems = [
        Problem(f"There is no scope “{scope}”.", "invalid_choice", f"/scopes/{position}")
        for position, scope in enumerate(given)
        if scope not in Scope.values
    ]
    if problems or not given:
        raise Invalid("Name at least one scope of: " + ", ".join(Scope.values) + ".", problems=problems)
    return [scope for scope in Scope.values if scope in given]


def _in_future(expires_at: datetime | None) -> datetime | None:
    if expires_at is not None and expires_at <= timezone.now():
        problem = Problem("The expiry must lie in the future.", "invalid", "/expires_at")
        raise Invalid("The key would be expired from the start.", problems=[problem])
    return expires_at
