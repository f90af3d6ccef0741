"""Last-modified stamps on everything that has a version."""

from typing import Any

from django.db.models.signals import pre_save
from django.dispatch import receiver
from django.utils import timezone

from inventory.context import current_actor
from inventory.models import Category, Location, Product
from inventory.signals import rows_creating, rows_updating

from .guards import required


@receiver(pre_save, sender=Category, dispatch_uid="stamps.stamp_category")
@receiver(pre_save, sender=Location, dispatch_uid="stamps.stamp_location")
@receiver(pre_save, sender=Product, dispatch_uid="stamps.stamp_product")
@required(switch="INVENTORY_STAMPS_ENABLED")
def stamp(sender: Any, instance: Any, **kwargs: Any) -> None:
    """Note who changes this row, and when."""
    stamp_values(instance.__dict__)


@receiver(rows_creating, sender=Category, dispatch_uid="stamps.stamp_new_categories")
@receiver(rows_creating, sender=Location, dispatch_uid="stamps.stamp_new_locations")
@receiver(rows_creating, sender=Product, dispatch_uid="stamps.stamp_new_products")
@required(switch="INVENTORY_STAMPS_ENABLED")
def stamp_new(sender: Any, instances: list[Any], **kwargs: Any) -> None:
    """Note who creates the rows of a bulk create."""
    for instance in instances:
        stamp_values(instance.__dict__)


@receiver(rows_updating, sender=Category, dispatch_uid="stamps.stamp_updated_categories")
@receiver(rows_updating, sender=Location, dispatch_uid="stamps.stamp_updated_locations")
@receiver(rows_updating, sender=Product, dispatch_uid="stamps.stamp_updated_products")
@required(switch="INVENTORY_STAMPS_ENABLED")
def stamp_updated(sender: Any, values: dict[str, Any], **kwargs: Any) -> None:
    """Note who changes the rows of a `QuerySet.update`, and when."""
    stamp_values(values)


def stamp_values(values: dict[str, Any]) -> None:
    """Set the stamps among column values."""
    values |= {"updated_at": timezone.now(), "last_modified_by": str(current_actor())}
