"""Start-up of the domain: connect the receivers and the checks. Never a query."""

from importlib import import_module

from django.apps import AppConfig


class InventoryConfig(AppConfig):
    name = "inventory"
    default_auto_field = "django.db.models.BigAutoField"

    def ready(self) -> None:
        from inventory import conf

        import_module("inventory.receivers.wiring")
        for path in conf.extra_receivers():
            import_module(path)

