"""What a shop does with the generated client, typed to the last word. Needs STOCKROOM_URL and STOCKROOM_KEY.

Each step asserts what the contract promises; the last line names the steps that were taken.
"""

import os
from collections.abc import Callable, Iterator
from typing import TypeVar
from uuid import uuid4

import httpx
from stockroom_client import AuthenticatedClient
from stockroom_client.api.me import get_me
from stockroom_client.api.products import create_product, get_product, list_products, update_product
from stockroom_client.api.reservations import confirm_reservation, create_reservation, fulfil_reservation
from stockroom_client.api.stock import create_stock_adjustment
from stockroom_client.models import (
    AdjustmentLineRequest,
    AdjustmentRequest,
    Booking,
    EmptyRequest,
    FulfilmentRequest,
    Problem,
    Product,
    ProductPage,
    ProductPatch,
    ProductRequest,
    Reservation,
    ReservationLineRequest,
    ReservationRequest,
)
from stockroom_client.types import UNSET, Unset

URL = os.environ["STOCKROOM_URL"]
stockroom = AuthenticatedClient(base_url=URL, token=os.environ["STOCKROOM_KEY"])
stranger = AuthenticatedClient(base_url=URL, token="not-a-key")

T = TypeVar("T")


def one(kind: type[T], answer: object) -> T:
    """The answer, which must be of this kind."""
    assert isinstance(answer, kind), answer
    return answer


def creates_once() -> None:
    body, key = ProductRequest(sku="MUG-RED", name="Red mug", price="12.50"), str(uuid4())

    first = create_product.sync_detailed(client=stockroom, body=body, idempotency_key=key)
    again = create_product.sync_detailed(client=stockroom, body=body, idempotency_key=key)

    assert (first.status_code, again.status_code) == (201, 201)
    assert one(Product, first.parsed).status == "active"
    assert again.headers["Idempotency-Replayed"] == "true"
    assert again.content == first.content

    other = ProductRequest(sku="MUG-BLUE", name="Blue mug")
    mismatch = create_product.sync(client=stockroom, body=other, idempotency_key=key)
    assert one(Problem, mismatch).code == "idempotency_mismatch"


def learns_what_is_wrong() -> None:
    answer = create_product.sync_detailed(client=stockroom, body=ProductRequest(sku="no blanks", name="", price="1e3"))

    assert answer.status_code == 400
    problem = one(Problem, answer.parsed)
    assert problem.code == "validation_error"
    assert problem.request_id == answer.headers["X-Request-ID"]
    pointers: set[str | Unset] = {error.pointer for error in problem.errors}
    assert pointers == {"/sku", "/name", "/price"}, pointers


def products() -> Iterator[Product]:
    """All of them, three to a page."""
    cursor: str | Unset = UNSET
    while True:
        page = one(
            ProductPage, list_products.sync(client=stockroom, ordering="sku", page_size=3, count="exact", cursor=cursor)
        )
        assert page.count == 5
        assert len(page.results) <= 3
        yield from page.results
        if page.next_ is None:
            return
        cursor = httpx.URL(page.next_).params["cursor"]


def turns_pages() -> None:
    for number in range(4):
        body = ProductRequest(sku=f"PLATE-{number}", name="Plate", attributes=UNSET)
        one(Product, create_product.sync(client=stockroom, body=body))

    assert [product.sku for product in products()] == ["MUG-RED", *(f"PLATE-{number}" for number in range(4))]


def loses_no_update() -> None:
    read = get_product.sync_detailed("sku:MUG-RED", client=stockroom)
    mug, etag = one(Product, read.parsed), read.headers["ETag"]

    renamed = update_product.sync_detailed(mug.id, client=stockroom, if_match=etag, body=ProductPatch(name="Mug, red"))
    late = update_product.sync_detailed(mug.id, client=stockroom, if_match=etag, body=ProductPatch(price="13.00"))
    blind = stockroom.get_httpx_client().patch(f"/api/v1/products/{mug.id}", json={"price": "13.00"})
    unchanged = get_product.sync_detailed(mug.id, client=stockroom, if_none_match=renamed.headers["ETag"])

    assert one(Product, renamed.parsed).version == mug.version + 1
    assert (late.status_code, one(Problem, late.parsed).code) == (412, "precondition_failed")
    assert (blind.status_code, Problem.from_dict(blind.json()).code) == (428, "precondition_required")
    assert (unchanged.status_code, unchanged.parsed) == (304, None)


def is_told_who_may() -> None:
    answer = get_me.sync_detailed(client=stranger)

    assert answer.status_code == 401
    assert one(Problem, answer.parsed).code == "authentication_failed"
    assert answer.headers["WWW-Authenticate"].startswith("Bearer")


def sells() -> None:
    received = AdjustmentRequest(reason="received", lines=[AdjustmentLineRequest(sku="MUG-RED", delta=5)])
    wanted = ReservationRequest(owner="cart-1", lines=[ReservationLineRequest(sku="MUG-RED", quantity=4)])

    booking = one(Booking, create_stock_adjustment.sync(client=stockroom, body=received, idempotency_key=str(uuid4())))
    assert booking.levels[0].available == 5
    held = one(Reservation, create_reservation.sync(client=stockroom, body=wanted, idempotency_key=str(uuid4())))
    refused = create_reservation.sync_detailed(client=stockroom, body=wanted)
    confirmed = one(Reservation, confirm_reservation.sync(held.id, client=stockroom, body=EmptyRequest()))
    fulfilled = one(Reservation, fulfil_reservation.sync(held.id, client=stockroom, body=FulfilmentRequest()))

    states: list[str] = [held.state, confirmed.state, fulfilled.state]
    assert states == ["active", "confirmed", "fulfilled"]
    assert refused.status_code == 409
    (line,) = one(Problem, refused.parsed).errors
    assert (line.code, line.pointer, line.requested, line.available) == ("insufficient_stock", "/lines/0", 4, 1)
    assert one(Product, get_product.sync("sku:MUG-RED", client=stockroom)).stock.on_hand == 1


def is_stopped_by_the_types() -> None:
    """Never called: mypy must object to each of these, or the ignored error is an error itself."""
    ProductRequest(sku="A")  # type: ignore[call-arg]
    ProductRequest(sku="A", name="B", stock=5)  # type: ignore[call-arg]
    ProductRequest(sku="A", name="B", status="gone")  # type: ignore[arg-type]
    update_product.sync("sku:A", client=stockroom, body=ProductPatch(name="B"))  # type: ignore[call-arg]
    list_products.sync(client=stockroom, ordering="colour")  # type: ignore[arg-type]


STEPS: list[Callable[[], None]] = [
    creates_once,
    learns_what_is_wrong,
    turns_pages,
    loses_no_update,
    is_told_who_may,
    sells,
]

if __name__ == "__main__":
    for step in STEPS:
        step()
    print(*(step.__name__ for step in STEPS))
