"""Reservations: hold, confirm, fulfil, release, cancel, extend, expire.

Every transition locks the totals of all products of the reservation first and the reservation then. So whoever holds
the lock of one of its products knows that nobody else is changing it; `ledger.free_lapsed` rests on that.
"""

from collections.abc import Callable, Mapping, Sequence
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from django.db import connection
from django.db.models import QuerySet
from django.db.models.functions import Now
from django.utils import timezone

from inventory import conf, locks
from inventory.context import Actor
from inventory.errors import DoesNotExist, InsufficientStock, InvalidTransition, NotFound, Problem
from inventory.models import Holding, Kind, Reservation, ReservationLine, ReservationState
from inventory.signals import reservation_changed
from inventory.values import Line

from . import ledger, planning
from .allocation import Planned
from .base import operation
from .ledger import Move, Note

SWEEP_BATCH = 50


@operation
def reserve(
    lines: Sequence[Line],
    *,
    actor: Actor,
    reference: str = "",
    owner: str = "",
    expires_in: int = 900,
    partial: bool = False,
    strategy: str | None = None,
    allowed_locations: frozenset[UUID] | None = None,
) -> tuple[Reservation, list[Planned]]:
    """Hold each line's `quantity` for `expires_in` seconds; lines without a location are planned over the locations.

    With `partial`, lines get what there is. Returns the reservation and the plan that it follows.
    Raises InsufficientStock naming every short line, DoesNotExist, InvalidTransition, Forbidden.
    """
    wants = planning.wants_of(lines, allowed_locations)
    _keep_to_limit(owner)
    products = {want.product for want in wants}
    locks.totals(products)
    ledger.free_lapsed(products, actor)
    planned = planning.plan(wants, strategy=strategy, allowed_locations=allowed_locations)
    if not partial or not any(line.quantity for line in planned):
        _refuse_short(planned)
    row = Reservation.objects.create(
        reference=reference, owner=owner, expires_at=_in(expires_in), actor=str(actor), state=ReservationState.ACTIVE
    )
    row.refresh_from_db()
    held = _held(row, planned)
    ReservationLine.objects.bulk_create(held)
    _book(row, held, actor, Kind.RESERVE, lambda line: {"reserved": line.quantity, "sellable": True})
    _tell(row, "created")
    return row, planned


@operation
def confirm(row: Reservation, *, actor: Actor) -> Reservation:
    """Turn a hold into an allocation that does not expire.

    After its expiry that works only while the pieces are still free; `confirmed_late` then says so.
    """
    row, lines = _locked(row, [ReservationState.ACTIVE, ReservationState.EXPIRED], "confirmed")
    row.confirmed_late = shown_state(row) == ReservationState.EXPIRED
    _book(
        row,
        lines,
        actor,
        Kind.ALLOCATE,
        lambda line: {
            "allocated": line.quantity,
            "reserved": -line.quantity if line.holding == Holding.RESERVED else 0,
            "sellable": line.holding != Holding.RESERVED,
        },
    )
    return _end(row, lines, ReservationState.CONFIRMED, Holding.ALLOCATED)


@operation
def fulfil(row: Reservation, *, actor: Actor, quantities: Sequence[Line] | None = None) -> Reservation:
    """Book allocated pieces out: everything open, or the lines given (a SKU, perhaps a location, and pieces)."""
    row, lines = _locked(row, [ReservationState.CONFIRMED], "fulfilled")
    leaving = _leaving(lines, quantities)
    shipped = [line for line in lines if leaving.get(line.pk)]
    _book(row, shipped, actor, Kind.FULFIL, lambda line: {"on_hand": -leaving[line.pk], "allocated": -leaving[line.pk]})
    for line in shipped:
        line.fulfilled += leaving[line.pk]
        line.holding = Holding.ALLOCATED if line.open_quantity else Holding.NOTHING
    ReservationLine.objects.bulk_update(shipped, ["fulfilled", "holding"])
    still_open = any(line.open_quantity for line in lines)
    return _saved(row, ReservationState.CONFIRMED if still_open else ReservationState.FULFILLED, "fulfilled")


@operation
def release(row: Reservation, *, actor: Actor) -> Reservation:
    """Give a hold back before its time is over."""
    row, lines = _locked(row, [ReservationState.ACTIVE], "released")
    _book(row, lines, actor, Kind.RELEASE, lambda line: {"reserved": -line.quantity})
    return _end(row, lines, ReservationState.RELEASED, Holding.NOTHING)


