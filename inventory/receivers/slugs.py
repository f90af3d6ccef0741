"""Slugs for whatever has a name and an address."""

from typing import Any

from django.db.models.signals import pre_save
from django.dispatch import receiver

from inventory.models import Category, Product
from inventory.operations import slugs
from inventory.signals import rows_creating

from .guards import required


@receiver(pre_save, sender=Category, dispatch_uid="slugs.fill_in_category")
@receiver(pre_save, sender=Product, dispatch_uid="slugs.fill_in_product")
@required(switch="INVENTORY_SLUGS_ENABLED")
def fill_in(sender: Any, instance: Any, **kwargs: Any) -> None:
    """Give a new row its slug; an old one keeps it when its name changes."""
    slugs.fill_in([instance])


@receiver(rows_creating, sender=Category, dispatch_uid="slugs.fill_in_categories")
@receiver(rows_creating, sender=Product, dispatch_uid="slugs.fill_in_products")
@required(switch="INVENTORY_SLUGS_ENABLED")
def fill_in_many(sender: Any, instances: list[Any], **kwargs: Any) -> None:
    """Give the rows of a bulk create their slugs."""
    slugs.fill_in(instances)
