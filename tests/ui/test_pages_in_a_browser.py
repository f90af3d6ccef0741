"""The pages of the API in a real browser: offline, under the strict policy, and one can work with them."""

import json

import pytest

from inventory.models import IdempotencyRecord, Product
from tests.builders import make_key
from tests.live import serving

from .browser import browsing

pytestmark = pytest.mark.slow
WIDE, NARROW = {"width": 1280, "height": 900}, {"width": 390, "height": 800}


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_every_page_opens_without_a_complaint_and_fits_a_telephone(transactional_db, tmp_path, scheme):
    pages = {"home": "/", "reference": "/api/reference", "errors": "/api/problems", "error": "/api/problems/in_use"}

    with serving() as origin, browsing(origin, color_scheme=scheme) as window:
        for name, path in pages.items():
            for size in (WIDE, NARROW):
                window.page.set_viewport_size(size)
                window.open(path)
                window.page.screenshot(path=tmp_path / f"{name}-{size['width']}.png")
                overflow = window.page.evaluate("document.documentElement.scrollWidth - window.innerWidth")
                assert overflow <= 0, f"{path} is {overflow} pixels too wide for {size['width']}"
        complaints = window.complaints

    assert complaints == []


def test_the_front_page_tells_that_the_service_is_well(transactional_db):
    with serving() as origin, browsing(origin) as window:
        window.open("/")
        status = window.page.locator("[data-health]")

        assert status.get_attribute("data-state") == "ok"
        assert "postgresql ok" in status.inner_text()
        assert window.page.get_by_role("button", name="Copy").count() == 4


def test_the_reference_can_be_filtered(transactional_db):
    with serving() as origin, browsing(origin) as window:
        window.open("/api/reference")
        window.page.get_by_label("Filter operations").fill("rotate")

        visible = window.page.locator("article.operation:visible")
        assert [visible.nth(number).get_attribute("id") for number in range(visible.count())] == ["rotate_api_key"]


def test_swagger_authorises_and_creates_a_product_with_an_idempotency_key(transactional_db):
    secret = make_key()

    with serving() as origin, browsing(origin) as window:
        window.open("/api/docs")
        page = window.page
        page.get_by_role("button", name="Authorize").first.click()
        page.locator(".auth-container input").fill(secret)
        page.locator(".auth-btn-wrapper .authorize").click()
        page.locator(".auth-btn-wrapper .btn-done").click()
        operation = page.locator("#operations-Products-create_product")
        operation.locator(".opblock-summary-control").click()
        example = operation.locator("textarea").input_value()
        answer = operation.locator("tr.response[data-code='201'] .example").first.inner_text()
        operation.get_by_placeholder("Idempotency-Key").fill("from-the-browser")
        operation.locator("textarea").fill('{"sku": "SWAGGER-1", "name": "Made in a browser"}')
        operation.get_by_role("button", name="Execute").click()
        operation.locator(".live-responses-table tbody .response-col_status").first.wait_for()
        answered = operation.locator(".live-responses-table tbody .response-col_status").inner_text()
        complaints = window.complaints

    assert complaints == []
    assert {"sku", "name"} <= json.loads(example).keys()
    assert {"id", "stock", "version"} <= json.loads(answer).keys()
    assert answered.startswith("201")
    assert Product.objects.get().sku == "SWAGGER-1"
    assert IdempotencyRecord.objects.get().key == "from-the-browser"