@operation
def cancel(row: Reservation, *, actor: Actor) -> Reservation:
    """Give back what is confirmed and has not left yet."""
    row, lines = _locked(row, [ReservationState.CONFIRMED], "cancelled")
    still = [line for line in lines if line.open_quantity]
    _book(row, still, actor, Kind.CANCEL, lambda line: {"allocated": -line.open_quantity})
    return _end(row, lines, ReservationState.CANCELLED, Holding.NOTHING)


@operation
def extend(row: Reservation, *, expires_in: int, actor: Actor) -> Reservation:
    """Let a hold end `expires_in` seconds from now, within the longest life that the service allows."""
    row, lines = _locked(row, [ReservationState.ACTIVE], "extended")
    longest = timedelta(seconds=conf.reservation_longest_life_s())
    end = min(_database_time() + timedelta(seconds=expires_in), row.created_at + longest)
    if end <= _database_time():
        raise InvalidTransition(f"This reservation has reached its longest life of {longest}.")
    row.expires_at = end
    ReservationLine.objects.filter(pk__in=[line.pk for line in lines], holding=Holding.RESERVED).update(expires_at=end)
    # No counter moves, but what is cached counts on the old end.
    ledger.tell_unmoved({line.product_id for line in lines})
    return _saved(row, ReservationState.ACTIVE, "extended")


@operation
def release_all(
    *, actor: Actor, among: QuerySet[Reservation], owner: str | None = None, reference: str | None = None
) -> list[Reservation]:
    """Release every active reservation of an owner or with a reference, out of those that the caller may see."""
    wanted = {name: value for name, value in (("owner", owner), ("reference", reference)) if value is not None}
    active = Reservation.objects.in_state(ReservationState.ACTIVE).filter(**wanted)
    rows = list(active.filter(pk__in=among.values("pk")).order_by("pk"))
    products = ReservationLine.objects.filter(reservation__in=rows).values_list("product_id", flat=True)
    locks.totals(set(products))
    released = []
    for row in rows:
        fresh = locks.row(Reservation, row.pk)
        if fresh is not None and shown_state(fresh) == ReservationState.ACTIVE:
            released.append(release(fresh, actor=actor))
    return released


def sweep(*, actor: Actor, batch: int = SWEEP_BATCH) -> int:
    """Tidy up after holds that are over: counters, ledger, state. Nothing depends on it. Returns how many."""
    swept = 0
    due = Reservation.objects.filter(state=ReservationState.ACTIVE, expires_at__lte=Now()).order_by("expires_at")
    for pk in due.values_list("pk", flat=True)[:batch]:
        swept += _expire(pk, actor=actor)
    return swept


@operation
def _expire(pk: UUID, *, actor: Actor) -> bool:
    products = _products_of(pk)
    locks.totals(products)
    row = Reservation.objects.select_for_update(skip_locked=True).filter(pk=pk).first()
    if row is None or row.state != ReservationState.ACTIVE or shown_state(row) != ReservationState.EXPIRED:
        return False
    ledger.free_lapsed(products, actor)
    _saved(row, ReservationState.EXPIRED)
    return True


def shown_state(row: Reservation) -> str:
    """The state at this instant: an active reservation whose time is over is expired."""
    if row.state != ReservationState.ACTIVE:
        return row.state
    over = Reservation.objects.filter(pk=row.pk, expires_at__lte=Now()).exists()
    return ReservationState.EXPIRED if over else ReservationState.ACTIVE


def _locked(row: Reservation, allowed: Sequence[str], done: str) -> tuple[Reservation, list[ReservationLine]]:
    locks.totals(_products_of(row.pk))
    fresh = locks.row(Reservation, row.pk)
    if fresh is None:
        raise NotFound("This reservation does not exist any more.")
    state = shown_state(fresh)
    if state not in allowed:
        raise InvalidTransition(
            f"This reservation is {state}; it cannot be {done}.",
            problems=[Problem(f"Its state is {state}.", "invalid_transition", None, {"state": state})],
        )
    return fresh, list(fresh.lines.select_related("location").order_by("product", "location"))


def _products_of(pk: UUID) -> set[UUID]:
    return set(ReservationLine.objects.filter(reservation=pk).values_list("product_id", flat=True))


