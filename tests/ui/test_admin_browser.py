"""The admin in a real browser: scripts, styles and plots work under the strict policy, without one complaint."""

from pathlib import Path
from typing import Any

import pytest

from inventory.models import Product, StockLevel

from .browser import Window, browsing
from .desk import Desk, ledger_of, url
from .world import furnish_shop

pytestmark = pytest.mark.slow


def test_a_day_at_the_desk_draws_no_complaint(desk: Desk, live_server: Any, tmp_path: Path) -> None:
    product = furnish_shop()
    pages = {
        "index": url("index"),
        "products": url("product_changelist"),
        "product": url("product_change", product.pk),
        "movements": url("stockmovement_changelist"),
        "new-transfer": url("transfer_add"),
        "new-key": url("apikey_add"),
        "user": url("index") + f"auth/user/{desk.user.pk}/change/",
    }

    with browsing(live_server.url) as window:
        log_in(window)
        for name, address in pages.items():
            window.open(address)
            window.page.screenshot(path=tmp_path / f"{name}.png", full_page=True)
        complaints = window.complaints

    assert complaints == []
    assert {picture.stem for picture in tmp_path.iterdir()} == set(pages)


def test_a_person_moves_a_product_and_books_stock_with_the_mouse(desk: Desk, live_server: Any) -> None:
    product = furnish_shop()

    with browsing(live_server.url) as window:
        log_in(window)
        window.open(url("product_change", product.pk))
        choose_category(window, "kitch", "Kitchen")
        window.page.get_by_role("button", name="Save", exact=True).click()
        window.settle()
        window.open(url("product_change", product.pk))
        window.page.get_by_role("link", name="Adjust stock").click()
        window.page.locator("[name=lines-0-delta]").fill("4")
        window.page.get_by_role("button", name="Book all lines").click()
        window.settle()
        complaints = window.complaints

    assert complaints == []
    assert Product.objects.select_related("category").get(pk=product.pk).category.name == "Kitchen"
    assert ledger_of(product.pk)[-1] == ("MAIN", 4, "user:ana")
    assert StockLevel.objects.get(product=product.pk, location__code="MAIN").on_hand == 16


def test_the_dark_theme_and_a_telephone_draw_no_complaint(desk: Desk, live_server: Any, tmp_path: Path) -> None:
    product = furnish_shop()

    with browsing(live_server.url, color_scheme="dark") as window:
        log_in(window)
        window.page.set_viewport_size({"width": 400, "height": 800})
        window.open(url("product_change", product.pk))
        window.page.screenshot(path=tmp_path / "telephone.png", full_page=True)
        wide = window.page.evaluate("document.documentElement.scrollWidth")
        form = window.page.evaluate("document.querySelector('#content').clientWidth")
        complaints = window.complaints

    assert complaints == []
    assert 360 <= form <= wide <= 400


def log_in(window: Window) -> None:
    window.open(url("login"))
    window.page.fill("#id_username", "ana")
    window.page.fill("#id_password", "pw-of-ana")
    window.page.click("[type=submit]")
    window.settle()


def choose_category(window: Window, typed: str, name: str) -> None:
    """Through the search box that stands in for a list of all categories."""
    window.page.locator(".field-category .select2-selection").click()
    window.page.locator(".select2-search__field").fill(typed)
    window.page.locator(".select2-results__option", has_text=name).click()
