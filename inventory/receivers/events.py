"""The event log: what other systems follow, written in the transaction of what happened."""

from typing import Any

from django.db.models.signals import post_delete, post_save
from django.dispatch import receiver

from inventory.models import Category, Location, Product, Reservation, StockAlert, StockLevel, Transfer
from inventory.operations import happenings
from inventory.signals import (
    alert_opened,
    alert_resolved,
    reservation_changed,
    rows_changed,
    stock_changed,
    transfer_changed,
)

from .guards import required


@receiver(post_save, sender=Category, dispatch_uid="events.tell_saved_category")
@receiver(post_save, sender=Location, dispatch_uid="events.tell_saved_location")
@receiver(post_save, sender=Product, dispatch_uid="events.tell_saved_product")
@required(switch="INVENTORY_EVENTS_ENABLED", also_raw=True)
def tell_saved(sender: Any, instance: Any, created: bool, update_fields: Any = None, **kwargs: Any) -> None:
    """Tell that this row was created or updated."""
    instance.settle()
    happenings.rows(sender, [(None if created else instance.loaded, instance.written(update_fields))])


@receiver(post_delete, sender=Category, dispatch_uid="events.tell_deleted_category")
@receiver(post_delete, sender=Location, dispatch_uid="events.tell_deleted_location")
@receiver(post_delete, sender=Product, dispatch_uid="events.tell_deleted_product")
@required(switch="INVENTORY_EVENTS_ENABLED")
def tell_deleted(sender: Any, instance: Any, **kwargs: Any) -> None:
    """Tell that this row is gone."""
    happenings.rows(sender, [(instance.loaded, None)])


@receiver(rows_changed, sender=Category, dispatch_uid="events.tell_categories")
@receiver(rows_changed, sender=Location, dispatch_uid="events.tell_locations")
@receiver(rows_changed, sender=Product, dispatch_uid="events.tell_products")
@required(switch="INVENTORY_EVENTS_ENABLED")
def tell_many(sender: Any, changes: list[Any], **kwargs: Any) -> None:
    """Tell of every row of a bulk write."""
    happenings.rows(sender, [(change.before, change.after) for change in changes])


@receiver(stock_changed, sender=StockLevel, dispatch_uid="events.tell_stock")
@required(switch="INVENTORY_EVENTS_ENABLED")
def tell_stock(sender: Any, changes: list[Any], **kwargs: Any) -> None:
    """Tell whose stock moved, and to what."""
    happenings.stock(changes)


@receiver(alert_opened, sender=StockAlert, dispatch_uid="events.tell_opened")
@required(switch="INVENTORY_EVENTS_ENABLED")
def tell_opened(sender: Any, alerts: list[Any], **kwargs: Any) -> None:
    """Tell that an alert was opened."""
    happenings.alerts("alert.opened", alerts)


@receiver(alert_resolved, sender=StockAlert, dispatch_uid="events.tell_resolved")
@required(switch="INVENTORY_EVENTS_ENABLED")
def tell_resolved(sender: Any, alerts: list[Any], **kwargs: Any) -> None:
    """Tell that an alert was resolved."""
    happenings.alerts("alert.resolved", alerts)


@receiver(reservation_changed, sender=Reservation, dispatch_uid="events.tell_reservation")
@required(switch="INVENTORY_EVENTS_ENABLED")
def tell_reservation(sender: Any, reservation: Reservation, change: str, **kwargs: Any) -> None:
    """Tell what became of a reservation."""
    happenings.reservation(reservation, change)


@receiver(transfer_changed, sender=Transfer, dispatch_uid="events.tell_transfer")
@required(switch="INVENTORY_EVENTS_ENABLED")
def tell_transfer(sender: Any, transfer: Transfer, change: str, **kwargs: Any) -> None:
    """Tell what became of a transfer."""
    happenings.transfer(transfer, change)
