"""Stock: where goods lie, how many, and the ledger that says why.

Counters are in pieces. Only the database function `stock_move` (migration 0009) moves them, together with the ledger
row that explains the move; triggers refuse everybody else.
"""

from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID

from django.core.validators import RegexValidator
from django.db import models
from django.db.models import BigIntegerField, F, Q
from django.db.models.functions import Cast, Lower
from django.utils import timezone

from . import names
from .base import Identified, Versioned
from .catalog import QUANTITY_VALIDATORS, Product

COUNTERS = ("on_hand", "unavailable", "allocated", "reserved")


class Location(Versioned):
    """A place that holds stock: a warehouse, a shop, a van. Smaller `priority` is asked first."""

    code = models.CharField(
        max_length=64,
        unique=True,
        validators=[RegexValidator(r"^[A-Za-z0-9._\-]{1,64}\Z", "Use 1 to 64 letters, digits, '.', '_' or '-'.")],
    )
    name = models.CharField(max_length=255)
    address = models.TextField(blank=True, default="")
    priority = models.PositiveIntegerField(default=100, validators=QUANTITY_VALIDATORS)
    is_active = models.BooleanField(default=True)
    is_default = models.BooleanField(default=False)

    class Meta:
        ordering = ("priority", "code")
        constraints = [
            models.UniqueConstraint(
                fields=["is_default"], condition=Q(is_default=True), name="location_default_is_one"
            ),
            models.CheckConstraint(
                condition=Q(is_default=False) | Q(is_active=True), name="location_default_is_active"
            ),
        ]

    def __str__(self) -> str:
        return self.code


class State(models.TextChoices):
    IN_STOCK = "in_stock"
    LOW_STOCK = "low_stock"
    OUT_OF_STOCK = "out_of_stock"


def _big(name: str) -> Cast:
    # Sums are made as bigint: counters near 2^31 have to be refused by a rule, not by an overflow.
    return Cast(name, BigIntegerField())


def _available() -> Any:
    return _big("on_hand") - F("unavailable") - F("allocated") - F("reserved") - F("safety_stock_in_force")


def _counter() -> models.IntegerField:
    return models.IntegerField(default=0, editable=False)


class StockLevelQuerySet(models.QuerySet["StockLevel"]):
    def in_state(self, state: str, available: Any = F("available")) -> "StockLevelQuerySet":  # noqa: B008 - a constant
        """Levels in this state, by their own reorder point; `available` may be an expression that knows better."""
        rows = self.alias(available_now=available)
        out = Q(available_now__lte=0)
        low = Q(available_now__lt=F("reorder_point"), reorder_point__isnull=False)
        in_stock = ~out & (Q(reorder_point=None) | ~low)
        wanted = {State.OUT_OF_STOCK: out, State.LOW_STOCK: low & ~out, State.IN_STOCK: in_stock}
        return rows.filter(wanted[State(state)])


class StockLevel(Identified):
    """The stock of one product at one location.

    `reorder_point`, `safety_stock` and `backorder_limit` are this level's own policies (None: inherit);
    the `…_in_force` columns hold what counts. `version` counts policy edits, `sequence` the ledger rows.
    """

    product = models.ForeignKey(Product, models.CASCADE, related_name="levels", db_index=False)
    location = models.ForeignKey(Location, models.PROTECT, related_name="levels", db_index=False)
    on_hand = _counter()
    unavailable = _counter()
    allocated = _counter()
    reserved = _counter()
    incoming = _counter()
    reorder_point = models.PositiveIntegerField(null=True, blank=True, validators=QUANTITY_VALIDATORS)
    safety_stock = models.PositiveIntegerField(null=True, blank=True, validators=QUANTITY_VALIDATORS)
    backorder_limit = models.PositiveIntegerField(null=True, blank=True, validators=QUANTITY_VALIDATORS)
    safety_stock_in_force = models.PositiveIntegerField(default=0, editable=False)
    backorder_limit_in_force = models.PositiveIntegerField(default=0, editable=False)
    available = models.GeneratedField(expression=_available(), output_field=models.BigIntegerField(), db_persist=True)
    sequence = models.PositiveBigIntegerField(default=0, editable=False)
    version = models.PositiveIntegerField(default=1, editable=False)
    created_at = models.DateTimeField(default=timezone.now, editable=False)
    updated_at = models.DateTimeField(default=timezone.now, editable=False)

    objects = StockLevelQuerySet.as_manager()

    class Meta:
        ordering = ("product", "location")
        constraints = [
            models.UniqueConstraint(fields=["product", "location"], name="level_is_one_per_product_and_location"),
            *(
                models.CheckConstraint(condition=Q(**{f"{name}__gte": 0}), name=f"level_{name}_is_not_negative")
                for name in (*COUNTERS, "incoming")
            ),
            models.CheckConstraint(
                condition=Q(
                    on_hand__gte=_big("reserved") + F("allocated") + F("unavailable") - F("backorder_limit_in_force")
                ),
                name="level_promises_no_more_than_it_has",
            ),
        ]
        # No index may look at a counter: moves are cheap because they leave the indexes of the level alone.
        indexes = [
            models.Index(fields=["location", "id"], name="level_location"),
            models.Index(fields=["id"], name="level_reorder_point", condition=Q(reorder_point__isnull=False)),
        ]

    def __str__(self) -> str:
        return f"{self.product_id} at {self.location_id}"

    @property
    def state(self) -> str:
        return state_of(self.available, self.reorder_point)


