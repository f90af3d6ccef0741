"""Transfers: goods on their way from one location to another."""

from django.db import models
from django.db.models import Q
from django.utils import timezone

from .base import Identified
from .catalog import QUANTITY_VALIDATORS, Product
from .stock import Location


class TransferState(models.TextChoices):
    IN_TRANSIT = "in_transit"
    RECEIVED = "received"
    CANCELLED = "cancelled"


class Transfer(Identified):
    """One shipment between two locations. Immediate transfers are `received` from the start."""

    from_location = models.ForeignKey(Location, models.PROTECT, related_name="transfers_out")
    to_location = models.ForeignKey(Location, models.PROTECT, related_name="transfers_in")
    state = models.CharField(max_length=16, choices=TransferState, default=TransferState.IN_TRANSIT)
    reference = models.CharField(max_length=255, blank=True, default="")
    note = models.TextField(blank=True, default="")
    actor = models.CharField(max_length=255, blank=True, default="")
    version = models.PositiveIntegerField(default=1, editable=False)
    created_at = models.DateTimeField(default=timezone.now, editable=False)
    closed_at = models.DateTimeField(null=True, editable=False)

    class Meta:
        ordering = ("-id",)
        constraints = [
            models.CheckConstraint(condition=~Q(from_location=models.F("to_location")), name="transfer_goes_elsewhere"),
            models.CheckConstraint(condition=Q(state__in=TransferState.values), name="transfer_state_is_known"),
        ]
        indexes = [models.Index(fields=["state", "id"], name="transfer_state")]

    def __str__(self) -> str:
        return f"transfer {self.pk}"


class TransferLine(Identified):
    """What was sent, what has arrived, and what never did (`shortfall`), in pieces."""

    transfer = models.ForeignKey(Transfer, models.CASCADE, related_name="lines")
    product = models.ForeignKey(Product, models.DO_NOTHING, db_constraint=False, related_name="+", db_index=False)
    sku = models.CharField(max_length=64)
    quantity = models.PositiveIntegerField(validators=QUANTITY_VALIDATORS)
    received = models.PositiveIntegerField(default=0)
    shortfall = models.PositiveIntegerField(default=0)

    class Meta:
        ordering = ("id",)
        constraints = [
            models.UniqueConstraint(fields=["transfer", "product"], name="transfer_line_is_one_per_product"),
            models.CheckConstraint(condition=Q(quantity__gt=0), name="transfer_line_moves_something"),
            models.CheckConstraint(
                condition=Q(received__lte=models.F("quantity") - models.F("shortfall")),
                name="transfer_line_receives_no_more_than_sent",
            ),
        ]
        indexes = [models.Index(fields=["product"], name="transfer_line_product")]

    def __str__(self) -> str:
        return f"{self.quantity} of {self.sku}"
