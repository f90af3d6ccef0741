"""The fast lane answers what Django would: status, headers in their order and spelling, body; and is as strict."""

import re
import time
from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from itertools import islice
from random import Random

import pytest
from django.urls import resolve
from django.utils import timezone

from api import authentication, counters
from api.edge import ANSWERED, failures, frame, line, listings, products, routes
from inventory import caching
from inventory.context import SYSTEM
from inventory.models import ApiKey, Product
from inventory.operations.access import create_api_key, revoke_api_key
from tests.api.door import collect, environ_of
from tests.api.twins import WITH, WITHOUT, Stock, Wish, answers, wishes
from tests.builders import main_location, make_category, make_key, make_product, move
from tests.caching.conftest import start_epoch
from tests.caching.servers import PrivateRedis

REQUESTS = 1_000


@pytest.fixture
def stock(transactional_db, unhurried):
    """A small shop, whose keys are good, weak, limited, over and withdrawn."""
    counters._redis_away_until = 0.0  # no outage of another test's
    above = make_category("Above")
    below = make_category("Below", parent=above)
    empty = make_category("Empty")
    skus = ["PLAIN", "Mixed.Case_1", "with/slash", "ends/stock", "x-1"]
    made = [make_product(sku, category=dice, on_hand=3) for sku, dice in zip(skus, [above, below] * 3, strict=False)]
    keys = [make_key(scopes=("stock:read",)), make_key(scopes=("catalog:read",), locations=[main_location().pk])]
    keys += [make_key(scopes=("catalog:read",)) for _ in range(2)]
    ApiKey.objects.filter(digest=authentication.digest_of(keys[2])).update(expires_at=timezone.now())
    ApiKey.objects.filter(digest=authentication.digest_of(keys[3])).update(revoked_at=timezone.now())
    usual = make_key(scopes=("catalog:read",))
    paths = [f"/api/v1/products/{product.pk}" for product in made]
    paths += [f"/api/v1/products/sku:{sku}" for sku in skus]
    listed = [f"/api/v1/categories/{category.pk}/products" for category in (above, below, empty)]
    etags = {path: dict(get(usual, path)[1]).get("ETag", "") for path in paths}
    page = get(usual, listed[0], query="page_size=2")[2].decode()
    return Stock(etags, listed, re.findall(r"cursor=([^&\"]+)", page), keys, usual)


def get(secret, path, application=WITHOUT, **more):
    headers = {"authorization": f"Bearer {secret}", **more.pop("headers", {})}
    return collect(application, environ_of("GET", path, more.pop("query", ""), headers=headers))


def lane_has(secret, path, *, query="", headers=None, tries=3):
    """Does the lane answer it, once its key and the cache's trust have been looked up again? Its status as well."""
    environ = environ_of("GET", path, query, headers={"authorization": f"Bearer {secret}", **(headers or {})})
    status, *_ = collect(WITH, environ)
    if ANSWERED not in environ and tries > 1:
        return lane_has(secret, path, query=query, headers=headers, tries=tries - 1)
    return ANSWERED in environ, int(status.split()[0])


def forget_settings():
    """What was concluded from them, which is remembered for as long as a key is."""
    frame.forget()
    authentication.forget_all()


def differences(stock, seed, count=REQUESTS):
    """Requests that are answered differently, and what the lane answered by itself."""
    wrong, lane = [], Counter()
    for wish in islice(wishes(stock, Random(seed)), count):
        without, with_it, by_lane = answers(wish)
        lane[without[0]] += by_lane
        if without != with_it:
            wrong.append((wish, without, with_it))
    return wrong, lane


@pytest.mark.slow
@pytest.mark.parametrize("seed", range(5))
def test_a_thousand_requests_are_answered_alike_with_the_lane_and_without(stock, seed):
    failed = failures.COUNT._value.get()

    wrong, lane = differences(stock, seed)

    assert wrong == []
    assert failures.COUNT._value.get() == failed
    assert lane["200 OK"] > REQUESTS / 5
    assert lane["304 Not Modified"] > REQUESTS / 20
    assert set(+lane) == {"200 OK", "304 Not Modified"}