def state_of(available: int, reorder_point: int | None) -> str:
    """The state that `available` pieces mean beside this reorder point (None: nobody minds few)."""
    if available <= 0:
        return State.OUT_OF_STOCK
    return State.LOW_STOCK if reorder_point is not None and available < reorder_point else State.IN_STOCK


class ProductStock(models.Model):
    """The stock of one product over all locations: one row per product, made by a trigger, moved with its levels.

    Its row lock is what serialises all moves of a product. The policies in force for the product stand here, too.
    """

    product = models.OneToOneField(Product, models.CASCADE, primary_key=True, related_name="stock")
    on_hand = models.BigIntegerField(default=0, editable=False)
    unavailable = models.BigIntegerField(default=0, editable=False)
    allocated = models.BigIntegerField(default=0, editable=False)
    reserved = models.BigIntegerField(default=0, editable=False)
    incoming = models.BigIntegerField(default=0, editable=False)
    safety_stock_in_force = models.BigIntegerField(default=0, editable=False)
    available = models.GeneratedField(expression=_available(), output_field=models.BigIntegerField(), db_persist=True)
    tracked = models.BooleanField(default=True, editable=False)
    reorder_point_in_force = models.PositiveIntegerField(null=True, editable=False)
    level_safety_stock = models.PositiveIntegerField(default=0, editable=False)
    state = models.GeneratedField(
        expression=models.Case(
            models.When(tracked=False, then=models.Value(State.IN_STOCK)),
            models.When(
                Q(on_hand__lte=F("unavailable") + F("allocated") + F("reserved") + F("safety_stock_in_force")),
                then=models.Value(State.OUT_OF_STOCK),
            ),
            models.When(
                Q(
                    on_hand__lt=F("unavailable")
                    + F("allocated")
                    + F("reserved")
                    + F("safety_stock_in_force")
                    + F("reorder_point_in_force")
                ),
                then=models.Value(State.LOW_STOCK),
            ),
            default=models.Value(State.IN_STOCK),
        ),
        output_field=models.CharField(max_length=12, choices=State),
        db_persist=True,
    )
    updated_at = models.DateTimeField(default=timezone.now, editable=False)

    class Meta:
        verbose_name_plural = "product stock"
        indexes = [
            models.Index(fields=["available", "product"], name="product_stock_available"),
            models.Index(fields=["state", "product"], name="product_stock_state"),
        ]

    def __str__(self) -> str:
        return f"stock of {self.product_id}"

    def state_of(self, available: int) -> str:
        """The state that `available` pieces mean under the policies in force."""
        return state_of(available, self.reorder_point_in_force) if self.tracked else State.IN_STOCK


class Kind(models.TextChoices):
    """What sort of deed a ledger row belongs to."""

    ADJUSTMENT = "adjustment"
    COUNT = "count"
    TRANSFER_OUT = "transfer_out"
    TRANSFER_IN = "transfer_in"
    RESERVE = "reserve"
    RELEASE = "release"
    ALLOCATE = "allocate"
    FULFIL = "fulfil"
    EXPIRE = "expire"
    CANCEL = "cancel"
    RECONCILE = "reconcile"


class Reason(models.TextChoices):
    """Why an adjustment was made. `damaged` and `repaired` move between on_hand and unavailable."""

    RECEIVED = "received"
    SOLD = "sold"
    RETURNED = "returned"
    DAMAGED = "damaged"
    REPAIRED = "repaired"
    LOST = "lost"
    FOUND = "found"
    CORRECTION = "correction"


