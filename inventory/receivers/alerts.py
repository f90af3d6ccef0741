"""Low-stock alerts."""

from typing import Any

from django.db.models.signals import post_delete
from django.dispatch import receiver

from inventory.models import Product, ProductStock, StockLevel
from inventory.operations import alerts
from inventory.signals import policy_changed, stock_changed

from .guards import guarded


def catch_up(sender: Any, changes: list[Any], **kwargs: Any) -> None:
    """How a failed review is repeated: with a look at the present."""
    alerts.catch_up(changes)


@receiver(stock_changed, sender=StockLevel, dispatch_uid="alerts.review_stock")
@guarded(switch="INVENTORY_STOCK_ALERTS_ENABLED", replay=catch_up)
def review_stock(sender: Any, changes: list[Any], **kwargs: Any) -> None:
    """Open or resolve the alerts of everything whose stock crossed its reorder point."""
    alerts.review(changes)


@receiver(policy_changed, sender=ProductStock, dispatch_uid="alerts.review_policies")
@guarded(switch="INVENTORY_STOCK_ALERTS_ENABLED", replay=catch_up)
def review_policies(sender: Any, changes: list[Any], **kwargs: Any) -> None:
    """Open or resolve the alerts of everything whose reorder point crossed its stock."""
    alerts.review(changes)


@receiver(post_delete, sender=Product, dispatch_uid="alerts.resolve_deleted")
@guarded(switch="INVENTORY_STOCK_ALERTS_ENABLED")
def resolve_deleted(sender: Any, instance: Product, **kwargs: Any) -> None:
    """Resolve what was open for a product that is gone."""
    alerts.resolve_all_of(instance.pk)
