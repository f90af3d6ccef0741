"""Reservations: pieces that are held for somebody for a while, then allocated, then gone.

A hold stops counting at `expires_at`, whether or not the sweeper has come by: every question here asks the database's
clock. What a line still counts in is its `holding`.
"""

from collections.abc import Iterable
from typing import Any
from uuid import UUID

from django.db import models
from django.db.models import F, OuterRef, Q, QuerySet, Subquery, Sum
from django.db.models.functions import Coalesce, Now
from django.utils import timezone

from .base import Identified
from .catalog import QUANTITY_VALIDATORS, Product
from .stock import Location, State


class ReservationState(models.TextChoices):
    ACTIVE = "active"
    CONFIRMED = "confirmed"
    FULFILLED = "fulfilled"
    RELEASED = "released"
    EXPIRED = "expired"
    CANCELLED = "cancelled"


class Holding(models.TextChoices):
    """The counter that a line counts in."""

    RESERVED = "reserved"
    ALLOCATED = "allocated"
    NOTHING = "nothing"


class ReservationQuerySet(QuerySet["Reservation"]):
    def in_state(self, state: str) -> "ReservationQuerySet":
        """Reservations that are in `state` at this instant."""
        lapsed = Q(state=ReservationState.ACTIVE, expires_at__lte=Now())
        if state == ReservationState.ACTIVE:
            return self.filter(Q(state=state) & ~lapsed)
        if state == ReservationState.EXPIRED:
            return self.filter(Q(state=state) | lapsed)
        return self.filter(state=state)


class Reservation(Identified):
    """A promise to one owner. `expires_at` is None once it is confirmed."""

    reference = models.CharField(max_length=255, blank=True, default="")
    owner = models.CharField(max_length=255, blank=True, default="")
    state = models.CharField(max_length=16, choices=ReservationState, default=ReservationState.ACTIVE)
    expires_at = models.DateTimeField(null=True)
    confirmed_late = models.BooleanField(default=False)
    actor = models.CharField(max_length=255, blank=True, default="")
    version = models.PositiveIntegerField(default=1, editable=False)
    created_at = models.DateTimeField(default=timezone.now, editable=False)
    updated_at = models.DateTimeField(default=timezone.now, editable=False)

    objects = ReservationQuerySet.as_manager()

    class Meta:
        ordering = ("-id",)
        constraints = [
            models.CheckConstraint(condition=Q(state__in=ReservationState.values), name="reservation_state_is_known"),
            models.CheckConstraint(
                condition=~Q(state=ReservationState.ACTIVE) | Q(expires_at__isnull=False),
                name="reservation_active_expires",
            ),
        ]
        indexes = [
            models.Index(fields=["owner", "id"], name="reservation_owner", condition=~Q(owner="")),
            models.Index(fields=["reference", "id"], name="reservation_reference", condition=~Q(reference="")),
            models.Index(fields=["expires_at"], name="reservation_due", condition=Q(state="active")),
            models.Index(fields=["state", "id"], name="reservation_state"),
        ]

    def __str__(self) -> str:
        return f"reservation {self.reference or self.pk}"


class ReservationLineQuerySet(QuerySet["ReservationLine"]):
    def lapsed(self) -> "ReservationLineQuerySet":
        """Lines whose hold is over, though the counters still have it."""
        return self.filter(holding=Holding.RESERVED, expires_at__lte=Now())

    def lapsed_of(self, products: Iterable[UUID]) -> dict[tuple[UUID, UUID], int]:
        """(product, location) → pieces in lapsed holds."""
        rows = self.lapsed().filter(product__in=list(products)).order_by()
        sums = rows.values_list("product_id", "location_id").annotate(pieces=Sum("quantity"))
        return {(product, location): pieces for product, location, pieces in sums}


