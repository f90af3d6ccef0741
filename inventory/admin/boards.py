"""What the index and a product's page show above their lists and forms."""

from typing import Any

from django.http import HttpRequest

from inventory.models import Activity, Product, StockAlert

from . import figures, plots
from .figures import quickly
from .looks import grouped, list_of
from .present import settle, with_lapsed_levels

MOVEMENT_DAYS = 14
PRODUCT_DAYS = 30
LEVELS_AT_MOST = 100
TOTALS = (
    *(("on hand", "on_hand"), ("unavailable", "unavailable"), ("allocated", "allocated"), ("reserved", "reserved")),
    *(("safety stock", "safety_stock_in_force"), ("available", "available"), ("incoming", "incoming")),
)


def index(request: HttpRequest) -> dict[str, Any]:
    """The dashboard: only what this person may look at, and a dash for what the database cannot say quickly."""

    def may(model: str) -> bool:
        return request.user.has_perm(f"inventory.view_{model}")

    board: dict[str, Any] = {"cards": []}
    if may("stockalert"):
        board["cards"].append(_alerts())
    if may("receiverfailure"):
        board["cards"].append(_failures())
    if may("productstock"):
        board["cards"] += [_states(), _value()]
    if may("stockmovement"):
        days = quickly(lambda: figures.movement_days(MOVEMENT_DAYS))
        board["days"] = days
        board["movements"] = plots.movement_bars(days) if days is not None else None
        board["movements_url"] = list_of("stockmovement")
    if may("activity"):
        board["activity"] = Activity.objects.all()[:10]
    return board


def product(row: Product, lapsed: int) -> dict[str, Any]:
    """The levels of a product, its open alerts, and what was available over the last month.

    `lapsed`: pieces in holds that are over, which no longer count.
    """
    totals = settle(row.stock, lapsed)
    places = row.levels.select_related("location").order_by("location__priority", "location__code")
    levels = [settle(level) for level in with_lapsed_levels(places)[:LEVELS_AT_MOST]]
    series = quickly(lambda: figures.available_by_day(row.pk, totals.available, PRODUCT_DAYS))
    return {
        "totals": totals,
        "state": totals.state_of(totals.available),
        "figures": [(label, grouped(getattr(totals, name))) for label, name in TOTALS],
        "levels": levels,
        "spark": plots.sparkline(series, totals.reorder_point_in_force) if series else None,
        "alerts": StockAlert.objects.filter(product=row.pk, resolved_at=None).select_related("location"),
    }


def _card(title: str, figure: str, told: list[str], url: str, mood: str) -> dict[str, Any]:
    return {"title": title, "figure": figure, "told": told, "url": url, "mood": mood}


def _alerts() -> dict[str, Any]:
    counts = quickly(figures.open_alerts)
    url = list_of("stockalert", state="unresolved")
    if counts is None:
        return _card("Open alerts", "–", [], url, "quiet")
    told = [f"{grouped(count)} {severity.replace('_', ' ')}" for severity, count in counts.items()]
    return _card("Open alerts", grouped(sum(counts.values())), told, url, "bad" if any(counts.values()) else "good")


def _failures() -> dict[str, Any]:
    count = quickly(figures.failed_receivers)
    told = ["they ring again by themselves"] if count else ["everything was heard"]
    figure = "–" if count is None else grouped(count)
    return _card("Failed receivers", figure, told, list_of("receiverfailure"), "bad" if count else "good")


def _states() -> dict[str, Any]:
    counts = quickly(figures.products_by_state)
    if counts is None:
        return _card("Products", "–", [], list_of("product"), "quiet")
    told = [
        f"{grouped(counts.get(state, 0))} {state.replace('_', ' ')}"
        for state in ("in_stock", "low_stock", "out_of_stock")
    ]
    return _card("Products", grouped(sum(counts.values())), told, list_of("product"), "info")


def _value() -> dict[str, Any]:
    values = quickly(figures.stock_value)
    if not values:
        return _card("Stock value", "–" if values is None else "0", [], list_of("productstock"), "quiet")
    texts = [f"{grouped(round(value))} {currency}" for currency, value in values]
    return _card("Stock value", texts[0], texts[1:4] or ["at today's prices"], list_of("productstock"), "info")