def _held(row: Reservation, planned: Sequence[Planned]) -> list[ReservationLine]:
    merged: dict[tuple[UUID, UUID], ReservationLine] = {}
    for line in planned:
        for share in line.shares:
            key = (line.want.product, share.location)
            held = merged.get(key)
            if held is None:
                merged[key] = ReservationLine(
                    reservation=row,
                    product_id=line.want.product,
                    location_id=share.location,
                    sku=line.want.sku,
                    quantity=share.quantity,
                    expires_at=row.expires_at,
                )
            else:
                held.quantity += share.quantity
    return list(merged.values())


def _book(
    row: Reservation,
    lines: Sequence[ReservationLine],
    actor: Actor,
    kind: Kind,
    deltas: Callable[[ReservationLine], Mapping[str, Any]],
) -> None:
    moves = [Move(product=line.product_id, location=line.location_id, kind=kind, **deltas(line)) for line in lines]
    ledger.move(moves, Note(row.pk, row.reference, "", None, actor), {})


def _end(row: Reservation, lines: Sequence[ReservationLine], state: str, holding: str) -> Reservation:
    ReservationLine.objects.filter(pk__in=[line.pk for line in lines]).update(holding=holding, expires_at=None)
    if state == ReservationState.CONFIRMED:
        row.expires_at = None
    return _saved(row, state)


def _saved(row: Reservation, state: str, change: str | None = None) -> Reservation:
    row.state = state
    row.version += 1
    row.updated_at = timezone.now()
    row.save(update_fields=["state", "version", "updated_at", "expires_at", "confirmed_late"])
    _tell(row, change or state)
    return row


def _tell(row: Reservation, change: str) -> None:
    reservation_changed.send(sender=Reservation, reservation=row, change=change)


def _leaving(lines: Sequence[ReservationLine], quantities: Sequence[Line] | None) -> dict[UUID, int]:
    """Line id → pieces that leave. A SKU without a location takes from its lines in order."""
    if quantities is None:
        return {line.pk: line.open_quantity for line in lines}
    left = {line.pk: line.open_quantity for line in lines}
    leaving: dict[UUID, int] = {}
    for asked in quantities:
        own = [
            line
            for line in lines
            if line.sku.lower() == (asked.sku or "").lower() and asked.location in (None, line.location.code)
        ]
        if not own:
            raise DoesNotExist(
                f"{asked.sku} is not part of this reservation.",
                problems=[Problem("Not part of this reservation.", "does_not_exist", f"{asked.pointer}/sku")],
            )
        missing = asked.quantity
        for line in own:
            taken = min(missing, left[line.pk])
            left[line.pk] -= taken
            missing -= taken
            leaving[line.pk] = leaving.get(line.pk, 0) + taken
        if missing:
            open_there = asked.quantity - missing
            raise InvalidTransition(
                f"Only {open_there} of {asked.sku} are still to be shipped.",
                problems=[Problem(f"Only {open_there} are open.", "invalid_transition", f"{asked.pointer}/quantity")],
            )
    return leaving


def _refuse_short(planned: Sequence[Planned]) -> None:
    short = [line for line in planned if not line.complete]
    if short:
        raise InsufficientStock(
            "There is not enough stock. Nothing was held.",
            problems=[
                Problem(
                    f"{line.want.sku}: {line.free} available, {line.want.quantity} requested.",
                    "insufficient_stock",
                    line.want.pointer,
                    {"available": line.free, "requested": line.want.quantity, "sku": line.want.sku},
                )
                for line in short
            ],
        )


def _keep_to_limit(owner: str) -> None:
    limit = conf.reservations_per_owner()
    if not owner or limit is None:
        return
    locks.name(f"reservations:{owner}")
    if Reservation.objects.in_state(ReservationState.ACTIVE).filter(owner=owner).count() >= limit:
        raise InvalidTransition(f"{owner} has {limit} active reservations already; that is the limit.")


def _in(seconds: int) -> Any:
    # The database's clock decides expiry, so it also sets it.
    return Now() + timedelta(seconds=seconds)


def _database_time() -> datetime:
    with connection.cursor() as cursor:
        cursor.execute("SELECT clock_timestamp()")
        moment: datetime = cursor.fetchone()[0]
        return moment
