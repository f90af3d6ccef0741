"""Time for tests: the database's clock decides expiry and cannot be set, so the ends of holds move instead."""

from datetime import timedelta

from django.db import transaction
from django.db.models import F

from inventory import caching
from inventory.caching import keys
from inventory.models import Reservation, ReservationLine


def pass_time(seconds: float) -> None:
    """Let `seconds` pass for every hold."""
    earlier = F("expires_at") - timedelta(seconds=seconds)
    with transaction.atomic():
        Reservation.objects.filter(expires_at__isnull=False).update(expires_at=earlier)
        lines = ReservationLine.objects.filter(expires_at__isnull=False)
        caching.declare([keys.product(product) for product in lines.values_list("product", flat=True)])
        lines.update(expires_at=earlier)
