"""Locations: create, change, delete, and which one counts when none is named."""

from typing import Any

from django.db.models import Q

from inventory import locks
from inventory.context import Actor
from inventory.errors import InUse, NotFound
from inventory.models import COUNTERS, Location, StockLevel, Transfer, TransferState

from . import policies
from .base import operation
from .writing import change, expect_version


@operation
def create_location(*, actor: Actor, **values: Any) -> Location:
    if values.get("is_default"):
        _step_down()
    return Location.objects.create(**values)


@operation
def update_location(
    location: Location, *, actor: Actor, expected_version: int | None = None, **values: Any
) -> Location:
    if values.get("is_default") and not location.is_default:
        expect_version(location, expected_version)
        _step_down()
    if location.is_default and values.get("is_default") is False:
        raise InUse("This is the default location. Make another one the default instead.")
    if location.is_default and values.get("is_active") is False:
        raise InUse("The default location stays active. Make another one the default first.")
    return change(location, expected_version, values)


@operation
def delete_location(location: Location, *, actor: Actor, expected_version: int | None = None) -> None:
    """Archive and delete a location that holds nothing. Its ledger stays readable."""
    fresh = locks.row(Location, location.pk)
    if fresh is None:
        raise NotFound("This location was deleted meanwhile.")
    expect_version(fresh, expected_version)
    if fresh.is_default:
        raise InUse("This is the default location. Make another one the default first.")
    levels = StockLevel.objects.filter(location=fresh)
    busy = Q(incoming__gt=0)
    for counter in COUNTERS:
        busy |= Q(**{f"{counter}__gt": 0})
    if levels.filter(busy).exists():
        raise InUse("This location still holds stock, reservations or expects goods. Move them first.")
    open_transfers = Transfer.objects.filter(Q(from_location=fresh) | Q(to_location=fresh))
    if open_transfers.filter(state=TransferState.IN_TRANSIT).exists():
        raise InUse("This location is part of a transfer in transit. Receive or cancel it first.")
    if open_transfers.exists():
        raise InUse("Past transfers name this location. Set is_active to false instead of deleting it.")
    if fresh.alerts.exists():
        raise InUse("Past alerts name this location. Set is_active to false instead of deleting it.")
    products = list(levels.values_list("product_id", flat=True))
    locks.totals(products)
    levels.delete()
    # The empty levels took their safety stock along; totals are the sum of what is left.
    policies.apply(products)
    fresh.delete()


@operation
def ensure_default(*, actor: Actor) -> None:
    """Make the location MAIN unless there is a location already: goods need a place from the first day."""
    if not Location.objects.exists():
        Location.objects.create(code="MAIN", name="Main", is_default=True)


def _step_down() -> None:
    Location.objects.filter(is_default=True).update(is_default=False)
