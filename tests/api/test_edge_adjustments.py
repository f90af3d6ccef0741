"""Adjustments on the fast lane answer what Django answers, byte by byte, and leave the same behind."""

import json
import random
import re
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest
from django.db import connections

from api.edge import ANSWERED, adjustments, bodies
from api.shim import Shim
from config.wsgi import application, django_application
from inventory.models import ApiKey, Event, IdempotencyRecord, Reason, StockMovement
from inventory.operations import turns
from tests.api import door as doors
from tests.api.door import Answer, Door, knock, product
from tests.builders import make_location, make_product

PATH = "/api/v1/stock/adjustments"
by_django = Shim(django_application)


@pytest.fixture
def sent(door: Door, monkeypatch: pytest.MonkeyPatch) -> Callable[..., tuple[Answer, bool]]:
    """Send a body with headers through an application. Returns the answer, and whether a lane gave it."""
    door.get("me")  # the key was looked up, and its use noted

    def send(app: Any, body: bytes, **headers: str) -> tuple[Answer, bool]:
        seen: dict[str, Any] = {}

        def watched(environ: dict[str, Any], start: Any) -> Any:
            seen["environ"] = environ
            return app(environ, start)

        monkeypatch.setattr(doors, "application", watched)
        sent = {"authorization": f"Bearer {door.secret}", "content_type": "application/json", **headers}
        query = sent.pop("query", "")
        answer = knock("POST", PATH, query, body, sent)
        return answer, ANSWERED in seen["environ"]

    return send


# --- The same answers -------------------------------------------------------------------------------------------------

#: What is made anew for each request, and the letter of the world.
UNLIKE = re.compile(r"[0-9a-f]{8}-[0-9a-f-]{27}|\d{4}-\d\d-\d\dT[0-9:.]+Z|r=\d+;t=\d+|[LD]-(?=\d)")


def likened(answer: Answer) -> tuple[int, dict[str, str], str]:
    headers = {name: UNLIKE.sub("~", value) for name, value in answer.headers.items()}
    headers.pop("content-length")
    return answer.status, headers, UNLIKE.sub("~", answer.body.decode())


def some_body(dice: random.Random, world: str) -> bytes:
    """Mostly a plain one; sometimes with something that is odd, wrong or refused."""
    body: dict[str, Any] = {"reason": dice.choice(Reason.values), "lines": [some_line(dice, world)]}
    while dice.random() < 0.3:
        body["lines"].append(some_line(dice, world))
    if dice.random() < 0.5:
        body["reference"] = dice.choice(
            ["", "PO-1", "PO-2", "PO-3", "PO-4", "Größe 5 €", "a" * 255, "a" * 256, "tab\t", 5, None]
        )
    if dice.random() < 0.3:
        body["note"] = dice.choice(["", "told", "two\nlines", "n" * 2001, "\u2028"])
    if dice.random() < 0.07:
        body |= dice.choice([{"strange": 1}, {"occurred_at": None}, {"lines": []}, {"reason": "whim"}, {"reason": []}])
    text = json.dumps(body, ensure_ascii=dice.random() < 0.2, separators=dice.choice([(",", ":"), (", ", ": ")]))
    if dice.random() < 0.07:
        text = dice.choice(
            [
                text[:-1],
                text + " ",
                text.replace('"delta"', '"delta" '),
                text.replace('{"reason"', '{"reason":"sold","reason"'),
                text.replace('"lines"', '"lines":[],"lines"'),
                "\ufeff" + text,
                f"[{text}]",
                text.replace("1", "1.0"),
                "",
            ]
        )
    return text.encode()


def plain_body(dice: random.Random, world: str) -> bytes:
    line = {"sku": f"{world}-{dice.choice('123')}", "delta": dice.choice([1, 2, -1])}
    return json.dumps({"reason": "correction", "lines": [line]}).encode()


def some_line(dice: random.Random, world: str) -> dict[str, Any]:
    line: dict[str, Any] = {"sku": f"{world}-{dice.choice('1234')}", "delta": dice.choice([-3, -2, -1, 1, 2, 3, 4])}
    if dice.random() < 0.4:
        line["location"] = dice.choice(["MAIN", "MAIN", "SHOP", None, None, "NOWHERE", "main", "", "CLOSED"])
    if dice.random() < 0.2:
        line["expected_on_hand"] = dice.choice([None, 5, 0, -1, True])
    if dice.random() < 0.1:
        line |= dice.choice(
            [
                {"delta": 0},
                {"delta": True},
                {"delta": "1"},
                {"delta": 2**31},
                {"sku": "no such"},
                {"sku": f"{world}-9"},
                {"sku": None},
                {"product": None},
                {"strange": 1},
                {"delta": 10**30},
            ]
        )
    return line


