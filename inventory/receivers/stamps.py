"""Last-modified stamps on everything that has a version."""

from typing import Any

from django.db.models.signals import pre_save
from django.dispatch import receiver
from django.utils import timezone

from inventory.context import current_actor
from inventory.models import Category, Location, Product

from .guards import required


@receiver(pre_save, sender=Category, dispatch_uid="stamps.stamp_category")
@receiver(pre_save, sender=Location, dispatch_uid="stamps.stamp_location")
@receiver(pre_save, sender=Product, dispatch_uid="stamps.stamp_product")
@required(switch="INVENTORY_STAMPS_ENABLED")
def stamp(sender: Any, instance: Any, **kwargs: Any) -> None:
    """Note who changes this row, and when."""
    instance.updated_at = timezone.now()
    instance.last_modified_by = str(current_actor())
