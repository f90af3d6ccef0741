"""Every page of the admin opens, whatever stands in its address, and keeps to the content security policy."""

import re
from datetime import timedelta
from typing import Any

import pytest
from django.apps import apps
from django.contrib import admin
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.urls import reverse
from django.utils import timezone

from inventory.admin import figures, paging
from inventory.admin.base import ReadOnlyAdmin
from inventory.admin.inlines import SHOWN_INLINE
from inventory.models import Product, StockMovement
from inventory.operations import reservations, stock
from inventory.values import Line
from tests.builders import ANA, make_product, move
from tests.clock import pass_time

from .desk import Desk, staff, url
from .world import furnish_shop

INLINE = re.compile(
    r"\sstyle=|<style|\son[a-z]+=|javascript:|<script(?![^>]*\bsrc=)(?![^>]*application/json)", re.IGNORECASE
)


def test_every_page_of_every_model_opens_and_has_nothing_inline(desk: Desk) -> None:
    furnish_shop()
    opened = 0

    for address in _addresses(desk):
        page = desk.client.get(address)
        assert page.status_code == 200, address
        assert not INLINE.findall(page.content.decode()), address
        opened += 1

    assert opened > 50


def test_every_model_has_a_page_or_is_shown_with_its_owner() -> None:
    models = set(apps.get_app_config("inventory").get_models())

    missing = {model.__name__ for model in models if not admin.site.is_registered(model)} - SHOWN_INLINE

    assert not missing


@pytest.mark.parametrize("model", ["product", "stocklevel", "productstock", "stockmovement", "stockalert", "activity"])
def test_a_longer_list_asks_the_database_no_more_often(desk: Desk, model: str) -> None:
    asked = []
    for n in range(2):
        for m in range(5):
            move(make_product(f"SKU-{n}-{m}", reorder_point=5, on_hand=10), -8)
        with CaptureQueriesContext(connection) as queries:
            page = desk.open(f"{model}_changelist")
        asked.append(len(queries))

    assert page.context["cl"].result_count >= 10
    assert asked[0] == asked[1]


@pytest.mark.parametrize(
    "query",
    [
        "?q=%00", "?q=%27%22%3C%3E%26%7C!:*", "?q=()", "?q=" + "x" * 5000, "?p=999999", "?p=x", "?o=99.-1.x", "?all=",
        "?since=x", "?place=x", "?state=%00", "?within=x", "?state=x", "?id__exact=x", "?product__id__exact=x",
        "?product__id__exact=%00", "?price__exact=1e400", "?no_such_field=1", "?e=1",
    ],
)  # fmt: skip
def test_nonsense_in_the_address_never_breaks_a_list(desk: Desk, query: str) -> None:
    furnish_shop()

    for model in ("product", "category", "stocklevel", "productstock", "stockmovement", "stockalert", "activity"):
        page = desk.client.get(url(f"{model}_changelist") + query, follow=True)
        assert page.status_code < 500, (model, query)


@pytest.mark.parametrize("pk", ["x", "%00", "7", "00000000-0000-0000-0000-000000000007", "a/b"])
def test_a_page_of_nothing_leads_elsewhere(desk: Desk, pk: str) -> None:
    for model in ("product", "stocklevel", "stockmovement", "transfer", "apikey", "idempotencyrecord"):
        page = desk.client.get(url(f"{model}_changelist") + f"{pk}/change/", follow=True)
        assert page.status_code in (200, 404), (model, pk)


def test_a_selection_that_cannot_be_read_does_nothing(desk: Desk) -> None:
    make_product("MUG-1")

    page = desk.act("product", "delete_selected", "nonsense", post="yes")

    assert page.status_code == 200
    assert Product.objects.count() == 1


def test_a_deleted_product_leads_to_its_history(desk: Desk) -> None:
    furnish_shop()
    gone = StockMovement.objects.filter(sku="GONE-1").values_list("product_id", flat=True)[0]

    page = desk.open("product_change", gone)

    assert page.redirect_chain
    assert "GONE-1" in page.content.decode()


@pytest.mark.parametrize("text", ["mug-1", "MUG", "blue", "blu mu", "4012345678901"])
def test_products_are_found_by_what_people_type(desk: Desk, text: str) -> None:
    make_product("MUG-1", name="Blue mug", barcode="4012345678901")
    make_product("PAN-1", name="Red pan")

    page = desk.open("product_changelist", q=text)

    assert [row.sku for row in page.context["cl"].result_list] == ["MUG-1"]


