"""Adjustments in turn: requests that come at the same time share one transaction, and one COMMIT.

Each is answered as if it had come alone, just after the one before it: it finds what that one left, has ledger rows,
events and an idempotency record of its own, and its rings are rung in its own name. Whoever cannot be served so
(refused, answered before, a ring of it failed) gets None, and nothing of it has happened: it is to be asked alone.
"""

import logging
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import partial, wraps
from uuid import UUID

from django.db import transaction
from uuid_utils.compat import uuid7

from inventory.context import Actor, acting_as, answering
from inventory.errors import Refusal
from inventory.gathering import gathered
from inventory.metrics import turns_given_up
from inventory.values import Line

from . import idempotency, ledger, lines, stock
from .base import in_transaction
from .idempotency import Answer, Claim
from .ledger import Move, Moved, Note, Turn
from .lines import Found
from .stock import Booking

log = logging.getLogger("inventory.turns")

#: How long a shared transaction waits for one lock. All who come meanwhile wait for it, whatever they want to move; who
#: is asked alone waits for his own products only, and as long as the server lets him.
PATIENCE_MS = 250


@dataclass(frozen=True, slots=True)
class Adjustment:
    """One request of `stock.adjust`. `answer` makes what the caller is told, and told again if he repeats himself."""

    claim: Claim
    actor: Actor
    request_id: str
    lines: Sequence[Line]
    reason: str
    reference: str
    note: str
    allowed_locations: frozenset[UUID] | None
    answer: Callable[[Booking], Answer]


def adjust(asked: Sequence[Adjustment]) -> list[Answer | None]:
    """Serve the requests in their order, in one transaction; None for whoever has to be asked alone.

    Whatever goes wrong, nobody is told of it here: asked alone, everybody learns what concerns him. That is safe even
    if the connection breaks while the COMMIT is under way, because each has an idempotency key.
    """
    try:
        return in_transaction(partial(_adjust, asked))
    except Exception as error:
        turns_given_up.inc()
        log.warning("requests that shared a transaction are served one by one", exc_info=error)
        return [None] * len(asked)


def _adjust(asked: Sequence[Adjustment]) -> list[Answer | None]:
    planned = _planned(_claimed(asked))
    moved = ledger.move_in_turn([turn for _, turn in planned])
    with gathered():
        served = [
            (adjustment, _tell(adjustment, turn, rows))
            for (adjustment, turn), rows in zip(planned, moved, strict=True)
            if rows is not None
        ]
    if served:
        idempotency.record([(adjustment.claim, answer) for adjustment, answer in served])
    else:
        transaction.set_rollback(True)  # levels may have been made for what was refused
    answers = {id(adjustment): answer for adjustment, answer in served}  # twins are equal
    return [answers.get(id(adjustment)) for adjustment in asked]


def _claimed(asked: Sequence[Adjustment]) -> list[Adjustment]:
    """Those whose keys are free. Of twins only the first: its own transaction would not lock it out."""
    first = {(a.claim.principal, a.claim.key): a for a in reversed(asked)}
    once = [a for a in asked if first[a.claim.principal, a.claim.key] is a]
    free = idempotency.claim([a.claim for a in once], PATIENCE_MS)
    return [a for a, is_free in zip(once, free, strict=True) if is_free]


def _planned(asked: Sequence[Adjustment]) -> list[tuple[Adjustment, Turn]]:
    found = lines.look_up([line for adjustment in asked for line in adjustment.lines]) if asked else []
    planned = []
    for adjustment in asked:
        mine, found = found[: len(adjustment.lines)], found[len(adjustment.lines) :]
        moves = _moves(adjustment, mine)
        if moves:
            note = Note(uuid7(), adjustment.reference, adjustment.note, None, adjustment.actor)
            planned.append((adjustment, Turn(moves, note, adjustment.request_id)))
    return planned


def _moves(adjustment: Adjustment, found: list[Found]) -> list[Move]:
    """None where there is something to refuse."""
    try:
        places = lines.checked(found, allowed_locations=adjustment.allowed_locations)
        return stock.adjustments(places, adjustment.reason)[0]
    except Refusal:
        return []


def _tell(adjustment: Adjustment, turn: Turn, rows: Sequence[Moved]) -> Answer:
    connection = transaction.get_connection()
    first = len(connection.run_on_commit)
    with acting_as(adjustment.actor), answering(adjustment.request_id):
        ledger.tell(rows)
        answer = adjustment.answer(stock.booking_of(turn.note, turn.moves, rows))
    # Robust: what fails after COMMIT is logged, for it would keep Django from calling what the others have left.
    left = connection.run_on_commit[first:]
    connection.run_on_commit[first:] = [(points, _as_of(adjustment, call), True) for points, call, _ in left]
    return answer


def _as_of(adjustment: Adjustment, call: Callable[[], object]) -> Callable[[], None]:
    """`call`, which a ring has left for after COMMIT, in the name of its request."""

    @wraps(call)
    def run() -> None:
        with acting_as(adjustment.actor), answering(adjustment.request_id):
            call()

    return run
