"""The archive: what is deleted is kept."""

from typing import Any

from django.db.models.signals import pre_delete
from django.dispatch import receiver

from inventory.models import Category, Location, Product
from inventory.operations import history

from .guards import required


@receiver(pre_delete, sender=Category, dispatch_uid="archive.keep_category")
@receiver(pre_delete, sender=Location, dispatch_uid="archive.keep_location")
@receiver(pre_delete, sender=Product, dispatch_uid="archive.keep_product")
@required(switch="INVENTORY_ARCHIVE_ENABLED")
def keep(sender: Any, instance: Any, **kwargs: Any) -> None:
    """Keep a snapshot of the row, from which it can be restored."""
    history.archive(instance)