class ReservationLine(Identified):
    """Pieces of one product at one location. `expires_at` repeats the reservation's while the line is reserved."""

    reservation = models.ForeignKey(Reservation, models.CASCADE, related_name="lines")
    product = models.ForeignKey(Product, models.DO_NOTHING, db_constraint=False, related_name="+", db_index=False)
    location = models.ForeignKey(Location, models.PROTECT, related_name="+")
    sku = models.CharField(max_length=64)
    quantity = models.PositiveIntegerField(validators=QUANTITY_VALIDATORS)
    fulfilled = models.PositiveIntegerField(default=0)
    holding = models.CharField(max_length=16, choices=Holding, default=Holding.RESERVED)
    expires_at = models.DateTimeField(null=True)

    objects = ReservationLineQuerySet.as_manager()

    class Meta:
        ordering = ("id",)
        constraints = [
            models.UniqueConstraint(
                fields=["reservation", "product", "location"], name="reservation_line_is_one_per_level"
            ),
            models.CheckConstraint(condition=Q(quantity__gt=0), name="reservation_line_holds_something"),
            models.CheckConstraint(
                condition=Q(fulfilled__lte=F("quantity")), name="reservation_line_ships_what_it_holds"
            ),
        ]
        indexes = [
            models.Index(
                fields=["product", "expires_at", "location", "quantity"],
                name="reservation_line_held",
                condition=Q(holding="reserved"),
            ),
            models.Index(fields=["expires_at"], name="reservation_line_due", condition=Q(holding="reserved")),
            models.Index(
                fields=["product", "location"], name="reservation_line_allocated", condition=Q(holding="allocated")
            ),
        ]

    def __str__(self) -> str:
        return f"{self.quantity} of {self.sku}"

    @property
    def open_quantity(self) -> int:
        """Pieces that have not left yet."""
        return self.quantity - self.fulfilled


def lapsed_at_levels() -> Coalesce:
    """An expression for querysets of levels: pieces in holds that are over, though `reserved` still has them."""
    over = ReservationLine.objects.lapsed().filter(product=OuterRef("product"), location=OuterRef("location"))
    return _pieces(over, "location")


def available_at_levels() -> Any:
    """The same querysets' pieces that are available at this instant."""
    # Usually the sweeper has been by, and the stored column is the answer.
    return F("available") + lapsed_at_levels() if _any_lapsed() else F("available")


def lapsed_of_products(product: str = "pk") -> Coalesce:
    """The same for querysets in which `product` names a product's id."""
    return _pieces(ReservationLine.objects.lapsed().filter(product=OuterRef(product)), "product")


def with_available(products: QuerySet[Product]) -> Any:
    """Adds `available_now`: pieces over all locations, without the holds that are over at this instant."""
    stored = F("stock__available")
    # Usually the sweeper has been by, and the indexed column is the answer.
    return products.alias(available_now=stored + lapsed_of_products() if _any_lapsed() else stored)


def products_in_state(products: QuerySet[Product], state: str) -> QuerySet[Product]:
    """Products that are in_stock, low_stock or out_of_stock at this instant."""
    if not _any_lapsed():
        return products.filter(stock__state=state)
    tracked, point = Q(stock__tracked=True), F("stock__reorder_point_in_force")
    out = tracked & Q(available_now__lte=0)
    low = tracked & Q(available_now__gt=0, available_now__lt=point)
    enough = Q(available_now__gt=0) & (Q(stock__reorder_point_in_force=None) | Q(available_now__gte=point))
    wanted = {State.OUT_OF_STOCK: out, State.LOW_STOCK: low, State.IN_STOCK: ~tracked | enough}
    return with_available(products).filter(wanted[State(state)])


def _any_lapsed() -> bool:
    return ReservationLine.objects.lapsed().exists()


def _pieces(lines: "ReservationLineQuerySet", by: str) -> Coalesce:
    sums = lines.order_by().values(by).annotate(pieces=Sum("quantity")).values("pieces")
    return Coalesce(Subquery(sums), 0, output_field=models.BigIntegerField())
