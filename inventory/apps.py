"""Start-up of the domain: connect the receivers and the checks. Never a query."""

from importlib import import_module
from typing import Any

from django.apps import AppConfig
from django.db.models.signals import post_migrate


class InventoryConfig(AppConfig):
    name = "inventory"
    default_auto_field = "django.db.models.BigAutoField"

    def ready(self) -> None:
        from inventory import conf

        import_module("inventory.checks")
        import_module("inventory.receivers.wiring")
        for path in conf.extra_receivers():
            import_module(path)
        post_migrate.connect(follow_cache_guard, sender=self, dispatch_uid="caching.follow_guard")
        post_migrate.connect(ensure_default_location, sender=self, dispatch_uid="locations.ensure_default")


def follow_cache_guard(sender: Any, using: str = "default", **kwargs: Any) -> None:
    """The guard triggers are on or off as INVENTORY_CACHE_GUARD_ENABLED says."""
    from inventory.caching import guard

    guard.follow_setting(using)


def ensure_default_location(sender: Any, using: str = "default", **kwargs: Any) -> None:
    """After `migrate` there is a place to put goods."""
    from inventory.context import SYSTEM
    from inventory.operations import locations

    if using == "default":
        locations.ensure_default(actor=SYSTEM)
