"""The activity log: one row per change, in the transaction of the change."""

from typing import Any

from django.db.models.signals import post_delete, post_save
from django.dispatch import receiver

from inventory.models import ApiKey, Category, Location, Product
from inventory.operations import history
from inventory.signals import rows_changed

from .guards import required


@receiver(post_save, sender=Category, dispatch_uid="history.record_saved_category")
@receiver(post_save, sender=Location, dispatch_uid="history.record_saved_location")
@receiver(post_save, sender=Product, dispatch_uid="history.record_saved_product")
@required(switch="INVENTORY_ACTIVITY_LOG_ENABLED", also_raw=True)
def record_saved(sender: Any, instance: Any, created: bool, update_fields: Any = None, **kwargs: Any) -> None:
    """Record who created this row, or which fields changed from what to what."""
    instance.settle()
    before, after = None if created else instance.loaded, instance.written(update_fields)
    history.record("created" if created else "updated", instance, before, after)


@receiver(post_delete, sender=Category, dispatch_uid="history.record_deleted_category")
@receiver(post_delete, sender=Location, dispatch_uid="history.record_deleted_location")
@receiver(post_delete, sender=Product, dispatch_uid="history.record_deleted_product")
@required(switch="INVENTORY_ACTIVITY_LOG_ENABLED")
def record_deleted(sender: Any, instance: Any, **kwargs: Any) -> None:
    """Record who deleted this row, and what it was."""
    history.record("deleted", instance, instance.loaded, None)


@receiver(rows_changed, sender=ApiKey, dispatch_uid="history.record_keys")
@receiver(rows_changed, sender=Category, dispatch_uid="history.record_categories")
@receiver(rows_changed, sender=Location, dispatch_uid="history.record_locations")
@receiver(rows_changed, sender=Product, dispatch_uid="history.record_products")
@required(switch="INVENTORY_ACTIVITY_LOG_ENABLED")
def record_many(sender: Any, changes: list[Any], **kwargs: Any) -> None:
    """Record every row of a bulk write, and every change of an API key."""
    history.record_bulk(sender, changes)
