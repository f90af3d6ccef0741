"""The fields of the adjustment page."""

from collections.abc import Iterable
from typing import Any
from uuid import UUID

from django import forms

from inventory.models import INT_MAX, Location, Product, Reason, StockLevel

from .search import as_uuid

LINES_AT_MOST = 50
LOCATIONS_AT_MOST = 200

#: Product → its name, and location code → on_hand.
Stocks = dict[UUID, tuple[Product, dict[str, int]]]


class BookingForm(forms.Form):
    """What all lines share. `token` names the page, so that pressing the button twice books once."""

    token = forms.UUIDField(widget=forms.HiddenInput)
    reason = forms.ChoiceField(choices=[(reason.value, reason.value) for reason in Reason])
    reference = forms.CharField(max_length=255, required=False, help_text="A delivery note, an order, a ticket.")
    note = forms.CharField(max_length=2_000, required=False, widget=forms.Textarea(attrs={"rows": 2, "cols": 60}))


class LineForm(forms.Form):
    product = forms.UUIDField(widget=forms.HiddenInput)
    location = forms.CharField(max_length=64, required=False, widget=forms.Select)
    delta = forms.IntegerField(min_value=-INT_MAX, max_value=INT_MAX, required=False)

    sku = name = ""

    @property
    def product_id(self) -> UUID | None:
        return as_uuid(str(self["product"].value() or ""))

    def show(self, stocks: Stocks) -> None:
        """Name the product and offer its locations with what lies there."""
        known = stocks.get(self.product_id) if self.product_id else None
        if known is None:
            return
        product, on_hand = known
        self.sku, self.name = product.sku, product.name
        choices = [(code, f"{code} – {count} on hand") for code, count in on_hand.items()]
        self.fields["location"].widget.choices = choices


LineFormSet = forms.formset_factory(LineForm, extra=0, max_num=LINES_AT_MOST, absolute_max=LINES_AT_MOST)


def initial_lines(products: Iterable[str], levels: Iterable[str]) -> list[dict[str, Any]]:
    """One line per product (where most of it lies, else at the default location) and per level."""
    default = Location.objects.filter(is_default=True).values_list("code", flat=True).first()
    asked = [pk for pk in map(as_uuid, products) if pk]
    levels_of = StockLevel.objects.filter(product__in=asked, on_hand__gt=0, location__is_active=True)
    most = dict(levels_of.order_by("on_hand").values_list("product_id", "location__code"))
    wanted = [pk for pk in map(as_uuid, levels) if pk]
    rows = StockLevel.objects.filter(pk__in=wanted).values_list("product_id", "location__code")
    lines = [{"product": product, "location": code} for product, code in rows]
    lines += [{"product": pk, "location": most.get(pk, default)} for pk in asked]
    return lines[:LINES_AT_MOST]


def stock_of(products: Iterable[UUID | None]) -> Stocks:
    """What lies where, for the products that exist; every active location is offered."""
    rows = Product.objects.filter(pk__in=[pk for pk in products if pk]).only("pk", "sku", "name").order_by()
    codes = list(Location.objects.filter(is_active=True).values_list("code", flat=True)[:LOCATIONS_AT_MOST])
    stocks: Stocks = {row.pk: (row, dict.fromkeys(codes, 0)) for row in rows}
    levels = StockLevel.objects.filter(product__in=list(stocks), location__is_active=True).order_by()
    for product, code, on_hand in levels.values_list("product_id", "location__code", "on_hand"):
        stocks[product][1][code] = on_hand
    return stocks
