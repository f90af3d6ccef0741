"""Stock levels and totals."""

from typing import Any, ClassVar

from django.contrib import admin
from django.db.models import Model, QuerySet
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.urls import path
from django.utils.safestring import SafeString

from inventory.models import ProductStock, StockLevel
from inventory.operations import stock

from .adjust import adjust_url, adjust_view
from .deeds import actor_of
from .doors import RefusableAdmin
from .drifts import ReconcilingAdmin
from .filters import ByLevelState, ByPlace, ByTotalState
from .forms import VersionedForm, values_of
from .looks import DASH, figure, list_of, pill, product_link, set_aside
from .present import settle, with_lapsed_levels, with_lapsed_products
from .search import product_ids

COUNTED = ("on_hand", "unavailable", "allocated", "reserved", "safety_stock_in_force", "available", "incoming")


class OfProduct(RefusableAdmin):
    """Rows that belong to a product: searched by it."""

    search_fields = ("product__sku",)
    search_help_text = "Start of a SKU, words of a product's name, or a whole barcode."
    list_select_related: ClassVar[tuple[str, ...]] = ("product", "location")

    def get_search_results(self, request: HttpRequest, queryset: Any, search_term: str) -> tuple[Any, bool]:
        found = queryset.filter(product__in=product_ids(search_term)) if search_term.strip() else queryset
        return found, False

    def get_object(self, request: HttpRequest, object_id: str, from_field: str | None = None) -> Any:
        row = super().get_object(request, object_id, from_field)
        return row and settle(row)

    def has_add_permission(self, request: HttpRequest) -> bool:
        return False

    def has_delete_permission(self, request: HttpRequest, obj: Model | None = None) -> bool:
        return False

    @admin.display(description="SKU", ordering="product__sku")
    def sku(self, row: Any) -> SafeString:
        return product_link(row.product_id, row.product.sku)

    @admin.display(description="product")
    def name(self, row: Any) -> str:
        return str(row.product.name)

    @admin.display(description="on hand", ordering="on_hand")
    def on_hand_figure(self, row: Any) -> SafeString:
        return figure(row.on_hand)

    @admin.display(description="available", ordering="available")
    def available_figure(self, row: Any) -> SafeString:
        return figure(settle(row).available)

    @admin.display(description="incoming")
    def incoming_figure(self, row: Any) -> SafeString | str:
        return figure(row.incoming) if row.incoming else DASH

    @admin.display(description="set aside")
    def aside(self, row: Any) -> str:
        return set_aside(settle(row))

    @admin.display(description="state")
    def state_pill(self, row: Any) -> SafeString:
        return pill(settle(row).state)


@admin.register(StockLevel)
class StockLevelAdmin(OfProduct):
    form = VersionedForm
    list_display = (
        *("level", "name", "location", "on_hand_figure", "aside", "available_figure", "state_pill"),
        *("incoming_figure", "reorder_point"),
    )
    list_filter = (ByLevelState, ByPlace)
    sortable_by = ("on_hand_figure", "available_figure")
    ordering = ("-id",)
    actions = ("adjust_stock",)
    fields = (
        ("sku", "location"),
        ("on_hand", "unavailable", "allocated", "reserved"),
        ("safety_stock_in_force", "available", "incoming"),
        ("reorder_point", "safety_stock", "backorder_limit"),
        ("sequence", "version", "updated_at"),
    )
    readonly_fields = ("sku", "location", *COUNTED, "sequence", "version", "updated_at")

    def get_queryset(self, request: HttpRequest) -> QuerySet[StockLevel]:
        rows: QuerySet[StockLevel] = with_lapsed_levels(super().get_queryset(request))
        return rows

    def get_urls(self) -> list[Any]:
        view = self.admin_site.admin_view(lambda request: adjust_view(self, request))
        return [path("adjust/", view, name="inventory_stocklevel_adjust"), *super().get_urls()]

    def save_model(self, request: HttpRequest, obj: Any, form: Any, change: bool) -> None:
        seen = form.cleaned_data["seen_version"]
        stock.set_policies(obj, actor=actor_of(request), expected_version=seen, **values_of(form))

    def name_of(self, obj: StockLevel) -> str:
        return f"{obj.product} at {obj.location}"

    def tools_of(self, request: HttpRequest, obj: StockLevel) -> list[tuple[str, str]]:
        ledger = list_of("stockmovement", product__id__exact=obj.product_id, place=obj.location_id)
        tools = [("Movements", ledger)]
        if self.has_change_permission(request):
            tools.insert(0, ("Adjust stock", adjust_url(level=[obj.pk])))
        return tools

    @admin.action(permissions=["change"], description="Adjust stock of selected levels…")
    def adjust_stock(self, request: HttpRequest, queryset: QuerySet[StockLevel]) -> HttpResponse:
        return HttpResponseRedirect(adjust_url(level=queryset.order_by().values_list("pk", flat=True)[:50]))

    @admin.display(description="SKU")
    def level(self, row: StockLevel) -> str:
        return row.product.sku


@admin.register(ProductStock)
class ProductStockAdmin(ReconcilingAdmin, OfProduct):
    list_display = (
        *("sku", "name", "on_hand_figure", "aside", "available_figure", "state_pill"),
        *("incoming_figure", "reorder_point_in_force"),
    )
    list_display_links = None
    list_select_related = ("product",)
    list_filter = (ByTotalState,)
    sortable_by = ("available_figure",)
    ordering = ("available", "product")
    fields = (
        "sku",
        "name",
        "state_pill",
        *COUNTED,
        "tracked",
        "reorder_point_in_force",
        "level_safety_stock",
        "updated_at",
    )
    readonly_fields = ("sku", "name", "state_pill")

    def get_queryset(self, request: HttpRequest) -> QuerySet[ProductStock]:
        rows: QuerySet[ProductStock] = with_lapsed_products(super().get_queryset(request), "product")
        return rows

    @admin.display(description="state")
    def state_pill(self, row: ProductStock) -> SafeString:
        return pill(row.state_of(settle(row).available))

    def name_of(self, obj: ProductStock) -> str:
        return str(obj.product)
