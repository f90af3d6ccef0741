"""Importing this module opens every page of the admin."""

from django.apps import apps
from django.contrib import admin

from . import (  # noqa: F401
    access,
    alerts,
    catalog,
    engine,
    history,
    movements,
    people,
    products,
    reservations,
    stock,
    transfers,
)
from .base import ReadOnlyAdmin
from .inlines import SHOWN_INLINE

for model in apps.get_app_config("inventory").get_models():
    if not admin.site.is_registered(model) and model.__name__ not in SHOWN_INLINE:
        # A noun that has no page of its own yet can at least be looked at.
        admin.site.register(model, ReadOnlyAdmin)