def test_a_form_offers_products_by_search_and_not_in_a_list(desk: Desk) -> None:
    product = make_product("MUG-1", name="Blue mug")
    query = {"app_label": "inventory", "model_name": "transferline", "field_name": "product", "term": "mug"}

    found = desk.client.get(reverse("admin:autocomplete"), query).json()
    form = desk.open("transfer_add").content.decode()

    assert [row["id"] for row in found["results"]] == [str(product.pk)]
    assert str(product.pk) not in form


def test_the_ledger_of_a_deleted_product_is_found_by_its_sku(desk: Desk) -> None:
    furnish_shop()

    page = desk.open("stockmovement_changelist", q="gone-1")

    assert {row.sku for row in page.context["cl"].result_list} == {"GONE-1"}


def test_a_hold_that_is_over_no_longer_counts(desk: Desk) -> None:
    product = make_product("MUG-1", on_hand=5)
    reservations.reserve([Line(sku="MUG-1", quantity=5)], actor=ANA)
    held = desk.open("product_changelist").content.decode()
    pass_time(1_000)

    free = desk.open("product_changelist", state="in_stock").content.decode()

    assert ("out of stock</span>" in held, "in stock</span>" in free) == (True, True)
    assert desk.open("product_change", product.pk).context["totals"].available == 5


def test_counting_stops_where_nobody_turns_the_page(desk: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(paging, "LIMIT", 3)
    for n in range(5):
        make_product(f"SKU-{n}")

    page = desk.open("product_changelist").content.decode()

    assert "3+ products" in page


# --- The boards -------------------------------------------------------------------------------------------------------


def test_the_dashboard_counts_what_is_there(desk: Desk) -> None:
    make_product("MUG-1", price="10.00", on_hand=7)
    move(make_product("PAN-1", price="2.50", reorder_point=5, on_hand=8), -6)

    board = desk.open("index").context

    cards = {card["title"]: card["figure"] for card in board["cards"]}
    assert cards == {"Open alerts": "1", "Failed receivers": "0", "Products": "2", "Stock value": "75 EUR"}
    today = board["days"][-1]
    assert (len(board["days"]), today.pieces_in, today.pieces_out, today.rows) == (14, 15, 6, 3)
    assert "15 pieces in and 6 out" in board["movements"]


def test_the_dashboard_shows_only_what_a_person_may_see(desk: Desk) -> None:
    make_product("MUG-1", price="10.00", on_hand=7)

    board = staff("ben", "view_stockalert").open("index").context

    assert [card["title"] for card in board["cards"]] == ["Open alerts"]
    assert "movements" not in board
    assert "activity" not in board


def test_an_empty_shop_has_a_dashboard_too(desk: Desk) -> None:
    page = desk.open("index")

    assert page.status_code == 200
    assert "0 pieces in and 0 out" in page.context["movements"]


def test_the_sparkline_follows_the_ledger_backwards(desk: Desk) -> None:
    product = make_product("MUG-1")
    now = timezone.now()
    for days_ago, pieces in ((40, 100), (20, -30), (3, 5)):
        line = Line(product=product.pk, quantity=pieces)
        stock.adjust([line], reason="correction", actor=ANA, occurred_at=now - timedelta(days=days_ago))

    series = [pieces for _, pieces in figures.available_by_day(product.pk, 75, 30)]

    assert series == [100] * 9 + [70] * 17 + [75] * 4
    assert "from 100 to 75 pieces" in desk.open("product_change", product.pk).context["spark"]


def test_what_the_database_cannot_say_quickly_is_a_dash(desk: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(figures, "PATIENCE_MS", 50)
    monkeypatch.setattr(figures, "VALUE", "SELECT 'EUR', 1 FROM pg_sleep(2)")

    cards = {card["title"]: card["figure"] for card in desk.open("index").context["cards"]}

    assert cards["Stock value"] == "–"
    assert cards["Products"] == "0"


def _addresses(desk: Desk) -> Any:
    yield url("index")
    for model, page in admin.site._registry.items():
        name = f"admin:{model._meta.app_label}_{model._meta.model_name}"
        yield reverse(f"{name}_changelist")
        yield reverse(f"{name}_changelist") + "?q=mug-1"
        if page.has_add_permission(type("Request", (), {"user": desk.user})()):
            yield reverse(f"{name}_add")
        row = model._base_manager.first()
        assert row is not None or model.__name__ == "Group" or type(page) is ReadOnlyAdmin, f"no {model.__name__}"
        if row is not None:
            yield reverse(f"{name}_change", args=[row.pk])
        if row is not None and page.has_delete_permission(type("Request", (), {"user": desk.user})()):
            yield reverse(f"{name}_delete", args=[row.pk])
    yield reverse("admin:app_list", args=["inventory"])
    yield reverse("admin:password_change")
    yield url("stocklevel_adjust") + f"?product={Product.objects.get().pk}"
