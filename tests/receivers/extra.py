"""A deployment's own doorbells, as `INVENTORY_EXTRA_RECEIVERS` names them."""

from typing import Any

from django.db.models.signals import post_save
from django.dispatch import receiver

from inventory.models import Product
from inventory.receivers.guards import guarded
from inventory.signals import alert_opened

heard: list[tuple[str, str]] = []


@receiver(post_save, sender=Product, dispatch_uid="extra.note_product")
@guarded(switch="INVENTORY_EXTRA_TEST_ENABLED")
def note_product(sender: Any, instance: Product, created: bool, **kwargs: Any) -> None:
    """Note every saved product."""
    heard.append(("created" if created else "updated", instance.sku))


@receiver(alert_opened, dispatch_uid="extra.note_alert")
@guarded(switch="INVENTORY_EXTRA_TEST_ENABLED")
def note_alert(sender: Any, alerts: list[Any], **kwargs: Any) -> None:
    """Note every alert."""
    heard.extend(("alert", alert.sku) for alert in alerts)


def disconnect() -> None:
    post_save.disconnect(sender=Product, dispatch_uid="extra.note_product")
    alert_opened.disconnect(dispatch_uid="extra.note_alert")