@pytest.mark.parametrize(
    ("where", "name", "value"),
    [
        (products, "_HIT", ("Cache-Status", "stockroom; HIT")),
        (products, "_JSON", ("content-type", "application/json")),
        (products, "names", lambda header, etag: False),
        (listings, "enveloped", lambda *page: b"{}"),
        (frame, "_SAFE", []),
    ],
)
def test_a_lane_that_answers_otherwise_is_found(stock, monkeypatch, where, name, value):
    monkeypatch.setattr(where, name, value)

    wrong, _ = differences(stock, seed=1, count=300)

    assert wrong


def test_the_plain_reads_are_answered_by_the_lane(stock):
    asked = [*stock.products, *stock.listings]
    for path in asked:
        get(stock.usual, path)

    found = [lane_has(stock.usual, path) for path in asked if not path.endswith("ends/stock")]

    assert set(found) == {(True, 200)}
    tag = stock.etags[stock.products[0]]
    assert lane_has(stock.usual, stock.products[0], headers={"if_none_match": tag}) == (True, 304)
    get(stock.usual, stock.listings[0], query="ordering=-price")
    assert lane_has(stock.usual, stock.listings[0], query="ordering=-price") == (True, 200)


def test_every_lane_is_called_as_django_calls_its_route(stock):
    for path, lane in ((stock.products[0], products.LANE), (stock.listings[0], listings.LANE)):
        assert routes.lane_for("GET", path) is lane
        assert resolve(path).route == lane.route
        assert dict(get(stock.usual, path)[1])["Allow"] == lane.allow


def test_a_write_is_seen_by_the_next_read(stock):
    path = stock.products[0]
    product = Product.objects.get(sku="PLAIN")

    for pieces in range(4, 14):
        move(product, 1)
        bodies = [get(stock.usual, path, WITH)[2] for _ in range(3)]  # a miss, and then the lane

        assert all(b'"on_hand":%d,' % pieces in body for body in bodies)


@pytest.mark.parametrize("query", ["", "fields=id"], ids=["on the lane", "handed down every other time"])
def test_a_limit_of_fifty_lets_exactly_fifty_through(stock, query):
    _, secret = create_api_key(name="limited", scopes=["catalog:read"], rate_limit=50, actor=SYSTEM)
    path, queries = stock.products[0], ["", query]

    def ask(number):
        return get(secret, path, WITH, query=queries[number % 2])[0]

    with ThreadPoolExecutor(8) as pool:
        statuses = Counter(pool.map(ask, range(160)))

    assert statuses == {"200 OK": 50, "429 Too Many Requests": 110}
    assert not counters._running


def test_a_request_that_the_lane_counted_and_handed_down_is_counted_once(stock):
    _, secret = create_api_key(name="limited", scopes=["catalog:read"], rate_limit=5, actor=SYSTEM)
    unknown = "/api/v1/products/01932d6e-8a40-7c3e-9b51-0f6d1c2a7e55"

    statuses = [get(secret, unknown, WITH)[0][:3] for _ in range(7)]

    assert statuses == ["404"] * 5 + ["429"] * 2


def test_a_revoked_key_works_for_two_seconds_at_most(stock):
    key, secret = create_api_key(name="short", scopes=["catalog:read"], actor=SYSTEM)
    get(secret, stock.products[0])
    assert lane_has(secret, stock.products[0]) == (True, 200)

    revoke_api_key(key.pk, actor=SYSTEM)
    revoked = time.monotonic()
    while lane_has(secret, stock.products[0])[1] == 200:
        time.sleep(0.02)

    assert time.monotonic() - revoked < authentication.REMEMBERED_FOR_S + 0.3


def test_a_key_that_expires_is_refused_at_once(stock):
    key, secret = create_api_key(name="short", scopes=["catalog:read"], actor=SYSTEM)
    ApiKey.objects.filter(pk=key.pk).update(expires_at=timezone.now() + timedelta(seconds=0.7))
    assert lane_has(secret, stock.products[0])[1] == 200
    assert lane_has(secret, stock.products[0]) == (True, 200)

    time.sleep(0.75)

    assert lane_has(secret, stock.products[0]) == (False, 401)


