"""Low-stock alerts: opened by a fall below the reorder point, resolved by the climb back to it."""

from django.db import models
from django.db.models import Q
from django.utils import timezone

from .base import Identified
from .catalog import Product
from .stock import Location


class Severity(models.TextChoices):
    LOW_STOCK = "low_stock"
    OUT_OF_STOCK = "out_of_stock"


class AlertState(models.TextChoices):
    OPEN = "open"
    ACKNOWLEDGED = "acknowledged"
    SNOOZED = "snoozed"
    RESOLVED = "resolved"


class StockAlert(Identified):
    """One crossing of a reorder point. `location` is None for the product's total.

    At most one alert per product and location is unresolved: a partial unique index says so, so no code has to be
    careful. `product` carries no database constraint: the alert outlives it.
    """

    product = models.ForeignKey(Product, models.DO_NOTHING, db_constraint=False, related_name="+", db_index=False)
    sku = models.CharField(max_length=64)
    location = models.ForeignKey(Location, models.PROTECT, null=True, related_name="alerts")
    severity = models.CharField(max_length=16, choices=Severity)
    state = models.CharField(max_length=16, choices=AlertState, default=AlertState.OPEN)
    reorder_point = models.PositiveIntegerField()
    available = models.BigIntegerField()
    suggested_quantity = models.PositiveIntegerField()
    opened_at = models.DateTimeField(default=timezone.now)
    resolved_at = models.DateTimeField(null=True)
    acknowledged_by = models.CharField(max_length=255, blank=True, default="")
    snoozed_until = models.DateTimeField(null=True)

    class Meta:
        ordering = ("-id",)
        constraints = [
            models.UniqueConstraint(
                fields=["product", "location"],
                condition=Q(resolved_at=None),
                nulls_distinct=False,
                name="alert_is_one_per_product_and_location",
            ),
            models.CheckConstraint(
                condition=Q(state=AlertState.RESOLVED, resolved_at__isnull=False)
                | (~Q(state=AlertState.RESOLVED) & Q(resolved_at__isnull=True)),
                name="alert_resolved_has_its_time",
            ),
        ]
        indexes = [
            models.Index(fields=["product", "id"], name="alert_product"),
            models.Index(fields=["state", "id"], name="alert_state"),
        ]

    def __str__(self) -> str:
        return f"{self.severity} of {self.sku}"
