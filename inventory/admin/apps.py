"""Start-up of the admin: our own site, and its pages once every model is loaded."""

from importlib import import_module

from django.contrib.admin.apps import AdminConfig


class StockroomAdminConfig(AdminConfig):
    default_site = "inventory.admin.site.StockroomSite"

    def ready(self) -> None:
        super().ready()
        # After Django's own discovery: some pages of other apps are replaced by ours.
        import_module("inventory.admin.registry")