def some_headers(dice: random.Random) -> dict[str, str]:
    headers = {}
    if dice.random() < 0.3:
        headers["x_request_id"] = dice.choice(["mine", "with blank", "", "é"])
    if dice.random() < 0.2:
        headers |= dice.choice(
            [
                {"idempotency_key": ""},
                {"idempotency_key": "with blank"},
                {"idempotency_key": "key-1"},
                {"content_type": "text/plain"},
                {"content_type": "application/json; charset=utf-8"},
                {"content_type": ""},
                {"accept": "text/html"},
                {"accept": "application/problem+json"},
                {"if_match": '"1"'},
                {"if_none_match": "*"},
                {"query": "a=1"},
                {"query": "fields=id"},
                {"content_encoding": "gzip"},
                {"host": "elsewhere"},
                {"cookie": "a=b"},
                {"authorization": "Bearer nobody"},
                {"x_http_method_override": "DELETE"},
                {"range": "bytes=0-1"},
                {"origin": "http://elsewhere"},
                {"prefer": "return=minimal"},
            ]
        )
    return headers


@pytest.mark.parametrize("seed", range(6))
def test_with_and_without_the_lane_all_is_the_same(seed, sent):
    dice, by_lane = random.Random(seed), 0
    make_location("SHOP")
    make_location("CLOSED", is_active=False)
    for world in "LD":
        for sku in "123":
            make_product(f"{world}-{sku}", on_hand=60, reorder_point=58)
        make_product(f"{world}-4", track_stock=False)

    for number in range(150):
        plain = dice.random() < 0.4
        mark, headers = dice.random(), {} if plain else some_headers(dice)
        key = headers.pop("idempotency_key", f"key-{number}")
        body = {w: plain_body(random.Random(mark), w) if plain else some_body(random.Random(mark), w) for w in "LD"}
        own = {world: key and key + world for world in "LD"}
        lane, taken = sent(application, body["L"], **headers, idempotency_key=own["L"])
        django, _ = sent(by_django, body["D"], **headers, idempotency_key=own["D"])
        by_lane += taken

        assert likened(lane) == likened(django), (body["L"], headers)

    assert by_lane > 40
    assert traces("L") == traces("D")


def traces(world: str) -> list[Any]:
    movements = StockMovement.objects.filter(sku__startswith=world).order_by("id")
    figures = ("sequence", "delta_on_hand", "balance_available", "reason", "reference", "note", "actor")
    records = IdempotencyRecord.objects.filter(key__endswith=world).order_by("key")
    return [
        [(row[0][1:], *row[1:]) for row in movements.values_list("sku", *figures)],
        [(row[0][:-1], *row[1:]) for row in records.values_list("key", "principal", "status", "headers")],
        Event.objects.filter(
            type="stock.changed", key__in={str(pk) for pk in movements.values_list("product", flat=True)}
        ).count(),
    ]


def test_the_lane_answers_the_plain_one_and_django_the_replay_of_it(sent):
    make_product("L-1", on_hand=5)
    body = b'{"reason":"sold","lines":[{"sku":"L-1","delta":-1}]}'

    first, by_lane = sent(application, body, idempotency_key="once")
    again, by_lane_again = sent(application, body, idempotency_key="once")

    assert (by_lane, by_lane_again) == (True, False)
    assert first.body == again.body
    assert (first.status, again.status, again.headers["idempotency-replayed"]) == (201, 201, "true")
    assert StockMovement.objects.filter(reason="sold").count() == 1


def test_a_long_request_is_nobody_elses_burden():
    line = '{"sku":"A","delta":1}'
    twenty, more = (f'{{"reason":"found","lines":[{",".join([line] * count)}]}}'.encode() for count in (20, 21))

    assert len(bodies.adjustment(twenty).lines) == 20
    assert bodies.adjustment(more) is None


