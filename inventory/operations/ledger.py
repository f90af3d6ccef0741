"""The ledger: the one way in which counters move. Everything goes through the database function `stock_move`."""

from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any
from uuid import UUID

from django.db import connection
from uuid_utils.compat import uuid7

from inventory.context import Actor, current_request_id
from inventory.errors import DoesNotExist, InsufficientStock, InvalidTransition, Problem, Refusal, StockChanged
from inventory.metrics import refused_moves
from inventory.models import COUNTERS, Holding, Kind, ProductStock, ReservationLine, StockLevel
from inventory.signals import StockChange, stock_changed
from inventory.values import as_json

from .lines import Place

SQL = """
    SELECT verdict, line_product, line_location, level_id, movement_id, sequence, on_hand, unavailable, allocated,
           reserved, incoming, available, available_before, level_reorder_point, total_before, total_after,
           total_reorder_point, recorded_at, level_safety_stock, level_backorder_limit, level_version, sku,
           location_code, lapsed, turn
      FROM stock_move(%s::jsonb, %s::jsonb)
"""
#: Moves of several requests: how often those are tried again that somebody before them may have kept from moving.
TRIES = 3


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
    #: The id of its level where that has to be made; kept from try to try, so what the first made counts as new.
    level: UUID = field(default_factory=uuid7, compare=False)

    @property
    def demand(self) -> int:
        """How many pieces this takes out of what is available."""
        return -(self.on_hand - self.unavailable - self.allocated - self.reserved)


@dataclass(frozen=True, slots=True)
class Note:
    """What the ledger says about a booking beside its figures. `source`: what its rows belong to."""

    source: UUID | None
    reference: str
    note: str
    occurred_at: datetime | None
    actor: Actor


@dataclass(frozen=True, slots=True)
class Moved:
    """A level after its move, and its ledger row: `sequence`, and `movement`, the row's id (None: there is none)."""

    verdict: str
    product: UUID
    location: UUID
    level: UUID
    movement: UUID | None
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
    safety_stock: int | None
    backorder_limit: int | None
    version: int
    sku: str
    code: str
    #: Pieces of `reserved` whose holds are over: they count no more.
    lapsed: int
    #: Which of the requests that move together this belongs to.
    turn: int = 0


@dataclass(frozen=True, slots=True)
class Turn:
    """The moves of one request among several that move together, and what the ledger says about them."""

    moves: Sequence[Move]
    note: Note
    request_id: str


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
    tell(moved)
    return moved


def move_in_turn(turns: Sequence[Turn]) -> list[list[Moved] | None]:
    """Move the counters of several requests by one statement, each finding what the ones before it have left.

    None: this request cannot move; nothing of it was moved, and nobody was told. `tell` is left to the caller. Runs
    inside the caller's transaction.
    """
    answers: list[list[Moved] | None] = [None] * len(turns)
    going, tries = list(range(len(turns))), 0
    while going:
        moved, tries = _execute_in_turn([turns[number] for number in going]), tries + 1
        refused = {going[turn] for turn in (_culprits(moved) if tries < TRIES else _refused(moved))}
        if not refused:
            for row in moved:
                mine = answers[going[row.turn]] = answers[going[row.turn]] or []
                mine.append(row)
            break
        # Whichever of its lines is the culprit: a level that was made for a refused request would stay, with its safety
        # stock and without an event, and be no new one for whoever comes next. Only a rollback takes it back.
        if any(going[row.turn] in refused and row.level in _made_by(turns[going[row.turn]]) for row in moved):
            break
        going = [number for number in going if number not in refused]
    return answers


def _refused(moved: Sequence[Moved]) -> set[int]:
    return {row.turn for row in moved if row.verdict != "moved"}


def _culprits(moved: Sequence[Moved]) -> set[int]:
    """The turns that are the first to be refused at a level. Those behind them found figures that count them in."""
    first: dict[UUID, int] = {}
    for row in moved:
        if row.verdict != "moved":
            first.setdefault(row.level, row.turn)
    return set(first.values())


