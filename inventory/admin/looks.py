"""How values look in the admin: pills, signed numbers, links. Classes only, for the CSP allows no inline style."""

from datetime import datetime
from typing import Any
from urllib.parse import urlencode
from uuid import UUID

from django.urls import reverse
from django.utils.html import format_html
from django.utils.safestring import SafeString

from inventory.models import StockMovement

#: Word → mood; the mood is a CSS class.
MOODS = {
    **dict.fromkeys(("in_stock", "active", "received", "resolved", "live", "fulfilled", "succeeded"), "good"),
    **dict.fromkeys(("low_stock", "acknowledged", "restored", "damaged", "lost", "correction"), "warn"),
    **dict.fromkeys(("out_of_stock", "open", "deleted", "failed"), "bad"),
    **dict.fromkeys(("created", "updated", "in_transit", "confirmed", "doing", "transfer_out", "transfer_in"), "info"),
}
DASH = "–"


def pill(word: str) -> SafeString:
    """A coloured word: `low_stock` as “low stock” on amber."""
    return format_html('<span class="pill pill-{}">{}</span>', MOODS.get(word, "quiet"), word.replace("_", " "))


def signed(number: int) -> SafeString | str:
    """+5 in green, −5 in red, a dash for nothing."""
    if number == 0:
        return DASH
    sign = "+" if number > 0 else "−"
    return format_html('<span class="{}">{}{:}</span>', "plus" if number > 0 else "minus", sign, grouped(abs(number)))


def grouped(number: int) -> str:
    """12 345: thousands apart by a narrow space that never breaks."""
    return f"{number:,}".replace(",", "\u202f")


def link(url: str, text: Any) -> SafeString:
    return format_html('<a href="{}">{}</a>', url, text)


def page_of(model: str, pk: Any) -> str:
    """The URL of a row's page; `model` as `product`."""
    return reverse(f"admin:inventory_{model}_change", args=[pk])


def list_of(model: str, **filters: Any) -> str:
    """The URL of a list, with filters in its query."""
    query = urlencode(filters)
    return reverse(f"admin:inventory_{model}_changelist") + (f"?{query}" if query else "")


def product_link(product: UUID, sku: str) -> SafeString:
    """The SKU, leading to the product; a product that is gone leads on to its history."""
    return link(page_of("product", product), sku)


def day(moment: datetime | None) -> str:
    return f"{moment:%Y-%m-%d %H:%M}" if moment else DASH


def set_aside(row: Any) -> str:
    """What lies there and cannot be sold: “3 reserved, 1 unavailable”."""
    counters = ((getattr(row, name), name) for name in ("reserved", "allocated", "unavailable"))
    safety = ((row.safety_stock_in_force, "safety stock"),)
    return ", ".join(f"{grouped(count)} {name}" for count, name in (*counters, *safety) if count) or DASH


def deltas(row: StockMovement) -> str:
    """What a ledger row did beside on_hand, in words."""
    names = ("unavailable", "allocated", "reserved")
    moved = [(name, getattr(row, f"delta_{name}")) for name in names]
    return ", ".join(f"{name} {number:+d}" for name, number in moved if number) or DASH


def figure(number: int) -> SafeString:
    """A quantity, right-aligned, thousands apart, red below zero."""
    return format_html('<span class="figure{}">{}</span>', " minus" if number < 0 else "", grouped(number))
