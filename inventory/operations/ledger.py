"""The ledger: the one way in which counters move. Everything goes through the database function `stock_move`."""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

import orjson
from django.db import connection
from uuid_utils.compat import uuid7

from inventory.context import Actor, current_request_id
from inventory.errors import InsufficientStock, Invalid, Problem, StockChanged
from inventory.models import Holding, Kind, ProductStock, ReservationLine, StockLevel
from inventory.signals import StockChange, stock_changed

from .lines import Place

SQL = "SELECT * FROM stock_move(%s::jsonb, %s::jsonb)"


@dataclass(frozen=True, slots=True)
class Move:
    """Deltas of one level's counters, in pieces.

    `sellable`: leave the safety stock alone. `expected`: the on_hand that must be found.
    `kind` None: no ledger row, for `incoming` is not a counter of the ledger.
    """

    product: UUID
    location: UUID
    on_hand: int = 0
    unavailable: int = 0
    allocated: int = 0
    reserved: int = 0
    incoming: int = 0
    sellable: bool = False
    expected: int | None = None
    kind: str | None = None
    reason: str = ""
    #: What the ledger row belongs to; None: what the note says.
    source: UUID | None = None

    @property
    def demand(self) -> int:
        """How many pieces this takes out of what is available."""
        return -(self.on_hand - self.unavailable - self.allocated - self.reserved)


@dataclass(frozen=True, slots=True)
class Note:
    """What the ledger says about a booking beside its figures."""

    source: UUID | None
    reference: str
    note: str
    occurred_at: datetime | None
    actor: Actor


@dataclass(frozen=True, slots=True)
class Moved:
    """A level after its move, and its ledger row (`sequence`; `movement` is the row's id)."""

    verdict: str
    product: UUID
    location: UUID
    level: UUID
    movement: UUID
    sequence: int
    on_hand: int
    unavailable: int
    allocated: int
    reserved: int
    incoming: int
    available: int
    available_before: int
    reorder_point: int | None
    total_before: int | None
    total_after: int | None
    total_reorder_point: int | None
    recorded_at: datetime | None


def move(moves: Sequence[Move], note: Note, places: Mapping[tuple[UUID, UUID], Place]) -> list[Moved]:
    """Move counters and write their ledger rows, all or none, and tell `stock_changed`.

    `places` gives refusals the lines that their readers wrote. Runs inside the caller's transaction.
    """
    if not moves:
        return []
    moved = _execute(moves, note)
    # Holds that are over still stand in the counters; whoever lacks their pieces frees them first.
    if any(row.verdict == "short" for row in moved) and free_lapsed({move.product for move in moves}, note.actor):
        moved = _execute(moves, note)
    if any(row.verdict != "moved" for row in moved):
        _refuse(moves, moved, places)
    _tell(moved)
    return moved


def free_lapsed(products: Collection[UUID], actor: Actor) -> int:
    """Book the holds of `products` that are over out of the counters; returns how many lines.

    The caller holds the row locks of these products' totals (`locks.totals`, or a `stock_move` of this transaction):
    every transition of a reservation takes them first, so nobody else can be at these lines.
    """
    lines = list(
        ReservationLine.objects.lapsed().filter(product__in=list(products)).order_by("product", "location", "pk")
    )
    for batch in _once_per_level(lines):
        moves = [
            Move(
                product=line.product_id,
                location=line.location_id,
                reserved=-line.quantity,
                kind=Kind.EXPIRE,
                source=line.reservation_id,
            )
            for line in batch
        ]
        _tell(_execute(moves, Note(None, "", "", None, actor)))
    ReservationLine.objects.filter(pk__in=[line.pk for line in lines]).update(holding=Holding.NOTHING, expires_at=None)
    return len(lines)


def tell_unmoved(products: Collection[UUID]) -> None:
    """Say that what is shown of `products` has changed although no counter moved (a hold's end did)."""
    stocks = ProductStock.objects.filter(pk__in=list(products))
    changes = [
        StockChange(str(s.pk), None, s.available, s.available, s.reorder_point_in_force, s.reorder_point_in_force)
        for s in stocks
    ]
    stock_changed.send(sender=StockLevel, changes=changes, using=connection.alias)


