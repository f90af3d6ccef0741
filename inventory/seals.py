"""Secrets at rest: bytes that only a process with SECRET_KEY can read again.

A sealed value starts with a mark that JSON never starts with, so sealed and plain values may share a column.
"""

import base64
import hashlib

from cryptography.fernet import Fernet, MultiFernet
from django.conf import settings

MARK = b"\x00sealed:"


def seal(plain: bytes) -> bytes:
    """Encrypted and authenticated under SECRET_KEY."""
    return MARK + _box().encrypt(plain)


def unseal(stored: bytes) -> bytes:
    """What was sealed, also under one of SECRET_KEY_FALLBACKS; what was not sealed comes back as it is."""
    return _box().decrypt(stored.removeprefix(MARK)) if stored.startswith(MARK) else stored


def _box() -> MultiFernet:
    secrets = [settings.SECRET_KEY, *settings.SECRET_KEY_FALLBACKS]
    return MultiFernet([Fernet(_key_from(secret)) for secret in secrets])


def _key_from(secret: str) -> bytes:
    return base64.urlsafe_b64encode(hashlib.sha256(b"stockroom.seals:" + secret.encode()).digest())
