"""The event log: what happened, in an order that a reader can follow without missing anything.

`position` is given when the row is written: within one key it is the true order, for the writers of one product wait
for each other. Positions of different transactions may become visible out of turn, so nobody reads by them: `sequence`
is given afterwards, under a lock, to committed rows only, and has no holes.
"""

from django.core.serializers.json import DjangoJSONEncoder
from django.db import models
from django.db.models import Q
from django.utils import timezone
from uuid_utils.compat import uuid7


class Event(models.Model):
    """One thing that happened. `key` is what the order is kept for: a product's id, or the object's own."""

    position = models.BigAutoField(primary_key=True)
    id = models.UUIDField(default=uuid7, unique=True, editable=False)
    sequence = models.PositiveBigIntegerField(null=True, unique=True)
    type = models.CharField(max_length=64)
    key = models.CharField(max_length=64)
    data = models.JSONField(encoder=DjangoJSONEncoder)
    actor = models.CharField(max_length=255, blank=True, default="")
    request_id = models.CharField(max_length=128, blank=True, default="")
    occurred_at = models.DateTimeField(default=timezone.now)

    class Meta:
        ordering = ("position",)
        indexes = [
            models.Index(fields=["position"], name="event_unnumbered", condition=Q(sequence=None)),
            models.Index(fields=["key", "sequence"], name="event_key"),
        ]

    def __str__(self) -> str:
        return f"{self.type} {self.key}"
