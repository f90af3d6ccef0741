"""The adjustment page: one reason, a line per product, all lines or none, and every page only once."""

from typing import Any

from inventory.models import StockLevel
from tests.builders import make_location, make_product

from .desk import Desk, ledger_of, url


def test_an_adjustment_is_booked_in_the_name_of_the_person(desk: Desk) -> None:
    product = make_product("MUG-1", on_hand=10)

    page = book(desk, [product], deltas=["-3"], reason="sold", reference="TILL-7")

    assert ledger_of(product.pk)[-1] == ("MAIN", -3, "user:ana")
    assert [row.reference for row in page.context["cl"].result_list] == ["TILL-7"]


def test_lines_without_a_delta_are_left_alone(desk: Desk) -> None:
    mug, pan = make_product("MUG-1", on_hand=10), make_product("PAN-1", on_hand=10)

    book(desk, [mug, pan], deltas=["", "5"])

    assert (len(ledger_of(mug.pk)), len(ledger_of(pan.pk))) == (1, 2)


def test_pressing_the_button_twice_books_once(desk: Desk) -> None:
    product = make_product("MUG-1", on_hand=10)
    fields = form_of(desk, [product]) | {"lines-0-delta": "5", "reason": "received"}

    for _ in range(2):
        page = desk.client.post(url("stocklevel_adjust"), fields, follow=True)

    assert StockLevel.objects.get().on_hand == 15
    assert "was booked before" in str(next(iter(page.context["messages"])))


def test_a_page_that_was_booked_books_nothing_else(desk: Desk) -> None:
    product = make_product("MUG-1", on_hand=10)
    fields = form_of(desk, [product]) | {"lines-0-delta": "5", "reason": "received"}
    desk.client.post(url("stocklevel_adjust"), fields)

    page = desk.client.post(url("stocklevel_adjust"), fields | {"lines-0-delta": "7"})

    assert "another request" in page.context["refusal"].detail
    assert StockLevel.objects.get().on_hand == 15


def test_one_short_line_refuses_all_and_is_marked(desk: Desk) -> None:
    mug, pan = make_product("MUG-1", on_hand=10), make_product("PAN-1", on_hand=1)

    page = book(desk, [mug, pan], deltas=["-2", "-3"], reason="sold")

    assert "not enough stock" in page.context["refusal"].detail
    assert "PAN-1 at MAIN: 1 available, 3 requested" in page.context["lines"][1].errors["__all__"][0]
    assert not page.context["lines"][0].errors
    assert len(ledger_of(mug.pk)) == 1


def test_a_refused_page_can_be_mended_and_booked(desk: Desk) -> None:
    product = make_product("MUG-1", on_hand=1)
    fields = form_of(desk, [product]) | {"lines-0-delta": "-3", "reason": "sold"}
    desk.client.post(url("stocklevel_adjust"), fields)

    desk.client.post(url("stocklevel_adjust"), fields | {"lines-0-delta": "-1"})

    assert StockLevel.objects.get().on_hand == 0


def test_a_line_offers_each_place_with_what_lies_there(desk: Desk) -> None:
    make_location("SHOP")
    product = make_product("MUG-1", on_hand=10)

    page = desk.open("stocklevel_adjust", product=str(product.pk))

    choices = page.context["lines"][0].fields["location"].widget.choices
    assert list(choices) == [("MAIN", "MAIN – 10 on hand"), ("SHOP", "SHOP – 0 on hand")]


def test_a_level_comes_with_its_own_place(desk: Desk) -> None:
    shop = make_location("SHOP")
    make_product("MUG-1", on_hand=10, at=shop)

    page = desk.open("stocklevel_adjust", level=str(StockLevel.objects.get().pk))

    assert page.context["lines"][0]["location"].value() == "SHOP"


def test_the_page_opens_from_the_list_of_products(desk: Desk) -> None:
    product = make_product("MUG-1")

    page = desk.act("product", "adjust_stock", product)

    assert [line.sku for line in page.context["lines"]] == ["MUG-1"]


def test_nonsense_in_the_form_is_marked_and_books_nothing(desk: Desk) -> None:
    product = make_product("MUG-1", on_hand=10)
    nonsense = ({"lines-0-delta": "1e9"}, {"lines-0-product": "x"}, {"reason": "magic"}, {"token": "x"}, {"note": "\0"})

    for wrong in nonsense:
        fields = form_of(desk, [product]) | {"lines-0-delta": "5", "reason": "received"} | wrong
        page = desk.client.post(url("stocklevel_adjust"), fields)
        assert page.status_code == 200, wrong

    empty = desk.client.post(url("stocklevel_adjust"), {})
    assert (empty.status_code, StockLevel.objects.get().on_hand) == (200, 10)


def form_of(desk: Desk, products: list[Any]) -> dict[str, Any]:
    """The adjustment page of `products` as a browser would send it back."""
    page = desk.open("stocklevel_adjust", product=[str(product.pk) for product in products])
    fields = {"token": page.context["booking"]["token"].value()}
    for form in (page.context["lines"].management_form, *page.context["lines"]):
        fields |= {bound.html_name: bound.value() or "" for bound in form}
    return fields | {"lines-INITIAL_FORMS": str(len(products))}


def book(desk: Desk, products: list[Any], deltas: list[str], reason: str = "received", **fields: Any) -> Any:
    """Fill in and send the adjustment page. Returns the page that comes then."""
    typed = {f"lines-{n}-delta": delta for n, delta in enumerate(deltas)}
    return desk.client.post(
        url("stocklevel_adjust"), form_of(desk, products) | typed | {"reason": reason, **fields}, follow=True
    )