class StockMovementQuerySet(models.QuerySet["StockMovement"]):
    def since(self, instant: datetime) -> "StockMovementQuerySet":
        """Rows recorded at `instant` or later."""
        return self.filter(recorded_at__gte=instant, pk__gte=_id_at(_ms(instant)))

    def until(self, instant: datetime) -> "StockMovementQuerySet":
        """Rows recorded at `instant` or earlier."""
        return self.filter(recorded_at__lte=instant, pk__lt=_id_at(_ms(instant) + 1))

    def of_sku(self, skus: Sequence[str]) -> "StockMovementQuerySet":
        """Rows that were written under one of these SKUs, whatever the case of their letters."""
        wanted = sorted({sku.lower() for sku in skus})
        rows = self.alias(sku_lower=Lower("sku")).filter(sku_lower__in=wanted)
        return _of(rows, "product_id", names.products_called(wanted, self.db))

    def at_location(self, code: str) -> "StockMovementQuerySet":
        """Rows that were written while their location had this code."""
        return _of(self.filter(location_code=code), "location_id", names.locations_called([code], self.db))


def _of(rows: StockMovementQuerySet, field: str, ids: list[UUID]) -> StockMovementQuerySet:
    # Ids, read before: as a join, PostgreSQL would rather walk through all rows. And one id comes in the index's order.
    return rows.filter(**{field: ids[0]}) if len(ids) == 1 else rows.filter(**{f"{field}__in": ids})


def _ms(instant: datetime) -> int:
    return (instant - datetime(1970, 1, 1, tzinfo=UTC)) // timedelta(milliseconds=1)


def _id_at(ms: int) -> UUID:
    """The smallest id of this millisecond since 1970."""
    return UUID(int=min(max(ms, 0), 2**48 - 1) << 80)


# An order that the primary key does not have. Asked for it, PostgreSQL cannot walk through all ids in the hope that
# what is wanted turns up soon, as it does where it takes a value for common.
_ID = F("id").asc(nulls_first=True)


class StockMovement(Identified):
    """A ledger row: append-only, numbered without gaps per level; deltas explain, balances prove.

    `product` and `location` carry no database constraint: the ledger outlives both. An id begins with the milliseconds
    of `recorded_at` (the database sees to it), so the primary key answers questions about times, too.
    """

    sequence = models.PositiveBigIntegerField()
    product = models.ForeignKey(Product, models.DO_NOTHING, db_constraint=False, related_name="+", db_index=False)
    location = models.ForeignKey(Location, models.DO_NOTHING, db_constraint=False, related_name="+", db_index=False)
    sku = models.CharField(max_length=64)
    location_code = models.CharField(max_length=64)
    kind = models.CharField(max_length=16, choices=Kind)
    reason = models.CharField(max_length=16, blank=True, default="")
    delta_on_hand = models.IntegerField(default=0)
    delta_unavailable = models.IntegerField(default=0)
    delta_allocated = models.IntegerField(default=0)
    delta_reserved = models.IntegerField(default=0)
    balance_on_hand = models.IntegerField()
    balance_unavailable = models.IntegerField()
    balance_allocated = models.IntegerField()
    balance_reserved = models.IntegerField()
    balance_available = models.BigIntegerField()
    source = models.UUIDField(null=True)
    reference = models.CharField(max_length=255, blank=True, default="")
    note = models.TextField(blank=True, default="")
    actor = models.CharField(max_length=255, default="")
    request_id = models.CharField(max_length=128, blank=True, default="")
    occurred_at = models.DateTimeField()
    recorded_at = models.DateTimeField()

    objects = StockMovementQuerySet.as_manager()

    class Meta:
        ordering = ("-id",)
        constraints = [
            # `recorded_at` rides along for the search of `as_of`.
            models.UniqueConstraint(
                fields=["product", "location", "sequence"], include=["recorded_at"], name="movement_sequence_is_unique"
            ),
        ]
        indexes = [
            models.Index(F("product"), _ID, name="movement_product"),
            models.Index(F("location"), _ID, name="movement_location"),
            models.Index(F("kind"), _ID, name="movement_kind"),
            models.Index(F("reason"), _ID, name="movement_reason", condition=~Q(reason="")),
            models.Index(F("reference"), _ID, name="movement_reference", condition=~Q(reference="")),
            models.Index(fields=["source"], name="movement_source"),
        ]

    def __str__(self) -> str:
        return f"{self.sku}@{self.location_code} #{self.sequence}"