def test_a_body_that_could_be_read_in_two_ways_is_not_read_here():
    twice = b'{"reason":"sold","lines":[{"sku":"A","delta":-1,"delta":-2}]}'
    hidden = b'{"reason":"sold","note":"\\u0000","lines":[{"sku":"A","delta":-1}]}'
    plain = b'{"reason":"sold","note":"a: b","lines":[{"sku":"A","delta" :-1}]}'

    assert bodies.adjustment(twice) is bodies.adjustment(hidden) is None
    assert bodies.adjustment(plain).lines[0].quantity == -1


# --- Together ---------------------------------------------------------------------------------------------------------


def test_two_hundred_sales_at_the_same_time_sell_exactly_what_there_is(sent, door, monkeypatch):
    mug = make_product("L-1", on_hand=100)
    shared: list[int] = []
    adjust = turns.adjust
    monkeypatch.setattr(turns, "adjust", lambda asked, *more: shared.append(len(asked)) or adjust(asked, *more))
    monkeypatch.setattr(doors, "application", application)
    body = b'{"reason":"sold","lines":[{"sku":"L-1","delta":-1}]}'

    def buy(number: int) -> int:
        headers = {"authorization": f"Bearer {door.secret}", "content_type": "application/json"}
        try:
            return knock("POST", PATH, "", body, {**headers, "idempotency_key": f"sale-{number}"}).status
        finally:
            connections.close_all()

    with ThreadPoolExecutor(16) as pool:
        statuses = list(pool.map(buy, range(200)))

    level = mug.levels.get()
    assert (statuses.count(201), statuses.count(409)) == (100, 100)
    assert (level.on_hand, level.sequence) == (0, 101)
    assert max(shared) > 2


def test_a_limit_of_fifty_lets_fifty_through_together(door_with, monkeypatch):
    monkeypatch.setattr(doors, "application", application)
    sku = product(door_with())["sku"]
    door = door_with(rate_limit=51)
    door.get("me")
    body = b'{"reason":"found","lines":[{"sku":"%s","delta":1}]}' % sku.encode()

    def ask(number: int) -> int:
        try:
            return door.call("POST", PATH, raw=body, checked=False, idempotency_key=f"{number}").status
        finally:
            connections.close_all()

    with ThreadPoolExecutor(8) as pool:
        statuses = list(pool.map(ask, range(80)))

    assert (statuses.count(201), statuses.count(429)) == (50, 30)


def test_a_key_for_other_locations_is_refused_by_django(door_with, sent):
    make_product("L-1", on_hand=5)
    elsewhere = make_location("SHOP")
    door = door_with("stock:write", "catalog:read", locations=[elsewhere.pk])
    door.get("me")
    body = b'{"reason":"sold","lines":[{"sku":"L-1","delta":-1}]}'

    answer, by_lane = sent(application, body, idempotency_key="k", authorization=f"Bearer {door.secret}")

    assert (answer.status, by_lane) == (403, False)
    assert ApiKey.objects.count() == 2


def test_a_lane_that_fails_after_the_commit_is_answered_by_the_replay(sent, monkeypatch):
    make_product("L-1", on_hand=5)
    body = b'{"reason":"sold","lines":[{"sku":"L-1","delta":-1}]}'
    ask = adjustments._room.ask
    monkeypatch.setattr(adjustments._room, "ask", lambda waiting: 1 / (ask(waiting) is None))

    answer, by_lane = sent(application, body, idempotency_key="k")

    assert (answer.status, by_lane, answer.headers["idempotency-replayed"]) == (201, False, "true")
    assert StockMovement.objects.filter(reason="sold").count() == 1


def test_the_lane_gives_its_connection_back(sent):
    make_product("L-1", on_hand=5)

    _, by_lane = sent(application, b'{"reason":"sold","lines":[{"sku":"L-1","delta":-1}]}', idempotency_key="k")

    assert by_lane
    assert connections["default"].connection is None


def test_nobody_waits_for_ever_where_serving_fails(sent, monkeypatch):
    make_product("L-1", on_hand=5)
    monkeypatch.setattr(turns, "_adjust", lambda *_: 1 / 0)
    body = b'{"reason":"sold","lines":[{"sku":"L-1","delta":-1}]}'

    answer, by_lane = sent(application, body, idempotency_key="k")

    assert (answer.status, by_lane) == (201, False)
    assert not adjustments._room._busy
