"""Lines of a stock request: what their SKUs, products and locations stand for, checked together in one query."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from django.db import connection

from inventory.errors import DoesNotExist, Forbidden, InvalidTransition, Problem
from inventory.models import INT_MAX, Status
from inventory.values import Line, as_json

RESOLVE = "SELECT * FROM stock_places(%s::jsonb)"


#: A line, and its row of `stock_places`.
Found = tuple[Line, Any]


@dataclass(frozen=True, slots=True)
class Place:
    """What a line turned out to mean."""

    line: Line
    product: UUID
    sku: str
    location: UUID
    code: str


def resolve(lines: Sequence[Line], *, allowed_locations: frozenset[UUID] | None = None) -> list[Place]:
    """Look every line up. Raises DoesNotExist, InvalidTransition or Forbidden, naming each culprit by its pointer."""
    return checked(look_up(lines), allowed_locations=allowed_locations)


def look_up(lines: Sequence[Line]) -> list[Found]:
    """Each line with what the database knows of it."""
    with connection.cursor() as cursor:
        named = [{"sku": line.sku, "product": line.product, "location": line.location} for line in lines]
        cursor.execute(RESOLVE, [as_json(named)])
        return list(zip(lines, cursor.fetchall(), strict=True))


def checked(found: list[Found], *, allowed_locations: frozenset[UUID] | None = None) -> list[Place]:
    """The places of one request's lines. Raises as `resolve` does."""
    _refuse_unknown(found)
    _refuse_unfit(found)
    places = [Place(line, row[1], row[2], row[5], row[6]) for line, row in found]
    if allowed_locations is not None:
        _refuse_foreign(places, allowed_locations)
    return places


def _refuse_unknown(found: list[Found]) -> None:
    problems = []
    for line, (_, product, *_rest, location, _code, _active) in found:
        if product is None:
            field = "sku" if line.sku is not None else "product"
            named = line.sku if line.sku is not None else line.product
            problems.append(Problem(f"There is no product {named}.", "does_not_exist", f"{line.pointer}/{field}"))
        if location is None:
            what = f"There is no location {line.location}." if line.location else "There is no default location."
            problems.append(Problem(what, "does_not_exist", f"{line.pointer}/location"))
    if problems:
        raise DoesNotExist("Some lines name something that does not exist. Nothing was applied.", problems=problems)


def _refuse_unfit(found: list[Found]) -> None:
    problems = []
    for line, (_, _product, sku, status, tracked, _location, code, active) in found:
        if status == Status.ARCHIVED:
            problems.append(Problem(f"{sku} is archived.", "invalid_transition", line.pointer))
        elif not tracked:
            problems.append(Problem(f"{sku} does not track stock.", "invalid_transition", line.pointer))
        if not active:
            problems.append(
                Problem(f"Location {code} is not active.", "invalid_transition", f"{line.pointer}/location")
            )
    if problems:
        raise InvalidTransition("Some lines cannot move stock. Nothing was applied.", problems=problems)


def _refuse_foreign(places: list[Place], allowed: frozenset[UUID]) -> None:
    foreign = [place for place in places if place.location not in allowed]
    if foreign:
        raise Forbidden(
            "This API key is limited to other locations. Nothing was applied.",
            problems=[
                Problem(
                    f"Location {p.code} is not open to this key.", "permission_denied", f"{p.line.pointer}/location"
                )
                for p in foreign
            ],
        )


def fits(quantity: int) -> bool:
    """Is `quantity` within what a counter can hold?"""
    return -INT_MAX <= quantity <= INT_MAX
