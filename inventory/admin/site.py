"""The site: its name, its order, and a dashboard instead of a list."""

from typing import Any

from django.contrib import admin
from django.http import HttpRequest
from django.template.response import TemplateResponse
from django.urls import reverse

#: Heading → models, in the order in which a day needs them. What nobody placed comes under the last heading.
GROUPS = (
    ("Catalogue", ("Product", "Category", "Location")),
    ("Stock", ("StockLevel", "ProductStock", "StockMovement", "Transfer", "Reservation")),
    ("Alerts and history", ("StockAlert", "Activity", "ArchivedObject")),
    ("Access", ("ApiKey",)),
    ("Engine room", ("Event", "ReceiverFailure", "IdempotencyRecord", "ProcrastinateJob")),
)


OURS = ("inventory", "procrastinate")


class StockroomSite(admin.AdminSite):
    site_header = "Stockroom"
    site_title = "Stockroom"
    index_title = "Dashboard"
    index_template = "admin/inventory/index.html"
    empty_value_display = "–"

    def index(self, request: HttpRequest, extra_context: dict[str, Any] | None = None) -> TemplateResponse:
        from .boards import index

        return super().index(request, {**index(request), **(extra_context or {})})

    def get_app_list(self, request: HttpRequest, app_label: str | None = None) -> list[Any]:
        """Django's list of apps, with ours taken apart into groups."""
        listed: list[Any] = super().get_app_list(request, app_label)
        if app_label is not None:
            return listed
        ours = [model for app in listed if app["app_label"] in OURS for model in app["models"]]
        return [*_groups(ours), *(app for app in listed if app["app_label"] not in OURS)]


def _groups(models: list[Any]) -> list[dict[str, Any]]:
    place = {model: (number, rank) for number, (_, names) in enumerate(GROUPS) for rank, model in enumerate(names)}
    last = (len(GROUPS) - 1, len(place))
    groups: dict[int, list[Any]] = {}
    for model in sorted(models, key=lambda model: place.get(model["object_name"], last)):
        groups.setdefault(place.get(model["object_name"], last)[0], []).append(model)
    url = reverse("admin:app_list", args=["inventory"])
    # The fragment tells the groups apart: by the bare URL each would take itself for the current one.
    return [
        {"name": GROUPS[number][0], "app_label": "inventory", "app_url": f"{url}#group-{number}", "models": members}
        for number, members in sorted(groups.items())
    ]
