"""Products: the catalogue's pages about one thing that is sold."""

from typing import Any

from django.contrib import admin, messages
from django.core.exceptions import ValidationError
from django.db.models import QuerySet
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.utils.html import format_html
from django.utils.safestring import SafeString

from inventory.context import Actor
from inventory.models import Product, Status
from inventory.operations import catalog

from . import boards
from .adjust import adjust_url
from .doors import OperationsAdmin
from .filters import ByShelf, ByState
from .forms import STAMPS, VersionedForm
from .looks import figure, list_of, pill
from .present import with_lapsed_products
from .search import products_matching


class ProductForm(VersionedForm):
    def clean_sku(self) -> str:
        sku: str = self.cleaned_data["sku"]
        twin = Product.objects.by_sku(sku).exclude(pk=self.instance.pk).order_by().first()
        if twin is not None:
            raise ValidationError(f"“{twin.sku}” has this SKU already; upper and lower case count as the same.")
        return sku

    def clean_options(self) -> dict[str, Any]:
        return self._object("options")

    def clean_attributes(self) -> dict[str, Any]:
        return self._object("attributes")

    def _object(self, name: str) -> dict[str, Any]:
        value = self.cleaned_data[name]
        if value in (None, ""):
            return {}
        if not isinstance(value, dict):
            raise ValidationError('Write a JSON object, such as {"size": "L"}.')
        return value


@admin.register(Product)
class ProductAdmin(OperationsAdmin):
    form = ProductForm
    told = "product"
    board_template = "admin/inventory/product_board.html"
    list_display = ("sku", "name", "stock_state", "available", "on_hand", "priced", "category")
    list_display_links = ("sku", "name")
    list_select_related = ("category", "stock")
    list_filter = (ByState, "status", ByShelf)
    search_fields = ("sku", "name", "barcode")
    search_help_text = "Start of a SKU, words of the name or description, or a whole barcode."
    autocomplete_fields = ("category", "variant_of")
    sortable_by = ("sku", "name", "priced", "available")
    readonly_fields = STAMPS
    actions = ("delete_selected", "adjust_stock")
    fieldsets = (
        (None, {"fields": (("sku", "status"), "name", "category", ("price", "currency"), "barcode", "description")}),
        (
            "Stock policy",
            {
                "fields": ("track_stock", ("reorder_point", "reorder_quantity"), "backorder_limit"),
                "description": "Empty: as the category says. How many there are moves through adjustments, never here.",
            },
        ),
        ("Variants and attributes", {"fields": ("variant_of", "options", "attributes"), "classes": ("collapse",)}),
        ("Bookkeeping", {"fields": STAMPS, "classes": ("collapse",)}),
    )

    def get_queryset(self, request: HttpRequest) -> QuerySet[Product]:
        # The text-search vector is as long as the description and of no use to people.
        return with_lapsed_products(super().get_queryset(request).defer("search"))

    def get_search_results(self, request: HttpRequest, queryset: Any, search_term: str) -> tuple[Any, bool]:
        return (products_matching(queryset, search_term) if search_term.strip() else queryset), False

    def create(self, *, actor: Actor, **values: Any) -> Product:
        return catalog.create_product(actor=actor, **values)

    def change(self, row: Product, *, actor: Actor, expected_version: int | None, **values: Any) -> Product:
        return catalog.update_product(row, actor=actor, expected_version=expected_version, **values)

    def destroy(self, row: Product, *, actor: Actor, expected_version: int | None) -> None:
        catalog.delete_product(row, actor=actor, expected_version=expected_version)

    def board_of(self, request: HttpRequest, obj: Any) -> dict[str, Any]:
        return boards.product(obj, obj.lapsed) if request.user.has_perm("inventory.view_stocklevel") else {}

    def tools_of(self, request: HttpRequest, obj: Product) -> list[tuple[str, str]]:
        tools = [("Movements", list_of("stockmovement", product__id__exact=obj.pk)), *super().tools_of(request, obj)]
        if request.user.has_perm("inventory.change_stocklevel"):
            tools.insert(0, ("Adjust stock", adjust_url(product=[obj.pk])))
        return tools

    def _get_obj_does_not_exist_redirect(self, request: HttpRequest, opts: Any, object_id: str) -> HttpResponse:
        """The ledger and the alerts still point at deleted products: their history is what is left."""
        self.message_user(request, "This product is not there (any more). This is its history.", messages.WARNING)
        return HttpResponseRedirect(self._history_url(object_id))

    @admin.action(permissions=["adjust"], description="Adjust stock of selected products…")
    def adjust_stock(self, request: HttpRequest, queryset: QuerySet[Product]) -> HttpResponse:
        return HttpResponseRedirect(adjust_url(product=queryset.order_by().values_list("pk", flat=True)[:50]))

    def has_adjust_permission(self, request: HttpRequest) -> bool:
        return request.user.has_perm("inventory.change_stocklevel")

    @admin.display(description="price", ordering="price")
    def priced(self, row: Product) -> SafeString:
        return format_html('<span class="figure">{} {}</span>', row.price, row.currency)

    @admin.display(description="on hand")
    def on_hand(self, row: Product) -> SafeString:
        return figure(row.stock.on_hand)

    @admin.display(description="available", ordering="stock__available")
    def available(self, row: Product) -> SafeString:
        return figure(row.stock.available + row.lapsed)  # type: ignore[attr-defined]

    @admin.display(description="stock")
    def stock_state(self, row: Product) -> SafeString:
        now = row.stock.state_of(row.stock.available + row.lapsed)  # type: ignore[attr-defined]
        state = pill(now if row.track_stock else "not tracked")
        return state if row.status == Status.ACTIVE else format_html("{} {}", state, pill(row.status))
