"""The ledger: read by everybody, written by nobody here."""

from typing import Any
from uuid import UUID

from django.contrib import admin
from django.db.models import Q
from django.http import HttpRequest
from django.utils.safestring import SafeString

from inventory.models import StockMovement

from .base import ReadOnlyAdmin
from .filters import ByPlace, Since
from .looks import DASH, day, deltas, figure, link, list_of, pill, product_link, signed
from .search import as_uuid, product_ids


@admin.register(StockMovement)
class StockMovementAdmin(ReadOnlyAdmin):
    list_display = (
        *("occurred", "sku_link", "place", "deed", "change", "others", "left"),
        *("reference", "actor"),
    )
    list_display_links = ("occurred",)
    list_filter = (Since, ("kind", admin.ChoicesFieldListFilter), ByPlace)
    sortable_by = ()
    ordering = ("-id",)
    search_fields = ("sku", "reference")
    search_help_text = "Start of a SKU (also of deleted products), or a whole reference or booking id."
    fields = (
        *("sku_link", "location_code", "sequence", "kind", "reason", "change", "others"),
        *("balance_on_hand", "balance_unavailable", "balance_allocated", "balance_reserved", "balance_available"),
        *("reference", "note", "source_link", "actor", "request_id", "occurred_at", "recorded_at"),
    )

    def get_search_results(self, request: HttpRequest, queryset: Any, search_term: str) -> tuple[Any, bool]:
        text = search_term.strip()
        if not text:
            return queryset, False
        found = Q(product__in=product_ids(text)) | Q(reference=text)
        booking: UUID | None = as_uuid(text)
        if booking:
            found |= Q(source=booking)
        return queryset.filter(found), False

    @admin.display(description="occurred")
    def occurred(self, row: StockMovement) -> str:
        return day(row.occurred_at)

    @admin.display(description="SKU")
    def sku_link(self, row: StockMovement) -> SafeString:
        return product_link(row.product_id, row.sku)

    @admin.display(description="location")
    def place(self, row: StockMovement) -> str:
        return row.location_code

    @admin.display(description="deed")
    def deed(self, row: StockMovement) -> SafeString:
        return pill(row.reason or row.kind)

    @admin.display(description="left")
    def left(self, row: StockMovement) -> SafeString:
        return figure(row.balance_on_hand)

    @admin.display(description="on hand")
    def change(self, row: StockMovement) -> SafeString | str:
        return signed(row.delta_on_hand)

    @admin.display(description="others")
    def others(self, row: StockMovement) -> str:
        return deltas(row)

    @admin.display(description="booking")
    def source_link(self, row: StockMovement) -> SafeString | str:
        return link(list_of("stockmovement", source__exact=row.source), row.source) if row.source else DASH
