"""Transfers: at once, or in two steps with the goods in transit in between."""

from collections.abc import Sequence
from uuid import UUID

from django.utils import timezone

from inventory import locks
from inventory.context import Actor
from inventory.errors import DoesNotExist, InvalidTransition, Problem
from inventory.models import INT_MAX, Kind, Product, Transfer, TransferLine, TransferState
from inventory.signals import transfer_changed
from inventory.values import Line

from . import ledger
from .base import operation
from .ledger import Move, Note
from .lines import Place, resolve


@operation
def transfer(
    lines: Sequence[Line],
    *,
    from_location: str | None,
    to_location: str | None,
    in_transit: bool = False,
    actor: Actor,
    reference: str = "",
    note: str = "",
    allowed_locations: frozenset[UUID] | None = None,
) -> Transfer:
    """Send each line's `quantity` from one location to another; on arrival at once, or `in_transit` until received.

    Raises InsufficientStock, DoesNotExist, InvalidTransition, Forbidden.
    """
    sources = _summed(_placed(lines, from_location, "/from_location", allowed_locations))
    targets = _summed(_placed(lines, to_location, "/to_location", allowed_locations))
    if sources[0].location == targets[0].location:
        raise InvalidTransition(
            "Both locations are the same.",
            problems=[Problem("Must be another location than from_location.", "invalid_transition", "/to_location")],
        )
    row = Transfer.objects.create(
        from_location_id=sources[0].location,
        to_location_id=targets[0].location,
        state=TransferState.IN_TRANSIT if in_transit else TransferState.RECEIVED,
        closed_at=None if in_transit else timezone.now(),
        reference=reference,
        note=note,
        actor=str(actor),
    )
    TransferLine.objects.bulk_create(
        TransferLine(
            transfer=row,
            product_id=place.product,
            sku=place.sku,
            quantity=place.line.quantity,
            received=0 if in_transit else place.line.quantity,
        )
        for place in sources
    )
    moves = [_out(place) for place in sources]
    moves += [
        _announced(place) if in_transit else _in(place.product, place.location, place.line.quantity)
        for place in targets
    ]
    _book(moves, row, actor, [*sources, *targets])
    transfer_changed.send(sender=Transfer, transfer=row, change="created")
    return row


@operation
def receive(row: Transfer, *, actor: Actor, lines: Sequence[Line] | None = None, close: bool = True) -> Transfer:
    """Book what has arrived: everything open, or `lines` (a SKU and its pieces; lines of one SKU are summed).

    With `close` the rest is recorded as shortfall and the transfer is done; without, it stays in transit.
    Raises DoesNotExist for a SKU that was not sent, InvalidTransition for more than is still on its way.
    """
    row, sent = _open(row)
    arrived = _arrived(sent, lines)
    moves = []
    for line in sent:
        rest = line.quantity - line.received
        got = arrived.get(line.pk, 0)
        lost = rest - got if close else 0
        line.received += got
        line.shortfall += lost
        if got or lost:
            moves.append(_in(line.product_id, row.to_location_id, got, incoming=got + lost))
    TransferLine.objects.bulk_update(sent, ["received", "shortfall"])
    _book(moves, row, actor)
    done = close or all(line.received == line.quantity for line in sent)
    return _closed(row, TransferState.RECEIVED if done else TransferState.IN_TRANSIT, "received")


@operation
def cancel(row: Transfer, *, actor: Actor) -> Transfer:
    """Bring everything that has not arrived back to where it came from."""
    row, lines = _open(row)
    moves = []
    for line in lines:
        rest = line.quantity - line.received
        line.shortfall = 0
        if rest:
            moves.append(Move(product=line.product_id, location=row.to_location_id, incoming=-rest))
            moves.append(_in(line.product_id, row.from_location_id, rest))
    _book(moves, row, actor)
    return _closed(row, TransferState.CANCELLED, "cancelled")


def _placed(lines: Sequence[Line], location: str | None, pointer: str, allowed: frozenset[UUID] | None) -> list[Place]:
    placed = [Line(line.sku, line.product, location, line.quantity, None, line.pointer) for line in lines]
    try:
        return resolve(placed, allowed_locations=allowed)
    except DoesNotExist as refusal:
        refusal.problems = _once(refusal.problems, pointer)
        raise


