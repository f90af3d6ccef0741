"""Low-stock alerts: looked at, acknowledged, put aside."""

from datetime import timedelta

from django.contrib import admin
from django.db.models import Q, QuerySet
from django.http import HttpRequest
from django.utils import timezone
from django.utils.safestring import SafeString

from inventory.models import AlertState, StockAlert
from inventory.operations import alerts

from .base import ReadOnlyAdmin
from .deeds import actor_of
from .filters import ByAlertState, ByPlace
from .looks import day, figure, pill, product_link
from .search import product_ids

SNOOZE = timedelta(days=1)


@admin.register(StockAlert)
class StockAlertAdmin(ReadOnlyAdmin):
    list_display = (
        *("opened", "sku_link", "place", "severity_pill", "available_figure", "reorder_point", "suggested"),
        *("state_pill", "acknowledged_by"),
    )
    list_display_links = ("opened",)
    list_select_related = ("location",)
    list_filter = (ByAlertState, "severity", ByPlace)
    date_hierarchy = "opened_at"
    sortable_by = ()
    search_fields = ("sku",)
    search_help_text = "Start of a SKU, words of a product's name, or a whole barcode."
    actions = ("acknowledge", "snooze")
    verbs = ("acknowledge", "snooze")
    fields = (
        *("sku_link", "place", "severity_pill", "state_pill", "available", "reorder_point", "suggested_quantity"),
        *("opened_at", "resolved_at", "acknowledged_by", "snoozed_until"),
    )

    def get_search_results(
        self, request: HttpRequest, queryset: QuerySet[StockAlert], search_term: str
    ) -> tuple[QuerySet[StockAlert], bool]:
        if not search_term.strip():
            return queryset, False
        return queryset.filter(Q(product__in=product_ids(search_term)) | Q(sku__iexact=search_term.strip())), False

    def name_of(self, obj: StockAlert) -> str:
        return f"{obj.sku} at {obj.location}" if obj.location else obj.sku

    def verbs_of(self, request: HttpRequest, obj: StockAlert) -> tuple[str, ...]:
        done = {AlertState.RESOLVED: self.verbs, AlertState.ACKNOWLEDGED: ("acknowledge",)}
        return tuple(verb for verb in self.verbs if verb not in done.get(AlertState(obj.state), ()))

    def has_care_permission(self, request: HttpRequest) -> bool:
        return self.may(request, "change_stockalert")

    @admin.action(permissions=["care"], description="Acknowledge")
    def acknowledge(self, request: HttpRequest, queryset: QuerySet[StockAlert]) -> None:
        actor = actor_of(request)
        done = self.each(request, queryset, lambda alert: alerts.acknowledge(alert, actor=actor))
        self.report(request, done, "acknowledged")

    @admin.action(permissions=["care"], description="Snooze for a day")
    def snooze(self, request: HttpRequest, queryset: QuerySet[StockAlert]) -> None:
        actor, until = actor_of(request), timezone.now() + SNOOZE
        done = self.each(request, queryset, lambda alert: alerts.snooze(alert, until=until, actor=actor))
        self.report(request, done, f"put aside until {until:%Y-%m-%d %H:%M}")

    @admin.display(description="opened")
    def opened(self, row: StockAlert) -> str:
        return day(row.opened_at)

    @admin.display(description="SKU")
    def sku_link(self, row: StockAlert) -> SafeString:
        return product_link(row.product_id, row.sku)

    @admin.display(description="severity")
    def severity_pill(self, row: StockAlert) -> SafeString:
        return pill(row.severity)

    @admin.display(description="state")
    def state_pill(self, row: StockAlert) -> SafeString:
        return pill(row.state)

    @admin.display(description="available")
    def available_figure(self, row: StockAlert) -> SafeString:
        return figure(row.available)

    @admin.display(description="order")
    def suggested(self, row: StockAlert) -> SafeString:
        return figure(row.suggested_quantity)

    @admin.display(description="location")
    def place(self, row: StockAlert) -> str:
        return row.location.code if row.location else "all"
