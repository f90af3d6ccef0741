"""Opaque cursors: where a page ended, signed, and bound to the list and the order that they were made for."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime
from decimal import Decimal
from typing import Any
from uuid import UUID

from django.core import signing

from api.problems.refusals import ApiRefusal, parameter_problem

_LONGEST = 2_000
_TAGS: dict[type, str] = {datetime: "t", Decimal: "n", UUID: "u"}
_READERS: dict[str, Callable[[str], Any]] = {"t": datetime.fromisoformat, "n": Decimal, "u": UUID}


@dataclass(frozen=True, slots=True)
class Cursor:
    """The page after (`forward`) or before the row whose ordering fields have these `values`."""

    values: tuple[Any, ...]
    forward: bool = True


def write(cursor: Cursor, *, path: str, ordering: tuple[str, ...]) -> str:
    packed = ["n" if cursor.forward else "p", *(_pack(value) for value in cursor.values)]
    return _signer(path, ordering).sign_object(packed)


def read(text: str, *, path: str, ordering: tuple[str, ...]) -> Cursor:
    """Raises 400 `invalid_cursor` for whatever `write` did not make for this list in this order."""
    try:
        if len(text) > _LONGEST:
            raise ValueError("too long")
        direction, *packed = _signer(path, ordering).unsign_object(text)
        return Cursor(tuple(_unpack(value) for value in packed), direction == "n")
    except (signing.BadSignature, ValueError, TypeError, KeyError) as error:
        detail = "This cursor was not issued for this list in this order; start again without it."
        raise ApiRefusal(
            "invalid_cursor", detail, problems=[parameter_problem("cursor", detail, "invalid_cursor")]
        ) from error


def _signer(path: str, ordering: tuple[str, ...]) -> signing.Signer:
    return signing.Signer(salt="stockroom.cursor:" + path + ":" + ",".join(ordering))


def _pack(value: Any) -> Any:
    if isinstance(value, datetime):
        return ["t", value.astimezone(UTC).isoformat()]
    tag = _TAGS.get(type(value))
    return [tag, str(value)] if tag else value


def _unpack(value: Any) -> Any:
    return _READERS[value[0]](value[1]) if isinstance(value, list) else value
