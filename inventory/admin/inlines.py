"""Lines that are shown with what they belong to."""

from typing import Any

from django.contrib import admin
from django.db.models import Model, QuerySet
from django.http import HttpRequest
from django.utils.safestring import SafeString

from inventory.models import OperatorProfile, ReservationLine, TransferLine

from .looks import product_link

#: Models that have no page of their own, because their owner shows them.
SHOWN_INLINE = {"TransferLine", "OperatorProfile", "ReservationLine"}


class LinesInline(admin.TabularInline):
    """Whoever may look at the owner may look at its lines."""

    extra = 0
    can_delete = False

    def has_view_permission(self, request: HttpRequest, obj: Model | None = None) -> bool:
        return True

    def has_change_permission(self, request: HttpRequest, obj: Model | None = None) -> bool:
        return False

    def has_add_permission(self, request: HttpRequest, obj: Model | None = None) -> bool:
        return False

    @admin.display(description="SKU")
    def sku_link(self, line: Any) -> SafeString:
        return product_link(line.product_id, line.sku)


class TransferLineInline(LinesInline):
    """Typed on the page that makes the transfer, looked at ever after."""

    model = TransferLine
    autocomplete_fields = ("product",)
    extra = 3

    def get_fields(self, request: HttpRequest, obj: Model | None = None) -> Any:
        return ("product", "quantity") if obj is None else ("sku_link", "quantity", "received", "shortfall")

    def get_readonly_fields(self, request: HttpRequest, obj: Model | None = None) -> Any:
        return () if obj is None else ("sku_link", "quantity", "received", "shortfall")

    def has_add_permission(self, request: HttpRequest, obj: Model | None = None) -> bool:
        return obj is None


class ReservationLineInline(LinesInline):
    model = ReservationLine
    fields = readonly_fields = ("sku_link", "location", "quantity", "fulfilled", "holding")

    def get_queryset(self, request: HttpRequest) -> QuerySet[Any]:
        return super().get_queryset(request).select_related("location")


class OperatorProfileInline(admin.StackedInline):
    model = OperatorProfile
    verbose_name_plural = "notifications"
    can_delete = False
    max_num = 1
    fields = ("notify_low_stock",)
