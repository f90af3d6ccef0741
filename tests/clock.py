"""Time for tests: the database's clock decides expiry and cannot be set, so the ends of holds move instead."""

from datetime import timedelta

from django.db.models import F

from inventory.models import Reservation, ReservationLine


def pass_time(seconds: float) -> None:
    """Let `seconds` pass for every hold."""
    earlier = F("expires_at") - timedelta(seconds=seconds)
    Reservation.objects.filter(expires_at__isnull=False).update(expires_at=earlier)
    ReservationLine.objects.filter(expires_at__isnull=False).update(expires_at=earlier)
