"""Policies in force follow the product, its category and the tree."""

from typing import Any

from django.db.models.signals import post_save
from django.dispatch import receiver

from inventory.models import Category, Product
from inventory.operations import policies
from inventory.signals import rows_changed

from .guards import required


@receiver(post_save, sender=Product, dispatch_uid="policies.apply_to_product")
@required(switch="INVENTORY_POLICIES_ENABLED", also_raw=True)
def apply_to_product(sender: Any, instance: Product, update_fields: Any = None, **kwargs: Any) -> None:
    """Recompute the reorder point, safety stock and backorder limit in force for this product."""
    instance.settle()
    policies.follow_products([(instance.loaded or None, instance.written(update_fields))])


@receiver(rows_changed, sender=Product, dispatch_uid="policies.apply_to_products")
@required(switch="INVENTORY_POLICIES_ENABLED")
def apply_to_products(sender: Any, changes: list[Any], **kwargs: Any) -> None:
    """Recompute them for the products of a bulk write."""
    policies.follow_products([(change.before, change.after) for change in changes])


@receiver(post_save, sender=Category, dispatch_uid="policies.apply_to_category")
@required(switch="INVENTORY_POLICIES_ENABLED", also_raw=True)
def apply_to_category(sender: Any, instance: Category, update_fields: Any = None, **kwargs: Any) -> None:
    """Recompute them for every product in this category and below."""
    instance.settle()
    policies.follow_categories([(instance.loaded or None, instance.written(update_fields))])


@receiver(rows_changed, sender=Category, dispatch_uid="policies.apply_to_categories")
@required(switch="INVENTORY_POLICIES_ENABLED")
def apply_to_categories(sender: Any, changes: list[Any], **kwargs: Any) -> None:
    """Recompute them for every product below the categories of a bulk write."""
    policies.follow_categories([(change.before, change.after) for change in changes])
