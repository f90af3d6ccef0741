"""Categories and locations."""

from typing import Any

from django.contrib import admin
from django.http import HttpRequest
from django.utils.safestring import SafeString

from inventory.context import Actor
from inventory.models import Category, Location
from inventory.operations import catalog, locations

from .doors import OperationsAdmin
from .forms import STAMPS, VersionedForm
from .looks import day, link, list_of


@admin.register(Category)
class CategoryAdmin(OperationsAdmin):
    told = "category"
    list_display = ("name", "parent", "reorder_point", "safety_stock", "products", "changed")
    list_select_related = ("parent",)
    search_fields = ("name",)
    autocomplete_fields = ("parent",)
    readonly_fields = STAMPS
    fieldsets = (
        (None, {"fields": ("name", "parent", "description")}),
        (
            "Stock policy",
            {
                "fields": (("reorder_point", "safety_stock"),),
                "description": "Counts for every product below that has none of its own. Empty: as the parent says.",
            },
        ),
        ("Bookkeeping", {"fields": STAMPS, "classes": ("collapse",)}),
    )

    def create(self, *, actor: Actor, **values: Any) -> Category:
        return catalog.create_category(actor=actor, **values)

    def change(self, row: Category, *, actor: Actor, expected_version: int | None, **values: Any) -> Category:
        return catalog.update_category(row, actor=actor, expected_version=expected_version, **values)

    def destroy(self, row: Category, *, actor: Actor, expected_version: int | None) -> None:
        catalog.delete_category(row, actor=actor, expected_version=expected_version)

    def tools_of(self, request: HttpRequest, obj: Category) -> list[tuple[str, str]]:
        return [("Products", list_of("product", within=obj.pk)), *super().tools_of(request, obj)]

    @admin.display(description="products")
    def products(self, row: Category) -> SafeString:
        return link(list_of("product", within=row.pk), "show")

    @admin.display(description="changed", ordering="updated_at")
    def changed(self, row: Category) -> str:
        return day(row.updated_at)


class LocationForm(VersionedForm):
    def _get_validation_exclusions(self) -> set[str]:
        # There is one default location, but the operation makes the former one step down: not for the form to refuse.
        return {*super()._get_validation_exclusions(), "is_default"}  # type: ignore[misc]


@admin.register(Location)
class LocationAdmin(OperationsAdmin):
    form = LocationForm
    told = "location"
    list_display = ("code", "name", "priority", "is_active", "is_default", "levels", "changed")
    list_filter = ("is_active",)
    search_fields = ("code", "name")
    readonly_fields = STAMPS[1:]
    fieldsets = (
        (None, {"fields": ("code", "name", "address", "priority", ("is_active", "is_default"))}),
        ("Bookkeeping", {"fields": STAMPS[1:], "classes": ("collapse",)}),
    )

    def create(self, *, actor: Actor, **values: Any) -> Location:
        return locations.create_location(actor=actor, **values)

    def change(self, row: Location, *, actor: Actor, expected_version: int | None, **values: Any) -> Location:
        return locations.update_location(row, actor=actor, expected_version=expected_version, **values)

    def destroy(self, row: Location, *, actor: Actor, expected_version: int | None) -> None:
        locations.delete_location(row, actor=actor, expected_version=expected_version)

    @admin.display(description="stock")
    def levels(self, row: Location) -> SafeString:
        return link(list_of("stocklevel", place=row.pk), "show")

    @admin.display(description="changed", ordering="updated_at")
    def changed(self, row: Location) -> str:
        return day(row.updated_at)