def _made_by(turn: Turn) -> set[UUID]:
    """The ids that levels get which this request makes."""
    return {move.level for move in turn.moves}


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
        tell(_execute(moves, Note(None, "", "", None, actor)))
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
    return _execute_in_turn([Turn(moves, note, current_request_id())])


def _execute_in_turn(turns: Sequence[Turn]) -> list[Moved]:
    lines = [_fields(move, number) for number, turn in enumerate(turns) for move in turn.moves]
    with connection.cursor() as cursor:
        cursor.execute(SQL, [as_json(lines), as_json([_meta(turn.note, turn.request_id) for turn in turns])])
        moved = [Moved(*row) for row in cursor.fetchall()]
    if len(moved) != len(lines):
        raise DoesNotExist("A product or location of this request was deleted meanwhile. Nothing was applied.")
    return moved


def tell(moved: Sequence[Moved]) -> None:
    """Tell `stock_changed`, inside the transaction of the move."""
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


def _fields(move: Move, turn: int) -> dict[str, Any]:
    return {"turn": turn, **{name: getattr(move, name) for name in Move.__slots__}}


def _meta(note: Note, request_id: str) -> dict[str, Any]:
    return {
        "source": note.source,
        "reference": note.reference,
        "note": note.note,
        "occurred_at": note.occurred_at,
        "actor": str(note.actor),
        "request_id": request_id,
    }


def _refuse(moves: Sequence[Move], moved: Sequence[Moved], places: Mapping[tuple[UUID, UUID], Place]) -> None:
    asked = {(move.product, move.location): move for move in moves}
    verdicts = {row.verdict for row in moved}
    verdict, (refusal, detail, problem) = next(item for item in REFUSALS.items() if item[0] in verdicts)
    refused_moves.labels(refusal.code).inc()
    raise refusal(
        f"{detail} Nothing was applied.",
        problems=[
            problem(row, asked[row.product, row.location], places.get((row.product, row.location)))
            for row in moved
            if row.verdict == verdict
        ],
    )


def _too_many(row: Moved, move: Move, place: Place | None) -> Problem:
    pointer, field = _pointer(place), "delta" if move.kind == Kind.ADJUSTMENT else "quantity"
    return Problem(
        f"{row.sku} at {row.code} would exceed 2,147,483,647 pieces.",
        "invalid_transition",
        pointer and f"{pointer}/{field}",
    )


def _short(row: Moved, move: Move, place: Place | None) -> Problem:
    available, requested = row.available, move.demand
    if requested <= 0:
        # Books of repaired or released pieces take nothing from what is available; they want what is set aside.
        available, requested = max(
            ((getattr(row, name), -getattr(move, name)) for name in COUNTERS), key=lambda pair: pair[1] - pair[0]
        )
    return Problem(
        f"{row.sku} at {row.code}: {available} available, {requested} requested.",
        "insufficient_stock",
        _pointer(place),
        {"available": available, "requested": requested, "sku": row.sku, "location": row.code},
    )


def _changed(row: Moved, move: Move, place: Place | None) -> Problem:
    return Problem(
        f"{row.sku} at {row.code}: you expected {move.expected} on hand, there are {row.on_hand}.",
        "stock_changed",
        f"{_pointer(place) or ''}/expected_on_hand",
        {"expected": move.expected, "current": row.on_hand, "sku": row.sku, "location": row.code},
    )


def _pointer(place: Place | None) -> str | None:
    return place.line.pointer or None if place else None


#: What `stock_move` says of lines that cannot move. The first verdict that occurs is what the caller is told.
REFUSALS: dict[str, tuple[type[Refusal], str, Callable[[Moved, Move, Place | None], Problem]]] = {
    "overflow": (InvalidTransition, "A counter cannot hold that many pieces.", _too_many),
    "changed": (StockChanged, "The stock is not what you expected.", _changed),
    "short": (InsufficientStock, "There is not enough stock.", _short),
}
