"""Stock: adjust by deltas, count absolutely. All lines of a request, or none."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from uuid import UUID

from uuid_utils.compat import uuid7

from inventory.context import Actor
from inventory.errors import InsufficientStock, Invalid, InvalidTransition, PreconditionRequired, Problem, StockChanged
from inventory.models import Kind, Reason, StockLevel
from inventory.values import Line

from . import ledger, policies
from .base import operation
from .ledger import Move, Moved, Note
from .lines import Place, fits, resolve


@dataclass(frozen=True, slots=True)
class Booking:
    """What a stock operation did: its `id` (the source of its ledger rows), and each level with the move it made.

    Levels stand in the order of their locks: by product, then by location. Deltas that cancel each other out move
    nothing, so there may be none.
    """

    id: UUID | None
    note: Note
    moved: list[tuple[Move, Moved]]


@operation
def adjust(
    lines: Sequence[Line],
    *,
    reason: str,
    actor: Actor,
    reference: str = "",
    note: str = "",
    occurred_at: datetime | None = None,
    allowed_locations: frozenset[UUID] | None = None,
) -> Booking:
    """Add each line's `quantity` (a delta, in pieces) to its level.

    Lines of one level are summed first. `damaged` and `repaired` move pieces between sellable and unavailable; on_hand
    stays, for the goods are still there. `sold` leaves safety stock alone; every reason leaves promised pieces alone.
    Raises InsufficientStock, StockChanged, DoesNotExist, InvalidTransition, Forbidden, Invalid.
    """
    _refuse_zero(lines)
    places = resolve(lines, allowed_locations=allowed_locations)
    moves, places = adjustments(places, reason)
    return _book(moves, Note(uuid7(), reference, note, occurred_at, actor), places)


def adjustments(places: list[Place], reason: str) -> tuple[list[Move], list[Place]]:
    """What an adjustment of these places moves: one move for each level, and the place behind it."""
    summed = _summed(places)
    return [_adjustment(place, reason) for place in summed], summed


@operation
def count(
    lines: Sequence[Line],
    *,
    actor: Actor,
    reference: str = "",
    note: str = "",
    occurred_at: datetime | None = None,
    allowed_locations: frozenset[UUID] | None = None,
) -> Booking:
    """Set each level's on_hand to the counted `quantity`, if it still is what the counter believed (`expected`).

    Raises PreconditionRequired without `expected`, StockChanged with the current figure when it differs.
    """
    missing = [line for line in lines if line.expected is None]
    if missing:
        raise PreconditionRequired(
            "A count needs expected_on_hand: the figure that you believe the system has.",
            problems=[
                Problem("expected_on_hand is missing.", "precondition_required", f"{line.pointer}/expected_on_hand")
                for line in missing
            ],
        )
    places = resolve(lines, allowed_locations=allowed_locations)
    _refuse_twice(places)
    moves = [
        Move(
            product=place.product,
            location=place.location,
            on_hand=place.line.quantity - (place.line.expected or 0),
            expected=place.line.expected,
            kind=Kind.COUNT,
        )
        for place in places
    ]
    return _book(moves, Note(uuid7(), reference, note, occurred_at, actor), places)


@operation
def set_policies(
    level: StockLevel, *, actor: Actor, expected_version: int | None = None, **values: int | None
) -> StockLevel:
    """Change a level's own reorder point, safety stock or backorder limit (None: inherit)."""
    return policies.set_on_level(level, expected_version, values)


def _adjustment(place: Place, reason: str) -> Move:
    # Without a delta only `expected` is left to be checked: no ledger row.
    delta = place.line.quantity
    sideways = reason in (Reason.DAMAGED, Reason.REPAIRED)
    return Move(
        product=place.product,
        location=place.location,
        on_hand=0 if sideways else delta,
        unavailable=-delta if sideways else 0,
        sellable=reason == Reason.SOLD,
        expected=place.line.expected,
        kind=Kind.ADJUSTMENT if delta else None,
        reason=reason,
    )


def _summed(places: list[Place]) -> list[Place]:
    """One place per product and location: two lines of the same level must not each see the same stock."""
    merged: dict[tuple[UUID, UUID], Place] = {}
    for place in places:
        key = (place.product, place.location)
        first = merged.get(key)
        merged[key] = place if first is None else replace(first, line=_merged(first, place))
    return [place for place in merged.values() if place.line.quantity or place.line.expected is not None]


def _merged(first: Place, place: Place) -> Line:
    one, other = first.line, place.line
    if None not in (one.expected, other.expected) and one.expected != other.expected:
        raise _contradiction(place)
    total = one.quantity + other.quantity
    if not fits(total):
        raise InvalidTransition(
            "The deltas of one level add up to more than a counter can hold.",
            problems=[
                Problem("The sum of the deltas is out of range.", "invalid_transition", f"{other.pointer}/delta")
            ],
        )
    return replace(one, quantity=total, expected=one.expected if one.expected is not None else other.expected)


def _contradiction(place: Place) -> StockChanged:
    level = StockLevel.objects.filter(product=place.product, location=place.location)
    current = level.values_list("on_hand", flat=True).first() or 0
    return StockChanged(
        "Two lines of one level expect different figures. Nothing was applied.",
        problems=[
            Problem(
                f"{place.sku} at {place.code}: another line expects another figure than {place.line.expected}.",
                "stock_changed",
                f"{place.line.pointer}/expected_on_hand",
                {"expected": place.line.expected, "current": current, "sku": place.sku, "location": place.code},
            )
        ],
    )


def _refuse_zero(lines: Sequence[Line]) -> None:
    zero = [line for line in lines if line.quantity == 0]
    if zero:
        raise Invalid(
            "A delta of zero moves nothing.",
            problems=[Problem("Must not be zero.", "validation_error", f"{line.pointer}/delta") for line in zero],
        )


def _refuse_twice(places: list[Place]) -> None:
    seen: set[tuple[UUID, UUID]] = set()
    for place in places:
        key = (place.product, place.location)
        if key in seen:
            raise InvalidTransition(
                "One level is counted twice in this request.",
                problems=[
                    Problem(
                        f"{place.sku} at {place.code} was already counted above.",
                        "invalid_transition",
                        place.line.pointer,
                    )
                ],
            )
        seen.add(key)


def _book(moves: list[Move], note: Note, places: list[Place]) -> Booking:
    moved = ledger.move(moves, note, {(p.product, p.location): p for p in places})
    return booking_of(note, moves, moved)


def booking_of(note: Note, moves: Sequence[Move], moved: Sequence[Moved]) -> Booking:
    by_level = {(move.product, move.location): move for move in moves}
    return Booking(note.source, note, [(by_level[row.product, row.location], row) for row in moved])


__all__ = ["Booking", "InsufficientStock", "adjust", "count", "set_policies"]