def _once(problems: Sequence[Problem], pointer: str) -> list[Problem]:
    """The location stands once in the body: one problem for it, not one per line."""
    kept = [problem for problem in problems if not (problem.pointer or "").endswith("/location")]
    missing = [problem for problem in problems if (problem.pointer or "").endswith("/location")]
    return kept + [Problem(problem.detail, problem.code, pointer) for problem in missing[:1]]


def _summed(places: Sequence[Place]) -> list[Place]:
    merged: dict[UUID, Place] = {}
    for place in places:
        first = merged.get(place.product)
        total = place.line.quantity + (first.line.quantity if first else 0)
        if total > INT_MAX:
            raise InvalidTransition(
                "The quantities of one product add up to more than a counter can hold.",
                problems=[Problem("The sum is out of range.", "invalid_transition", f"{place.line.pointer}/quantity")],
            )
        line = place.line if first is None else first.line
        summed = Line(line.sku, line.product, line.location, total, None, line.pointer)
        merged[place.product] = Place(summed, place.product, place.sku, place.location, place.code)
    return list(merged.values())


def _out(place: Place) -> Move:
    return Move(
        product=place.product,
        location=place.location,
        on_hand=-place.line.quantity,
        sellable=False,
        kind=Kind.TRANSFER_OUT,
    )


def _announced(place: Place) -> Move:
    return Move(product=place.product, location=place.location, incoming=place.line.quantity)


def _in(product: UUID, location: UUID, quantity: int, incoming: int = 0) -> Move:
    kind = Kind.TRANSFER_IN if quantity else None
    return Move(product=product, location=location, on_hand=quantity, incoming=-incoming, kind=kind)


def _book(moves: list[Move], row: Transfer, actor: Actor, places: Sequence[Place] = ()) -> None:
    note = Note(row.pk, row.reference, row.note, None, actor)
    ledger.move(moves, note, {(place.product, place.location): place for place in places})


def _open(row: Transfer) -> tuple[Transfer, list[TransferLine]]:
    fresh = locks.row(Transfer, row.pk)
    if fresh is None or fresh.state != TransferState.IN_TRANSIT:
        state = fresh.state if fresh else "gone"
        raise InvalidTransition(f"This transfer is {state}; only one in transit can be received or cancelled.")
    lines = list(fresh.lines.all())
    gone = {line.product_id for line in lines} - set(
        Product.objects.filter(pk__in=[line.product_id for line in lines]).values_list("pk", flat=True)
    )
    if gone:
        raise InvalidTransition("A product of this transfer was deleted meanwhile.")
    return fresh, lines


def _arrived(sent: Sequence[TransferLine], lines: Sequence[Line] | None) -> dict[UUID, int]:
    """Id of the transfer's line → pieces that have come; `lines` None: all that are on their way."""
    on_their_way = {line.pk: line.quantity - line.received for line in sent}
    if lines is None:
        return on_their_way
    names = _names(sent)
    unknown = [line for line in lines if names.get((line.sku or "").lower()) is None]
    if unknown:
        raise DoesNotExist(
            "Some lines are not part of this transfer. Nothing was applied.",
            problems=[
                Problem(f"{line.sku} is not part of this transfer.", "does_not_exist", f"{line.pointer}/sku")
                for line in unknown
            ],
        )
    arrived: dict[UUID, int] = {}
    too_many = []
    for line in lines:
        which = names[(line.sku or "").lower()]
        arrived[which] = arrived.get(which, 0) + line.quantity
        if arrived[which] > on_their_way[which]:
            detail = f"Only {on_their_way[which]} of {line.sku} are still on their way."
            too_many.append(Problem(detail, "invalid_transition", f"{line.pointer}/quantity"))
    if too_many:
        raise InvalidTransition("More has arrived than is on its way. Nothing was applied.", problems=too_many)
    return arrived


def _names(sent: Sequence[TransferLine]) -> dict[str, UUID]:
    """SKU in small letters → id of the line: as it was called when it was sent, and as it is called now."""
    now = dict(Product.objects.filter(pk__in=[line.product_id for line in sent]).values_list("pk", "sku"))
    present = {now[line.product_id].lower(): line.pk for line in sent if line.product_id in now}
    return {line.sku.lower(): line.pk for line in sent} | present


def _closed(row: Transfer, state: str, change: str) -> Transfer:
    row.version += 1
    row.state = state
    row.closed_at = None if state == TransferState.IN_TRANSIT else timezone.now()
    row.save(update_fields=["version", "state", "closed_at"])
    transfer_changed.send(sender=Transfer, transfer=row, change=change)
    return row