def _once_per_level(lines: Sequence[ReservationLine]) -> list[list[ReservationLine]]:
    """Batches in which each level stands once: every hold gets a ledger row of its own."""
    batches: list[list[ReservationLine]] = []
    seen: dict[tuple[UUID, UUID], int] = {}
    for line in lines:
        turn = seen[line.product_id, line.location_id] = seen.get((line.product_id, line.location_id), -1) + 1
        if turn == len(batches):
            batches.append([])
        batches[turn].append(line)
    return batches


def _execute(moves: Sequence[Move], note: Note) -> list[Moved]:
    with connection.cursor() as cursor:
        cursor.execute(SQL, [_lines(moves), _meta(note)])
        return [Moved(*row) for row in cursor.fetchall()]


def _tell(moved: Sequence[Moved]) -> None:
    stock_changed.send(sender=StockLevel, changes=changes_of(moved), using=connection.alias)


def changes_of(moved: Sequence[Moved]) -> list[StockChange]:
    """Per product its totals, and per level its own figures where it has a reorder point of its own."""
    changes = {
        row.product: StockChange(
            str(row.product),
            None,
            row.total_before or 0,
            row.total_after or 0,
            row.total_reorder_point,
            row.total_reorder_point,
        )
        for row in moved
    }
    levels = [
        StockChange(
            str(row.product),
            str(row.location),
            row.available_before,
            row.available,
            row.reorder_point,
            row.reorder_point,
        )
        for row in moved
        if row.reorder_point is not None
    ]
    return [*changes.values(), *levels]


def _lines(moves: Sequence[Move]) -> str:
    return orjson.dumps([{**_fields(move), "id": uuid7(), "level": uuid7()} for move in moves]).decode()


def _fields(move: Move) -> dict[str, Any]:
    return {name: getattr(move, name) for name in Move.__slots__}


def _meta(note: Note) -> str:
    return orjson.dumps(
        {
            "source": note.source,
            "reference": note.reference,
            "note": note.note,
            "occurred_at": note.occurred_at,
            "actor": str(note.actor),
            "request_id": current_request_id(),
        }
    ).decode()


def _refuse(moves: Sequence[Move], moved: Sequence[Moved], places: Mapping[tuple[UUID, UUID], Place]) -> None:
    asked = {(move.product, move.location): move for move in moves}
    culprits = [(row, asked[row.product, row.location], places.get((row.product, row.location))) for row in moved]
    verdicts = {row.verdict for row in moved}
    if "overflow" in verdicts:
        raise Invalid(
            "A counter cannot hold that many pieces. Nothing was applied.",
            problems=[
                Problem("The level would exceed 2,147,483,647 pieces.", "validation_error", _pointer(place))
                for row, _, place in culprits
                if row.verdict == "overflow"
            ],
        )
    if "changed" in verdicts:
        raise StockChanged(
            "The stock is not what you expected. Nothing was applied.",
            problems=[_changed(row, move, place) for row, move, place in culprits if row.verdict == "changed"],
        )
    raise InsufficientStock(
        "There is not enough stock. Nothing was applied.",
        problems=[_short(row, move, place) for row, move, place in culprits if row.verdict == "short"],
    )


def _short(row: Moved, move: Move, place: Place | None) -> Problem:
    name = f"{place.sku} at {place.code}" if place else f"{row.product} at {row.location}"
    # Books of repaired or released pieces take nothing from what is available; they want what is set aside.
    requested = (
        move.demand if move.demand > 0 else max(-move.unavailable, -move.allocated, -move.reserved, -move.on_hand)
    )
    return Problem(
        f"{name}: {row.available} available, {requested} requested.",
        "insufficient_stock",
        _pointer(place),
        {"available": row.available, "requested": requested, **_names(place)},
    )


def _changed(row: Moved, move: Move, place: Place | None) -> Problem:
    name = f"{place.sku} at {place.code}" if place else f"{row.product} at {row.location}"
    return Problem(
        f"{name}: you expected {move.expected} on hand, there are {row.on_hand}.",
        "stock_changed",
        f"{_pointer(place) or ''}/expected_on_hand",
        {"expected": move.expected, "current": row.on_hand, **_names(place)},
    )


def _names(place: Place | None) -> dict[str, str]:
    return {"sku": place.sku, "location": place.code} if place else {}


def _pointer(place: Place | None) -> str | None:
    return place.line.pointer or None if place else None
