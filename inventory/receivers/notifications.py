"""Notifications: people hear of an alert, through the task queue."""

from typing import Any

from django.db import transaction
from django.dispatch import receiver

from inventory.metrics import alerts_opened
from inventory.models import StockAlert
from inventory.operations import notifications
from inventory.signals import alert_opened

from .guards import guarded


@receiver(alert_opened, sender=StockAlert, dispatch_uid="notifications.mail")
@guarded(switch="INVENTORY_NOTIFICATIONS_ENABLED")
def mail(sender: Any, alerts: list[StockAlert], **kwargs: Any) -> None:
    """Queue a mail to everybody who wants to know."""
    notifications.request_mail(alerts)


@receiver(alert_opened, sender=StockAlert, dispatch_uid="notifications.tally")
@guarded(switch="INVENTORY_NOTIFICATIONS_ENABLED")
def tally(sender: Any, alerts: list[StockAlert], **kwargs: Any) -> None:
    """Count the alert in the metrics."""
    for alert in alerts:
        # A transaction may be tried again, and requests that shared one that failed are served one by one.
        transaction.on_commit(alerts_opened.labels(alert.severity).inc)
