"""The answer to a stock request, made of what the booking brought back: nothing is read again."""

from typing import Any

from inventory.context import current_request_id
from inventory.models import COUNTERS
from inventory.models.stock import state_of
from inventory.operations.ledger import Move, Moved, Note
from inventory.operations.stock import Booking


def booking_body(booking: Booking) -> dict[str, Any]:
    """The body of a `Booking` (schema): the ledger rows and the levels, in the order of the database's locks."""
    shared = _shared(booking.note)
    return {
        "id": booking.id,
        "movements": [_movement(move, moved, shared) for move, moved in booking.moved if moved.movement],
        "levels": [_level(moved) for _, moved in booking.moved],
    }


def _shared(note: Note) -> dict[str, Any]:
    return {
        "reference": note.reference,
        "note": note.note,
        "actor": str(note.actor),
        "request_id": current_request_id(),
        "occurred_at": note.occurred_at,
    }


def _movement(move: Move, moved: Moved, shared: dict[str, Any]) -> dict[str, Any]:
    return {
        "id": moved.movement,
        "sequence": moved.sequence,
        "product": moved.product,
        "sku": moved.sku,
        "location": moved.code,
        "kind": move.kind,
        "reason": move.reason,
        "delta": {name: getattr(move, name) for name in COUNTERS},
        "balance": {name: getattr(moved, name) for name in (*COUNTERS, "available")},
        **shared,
        "occurred_at": shared["occurred_at"] or moved.recorded_at,
        "recorded_at": moved.recorded_at,
    }


def _level(moved: Moved) -> dict[str, Any]:
    available = moved.available + moved.lapsed
    return {
        "id": moved.level,
        "product": moved.product,
        "sku": moved.sku,
        "location": moved.code,
        "on_hand": moved.on_hand,
        "unavailable": moved.unavailable,
        "allocated": moved.allocated,
        "reserved": moved.reserved - moved.lapsed,
        "incoming": moved.incoming,
        "available": available,
        "state": state_of(available, moved.reorder_point),
        "reorder_point": moved.reorder_point,
        "safety_stock": moved.safety_stock,
        "backorder_limit": moved.backorder_limit,
        "sequence": moved.sequence,
        "version": moved.version,
        "updated_at": moved.recorded_at,
    }