def test_too_many_at_once_are_refused_as_ever(stock, settings):
    settings.API_CONCURRENT_REQUESTS = 1
    get(stock.usual, stock.products[0])
    principal = authentication.recall(stock.usual).caller.principal
    assert counters.enter(principal, 1)

    authentication.forget_all()
    get(stock.usual, "/api/v1/me")
    refused = lane_has(stock.usual, stock.products[0])

    counters.leave(principal)
    assert refused == (False, 429)
    assert lane_has(stock.usual, stock.products[0]) == (True, 200)


@pytest.mark.parametrize(
    "change",
    [
        {"INVENTORY_CACHE_INVALIDATION_ENABLED": False},
        {"LIMITS_REDIS_URL": "redis://127.0.0.1:1/0"},
        {"SECURE_SSL_REDIRECT": True},
        {"MIDDLEWARE": []},
        {"USE_X_FORWARDED_HOST": True},
    ],
    ids=lambda change: next(iter(change)),
)
def test_with_these_settings_everything_is_handed_down(stock, settings, change):
    assert lane_has(stock.usual, stock.products[0])[0]

    for name, value in change.items():
        setattr(settings, name, value)
    forget_settings()

    assert not lane_has(stock.usual, stock.products[0])[0]


def test_behind_a_proxy_that_speaks_https_the_answers_are_alike(stock, settings):
    settings.SECURE_SSL_REDIRECT, settings.SECURE_HSTS_SECONDS = True, 60
    settings.SECURE_PROXY_SSL_HEADER = ("HTTP_X_FORWARDED_PROTO", "https")
    forget_settings()
    wish = Wish("GET", stock.listings[0], "page_size=2", b"", {"x_forwarded_proto": "https", "host": "localhost"})
    wish.headers["authorization"] = f"Bearer {stock.usual}"

    # Django's middlewares have read their settings already: only what is asked for each request differs.
    _, (status, headers, body), by_lane = answers(wish)

    assert (by_lane, status, dict(headers)["Strict-Transport-Security"]) == (True, "200 OK", "max-age=60")
    assert b'"next":"https://localhost/' in body


@pytest.fixture
def private(stock, settings):
    """A Redis of the test's own below cache and limits."""
    with PrivateRedis() as server:
        settings.CACHES = {"default": settings.CACHES["default"] | {"LOCATION": server.url}}
        settings.REDIS_URL, settings.LIMITS_REDIS_URL = server.url, ""
        caching._trust._client = None
        start_epoch()
        yield server
    caching._trust._client = None
    start_epoch()
    counters._redis_away_until = 0.0


def warm(stock):
    until = time.monotonic() + 10
    while lane_has(stock.usual, stock.products[0]) != (True, 200):
        assert time.monotonic() < until
        time.sleep(0.05)


@pytest.mark.parametrize("fail", ["kill", "freeze", "kill_clients", "restart"])
def test_whatever_redis_does_the_answer_is_right_and_the_lane_comes_back(stock, private, fail):
    warm(stock)
    right = get(stock.usual, stock.products[0])[2]

    getattr(private, fail)()
    statuses = {(get(stock.usual, stock.products[0], WITH)[0], get(stock.usual, stock.products[0], WITH)[2])}

    assert statuses == {("200 OK", right)}
    private.thaw()
    if not private.child.alive:
        private.start()
    counters._redis_away_until = 0.0
    warm(stock)


def test_a_script_that_redis_forgot_is_loaded_again(stock, private):
    warm(stock)

    private.do("SCRIPT", "FLUSH")

    assert lane_has(stock.usual, stock.products[0], tries=1) == (False, 200)
    warm(stock)


def test_a_line_that_was_idle_for_long_is_a_new_one(stock, monkeypatch):
    lane_has(stock.usual, stock.products[0])
    lane_has(stock.usual, stock.products[0])
    first = line._mine.line

    monkeypatch.setattr(line, "IDLE_S", -1.0)

    assert lane_has(stock.usual, stock.products[0]) == (True, 200)
    assert line._mine.line is not first
    assert not first.wire.is_open


def test_an_answer_that_nobody_foresaw_is_djangos(stock, monkeypatch):
    def break_down(*_):
        raise RuntimeError("Nobody foresaw this")

    get(stock.usual, stock.products[0])
    monkeypatch.setattr(products, "etag_for", break_down)

    assert lane_has(stock.usual, stock.products[0]) == (False, 200)
