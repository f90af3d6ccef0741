"""Planning: what is free where, as the database has it, handed to the pure planner in `allocation`."""

from collections.abc import Sequence
from uuid import UUID

from inventory import conf
from inventory.errors import Forbidden
from inventory.models import Location, ReservationLine, StockLevel
from inventory.values import Line

from . import allocation
from .allocation import Planned, Spot, Want
from .lines import resolve


def wants_of(lines: Sequence[Line], allowed_locations: frozenset[UUID] | None) -> list[Want]:
    """What the lines ask for. Raises DoesNotExist, InvalidTransition, Forbidden, naming each culprit."""
    named = [line for line in lines if line.location is not None]
    if named:
        resolve(named, allowed_locations=allowed_locations)
    # Lines without a location are resolved as if at the default one; only their product counts.
    places = resolve(lines)
    return [
        Want(p.product, p.sku, p.line.quantity, p.location if p.line.location else None, p.line.pointer) for p in places
    ]


def plan(
    wants: Sequence[Want], *, strategy: str | None = None, allowed_locations: frozenset[UUID] | None = None
) -> list[Planned]:
    """A plan for `wants` from what is free at this instant; holds that are over do not count."""
    spots = _spots(allowed_locations)
    free = _free({want.product for want in wants})
    return allocation.plan(wants, spots, free, strategy or conf.allocation_strategy())


def explain(
    lines: Sequence[Line], *, strategy: str | None = None, allowed_locations: frozenset[UUID] | None = None
) -> list[Planned]:
    """The plan that a reservation would follow now, without holding anything."""
    return plan(wants_of(lines, allowed_locations), strategy=strategy, allowed_locations=allowed_locations)


def _spots(allowed: frozenset[UUID] | None) -> list[Spot]:
    rows = Location.objects.filter(is_active=True)
    if allowed is not None:
        rows = rows.filter(pk__in=allowed)
    spots = [Spot(row.pk, row.code, row.priority) for row in rows.order_by("priority", "code")]
    if not spots and allowed is not None:
        raise Forbidden("This API key is limited to locations that are not active.")
    return spots


def _free(products: set[UUID]) -> dict[tuple[UUID, UUID], int]:
    lapsed = ReservationLine.objects.lapsed_of(products)
    rows = StockLevel.objects.filter(product__in=products)
    figures = rows.values_list("product_id", "location_id", "available", "backorder_limit_in_force")
    return {
        (product, location): available + backorder + lapsed.get((product, location), 0)
        for product, location, available, backorder in figures
    }
