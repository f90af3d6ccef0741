"""JSON out: compact UTF-8, times in UTC with Z, decimals as strings; bytes that are JSON already pass untouched."""

import json
from collections.abc import Mapping
from datetime import UTC, datetime
from decimal import Decimal
from typing import Any
from uuid import UUID

import orjson
from django.utils.functional import Promise
from rest_framework.renderers import BaseRenderer

_OPTIONS = orjson.OPT_NON_STR_KEYS | orjson.OPT_UTC_Z | orjson.OPT_NAIVE_UTC


class JSONRenderer(BaseRenderer):
    media_type = "application/json"
    format = "json"
    charset = None  # JSON is UTF-8; the media type has no charset parameter

    def render(
        self, data: Any, accepted_media_type: str | None = None, renderer_context: Mapping[str, Any] | None = None
    ) -> bytes:
        return to_json(data)


def to_json(data: Any) -> bytes:
    """`data` as JSON; None is no body at all, bytes are taken as they are."""
    if data is None:
        return b""
    if isinstance(data, bytes):
        return data
    try:
        return orjson.dumps(data, default=_default, option=_OPTIONS)
    except TypeError:
        # orjson stops at integers of 64 bits; in a free-form object, more is JSON too.
        return json.dumps(data, default=_default, ensure_ascii=False, separators=(",", ":")).encode()


def _default(value: object) -> Any:
    if isinstance(value, Decimal | Promise | UUID):
        return str(value)
    if isinstance(value, datetime):
        return value.astimezone(UTC).isoformat().replace("+00:00", "Z")
    if isinstance(value, (set, frozenset, Mapping)):
        return dict(value) if isinstance(value, Mapping) else sorted(value)
    raise TypeError(f"{type(value).__name__} has no JSON form here")
