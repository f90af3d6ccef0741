"""Cache invalidation, inside the transaction: the protocol is in `inventory.caching`.

A promise rests on these: no read that starts after an answered write shows the older value. While their switch is off
they ring all the same: `caching.declare` then takes trust away from Redis, so that nothing outlives the switch.
"""

from typing import Any

from django.db.models.signals import post_delete, post_save
from django.dispatch import receiver

from inventory import caching
from inventory.models import Category, Product, ProductStock, StockLevel
from inventory.operations import invalidation
from inventory.signals import policy_changed, rows_changed, stock_changed

from .guards import required


@receiver(post_save, sender=Product, dispatch_uid="caching.drop_saved_product")
@required(switch=caching.SWITCH, also_raw=True, always=True)
def drop_saved_product(sender: Any, instance: Product, using: str, update_fields: Any = None, **kwargs: Any) -> None:
    """Drop the product, and the listings that it is in, was in, or moves within."""
    instance.settle()
    invalidation.drop_products([(instance.loaded or None, instance.written(update_fields))], using)


@receiver(post_delete, sender=Product, dispatch_uid="caching.drop_deleted_product")
@required(switch=caching.SWITCH, always=True)
def drop_deleted_product(sender: Any, instance: Product, using: str, **kwargs: Any) -> None:
    """Drop the product, and the listings that it was in."""
    invalidation.drop_products([(instance.loaded, None)], using)


@receiver(post_save, sender=Category, dispatch_uid="caching.drop_saved_category")
@required(switch=caching.SWITCH, also_raw=True, always=True)
def drop_saved_category(sender: Any, instance: Category, using: str, update_fields: Any = None, **kwargs: Any) -> None:
    """Drop the listings of this category and of everything above it, before and after a move."""
    invalidation.drop_categories([(instance.loaded or None, instance.written(update_fields))], using)


@receiver(post_delete, sender=Category, dispatch_uid="caching.drop_deleted_category")
@required(switch=caching.SWITCH, always=True)
def drop_deleted_category(sender: Any, instance: Category, using: str, **kwargs: Any) -> None:
    """Drop the listings of this category and of everything above it."""
    invalidation.drop_categories([(instance.loaded, None)], using)


@receiver(rows_changed, sender=Product, dispatch_uid="caching.drop_products")
@required(switch=caching.SWITCH, always=True)
def drop_products(sender: Any, changes: list[Any], using: str, **kwargs: Any) -> None:
    """Drop the products of a bulk write, and their listings."""
    invalidation.drop_products([(change.before, change.after) for change in changes], using)


@receiver(rows_changed, sender=Category, dispatch_uid="caching.drop_categories")
@required(switch=caching.SWITCH, always=True)
def drop_categories(sender: Any, changes: list[Any], using: str, **kwargs: Any) -> None:
    """Drop the listings of the categories of a bulk write."""
    invalidation.drop_categories([(change.before, change.after) for change in changes], using)


@receiver(stock_changed, sender=StockLevel, dispatch_uid="caching.drop_moved")
@receiver(policy_changed, sender=ProductStock, dispatch_uid="caching.drop_repoliced")
@required(switch=caching.SWITCH, always=True)
def drop_stock(sender: Any, changes: list[Any], using: str, **kwargs: Any) -> None:
    """Drop the products whose stock moved; no listing changes its members or their order by that."""
    invalidation.drop_stock([change.product for change in changes], using)
