"""Adjustments: those that come at the same time share a transaction; whatever is odd or refused is Django's."""

from collections.abc import Sequence
from dataclasses import dataclass

from django.db import close_old_connections, reset_queries

from api import throttling
from api.edge import bodies
from api.edge.asked import Answer, Asked, Lane
from api.idempotency import fingerprint, readable_key
from api.renderers import to_json
from api.viewsets.bookings import booking_body
from inventory.operations import idempotency, turns
from inventory.operations.stock import Booking
from inventory.operations.turns import Adjustment
from inventory.operations.waiting import WaitingRoom

PATH = "/api/v1/stock/adjustments"
_HEADERS = {"Content-Type": "application/json"}


@dataclass(frozen=True, slots=True)
class Waiting:
    """A request in the waiting room."""

    asked: Asked
    adjustment: Adjustment


def answer(asked: Asked) -> Answer | None:
    """201, or nothing has happened."""
    adjustment = _read(asked)
    if adjustment is None or not asked.enter():
        return None
    told = _room.ask(Waiting(asked, adjustment))
    return None if told is None else Answer(told.status, told.body, list(told.headers.items()))


def _read(asked: Asked) -> Adjustment | None:
    key = readable_key(asked.environ.get("HTTP_IDEMPOTENCY_KEY"))
    body = bodies.plain(asked) if key else None
    wanted = bodies.adjustment(body) if body else None
    if key is None or body is None or wanted is None:
        return None
    return Adjustment(
        claim=idempotency.Claim(asked.caller.principal, key, fingerprint("POST", PATH, "", body)),
        actor=asked.caller.actor,
        request_id=asked.request_id,
        lines=wanted.lines,
        reason=wanted.reason,
        reference=wanted.reference,
        note=wanted.note,
        allowed_locations=asked.caller.location_ids,
        answer=_recorded,
    )


def _recorded(booking: Booking) -> idempotency.Answer:
    return idempotency.Answer(201, to_json(booking_body(booking)), _HEADERS)


def _serve(waiting: Sequence[Waiting]) -> list[idempotency.Answer | None]:
    """Count them together, then move stock for those who may go on; the others learn from Django why not."""
    admitted = throttling.decide_together([(one.asked.environ, one.asked.caller) for one in waiting])
    going = [one.adjustment for one, may in zip(waiting, admitted, strict=True) if may]
    answers = iter(_adjust(going) if going else [])
    return [next(answers) if may else None for may in admitted]


def _adjust(adjustments: Sequence[Adjustment]) -> list[idempotency.Answer | None]:
    """In the thread of one of them, which takes a connection from the pool and gives it back as a request does."""
    reset_queries()
    close_old_connections()
    try:
        return turns.adjust(adjustments)
    finally:
        close_old_connections()


_room: WaitingRoom[Waiting, idempotency.Answer] = WaitingRoom(_serve)

LANE = Lane(
    answer,
    method="POST",
    route="api/v1/^stock/adjustments$",
    allow="POST, OPTIONS",
    scope="stock:write",
)
