"""The sale of the year: two hundred buyers, a hundred pieces, a real server."""

import http.client
import json
from collections import Counter
from urllib.parse import urlsplit

import pytest

from inventory.models import IdempotencyRecord, ProductStock, StockLevel, StockMovement
from tests.builders import at_once, make_key, make_product
from tests.live import serving

from .races import assert_ledger_explains

pytestmark = pytest.mark.django_db(transaction=True)

BUYERS, PIECES = 200, 100


def buy(origin, key, sku, number):
    """One sale of one piece, over a connection of its own: status and body."""
    connection = http.client.HTTPConnection(urlsplit(origin).netloc, timeout=60)
    headers = {
        "Authorization": f"Bearer {key}",
        "Content-Type": "application/json",
        "Idempotency-Key": f"buyer-{number}",
    }
    body = json.dumps({"reason": "sold", "reference": f"buyer-{number}", "lines": [{"sku": sku, "delta": -1}]})
    try:
        connection.request("POST", "/api/v1/stock/adjustments", body, headers)
        answer = connection.getresponse()
        return answer.status, json.loads(answer.read())
    finally:
        connection.close()


def test_two_hundred_buyers_of_a_hundred_pieces_get_a_hundred_pieces():
    mug = make_product("MUG", on_hand=PIECES)
    key = make_key(scopes=("stock:write",))

    with serving() as origin:
        answers = at_once(*[lambda n=n: buy(origin, key, "MUG", n) for n in range(BUYERS)])
        again = [buy(origin, key, "MUG", n) for n in range(0, BUYERS, 20)]

    assert Counter(status for status, _ in answers) == {201: PIECES, 409: BUYERS - PIECES}
    assert {body["code"] for status, body in answers if status == 409} == {"insufficient_stock"}
    balances = sorted(body["movements"][0]["balance"]["on_hand"] for status, body in answers if status == 201)
    assert balances == list(range(PIECES))
    # Whoever bought and asks again gets his first answer; whoever was refused is refused again.
    assert again == [answers[n] if answers[n][0] == 201 else (409, again[n // 20][1]) for n in range(0, BUYERS, 20)]
    assert ProductStock.objects.get(pk=mug.pk).on_hand == StockLevel.objects.get(product=mug.pk).on_hand == 0
    sold = StockMovement.objects.filter(product=mug.pk, reason="sold")
    assert len(set(sold.values_list("reference", flat=True))) == sold.count() == PIECES
    assert IdempotencyRecord.objects.count() == PIECES
    assert_ledger_explains(mug)
