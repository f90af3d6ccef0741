"""Notifications: asked for in the transaction, sent by the worker after it."""

from collections.abc import Sequence
from typing import Any
from uuid import UUID

from django.core.mail import EmailMessage
from procrastinate.contrib.django import app

from inventory import conf
from inventory.models import OperatorProfile, StockAlert

MAIL_TASK = "inventory.tasks.mail_alert"


def request_mail(alerts: Sequence[StockAlert]) -> None:
    """Queue one message per alert, as jobs of this transaction: rolled back with it, never lost after it."""
    if recipients():
        jobs: list[dict[str, Any]] = [{"alert": str(alert.pk)} for alert in alerts]
        app.configure_task(MAIL_TASK).batch_defer(*jobs)


def send_mail(alert_id: UUID) -> bool:
    """Tell everybody who asked for it that stock is low. Returns whether there was still something to tell."""
    alert = StockAlert.objects.filter(pk=alert_id, resolved_at=None).select_related("location").first()
    people = recipients()
    if alert is None or not people:
        return False
    where = f" at {alert.location.code}" if alert.location else ""
    EmailMessage(
        subject=f"Low stock: {alert.sku}{where} ({alert.available} available)",
        body=(
            f"{alert.sku}{where} has fallen below its reorder point.\n\n"
            f"Available: {alert.available}\nReorder point: {alert.reorder_point}\n"
            f"Suggested order: {alert.suggested_quantity}\nSince: {alert.opened_at:%Y-%m-%d %H:%M} UTC\n"
        ),
        bcc=people,
    ).send()
    return True


def recipients() -> list[str]:
    """The addresses of the setting, and of every active user whose profile asks for alerts."""
    profiles = OperatorProfile.objects.filter(notify_low_stock=True, user__is_active=True).exclude(user__email="")
    return sorted({*conf.alert_recipients(), *profiles.values_list("user__email", flat=True)})
