"""Requests in the making for two front doors that must answer alike: with the fast lane, and without."""

import re
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from random import Random
from typing import Any

from api.edge import ANSWERED, Edge
from api.shim import Shim
from config.wsgi import django_application
from tests.api.door import collect, environ_of

WITH, WITHOUT = Shim(Edge(django_application)), Shim(django_application)
AN_ID = "01932d6e-8a40-7c3e-9b51-0f6d1c2a7e55"
_NEW_ID = re.compile(r"[0-9a-f]{8}-[0-9a-f]{4}-7[0-9a-f]{3}-[0-9a-f]{4}-[0-9a-f]{12}")

Seen = tuple[str, list[tuple[str, str]], bytes]


@dataclass(frozen=True)
class Wish:
    method: str
    address: str
    query: str
    body: bytes
    headers: Mapping[str, str]


@dataclass(frozen=True)
class Stock:
    """What there is to ask for: paths of products with their tags, paths of listings, cursors, and secrets."""

    etags: dict[str, str]
    listings: list[str]
    cursors: list[str]
    secrets: list[str]
    usual: str

    @property
    def products(self) -> list[str]:
        return list(self.etags)


def answers(wish: Wish) -> tuple[Seen, Seen, bool]:
    """Without the lane, with it, and whether the lane did it."""
    without, _ = _ask(WITHOUT, wish)
    if any("fwd=miss" in value for _, value in without[1]):
        without, _ = _ask(WITHOUT, wish)  # the first one has filled the cache
    with_it, environ = _ask(WITH, wish)
    return without, with_it, ANSWERED in environ


def _ask(application: Any, wish: Wish) -> tuple[Seen, dict[str, Any]]:
    environ = environ_of(wish.method, wish.address, wish.query, wish.body, dict(wish.headers))
    if wish.headers.get("host") == "":
        del environ["HTTP_HOST"]
    status, headers, body = collect(application, environ)
    return _alike(status, headers, body), environ


def _alike(status: str, headers: list[tuple[str, str]], body: bytes) -> Seen:
    """Without what must differ: new request ids, new tokens, and what is left of the rate limit."""
    told = dict(headers)
    identity = told["X-Request-ID"]
    if _NEW_ID.fullmatch(identity):
        body = body.replace(identity.encode(), b"(new)")
        told["X-Request-ID"] = "(new)"
    if "RateLimit" in told:
        assert re.fullmatch(r'"default";r=\d+;t=\d+', told["RateLimit"])
        told["RateLimit"] = "(counted)"
    if "Set-Cookie" in told:  # a new token against forgery
        told["Set-Cookie"] = told["Set-Cookie"].partition("=")[0]
    return status, [(name, told.get(name, value)) for name, value in headers], body


def wishes(stock: Stock, dice: Random) -> Iterator[Wish]:
    """Without end: some are as most are, some are odd in one way or another, some in many."""
    while True:
        oddity = dice.choice([0.0, 0.05, 0.2])

        def is_odd(share: float = oddity) -> bool:
            return dice.random() < share

        address = dice.choice(ODD_PATHS if is_odd() else [*stock.etags, *stock.listings])
        headers = _headers(stock, dice, is_odd)
        tag = stock.etags.get(address)
        if tag and dice.random() < 0.4:
            headers["if_none_match"] = dice.choice(NAMING)(tag)
        query = _query(stock, dice) if is_odd() or (address in stock.listings and dice.random() < 0.5) else ""
        yield Wish(
            dice.choice(METHODS) if is_odd() else "GET",
            dice.choice(SPELLINGS)(address) if is_odd() else address,
            query,
            b'{"a":1}' if is_odd() else b"",
            headers,
        )


def _headers(stock: Stock, dice: Random, is_odd: Callable[[], bool]) -> dict[str, str]:
    headers = {"authorization": f"Bearer {stock.usual}", "x_request_id": "mine", "accept": "*/*"}
    for name, values in ODD_HEADERS.items():
        if is_odd():
            headers[name] = dice.choice(values)
    if is_odd():
        headers["authorization"] = dice.choice(CREDENTIALS)(dice.choice([stock.usual, *stock.secrets]))
    for name in ("authorization", "x_request_id", "accept"):
        if is_odd() and is_odd():
            del headers[name]
    return headers


def _query(stock: Stock, dice: Random) -> str:
    if dice.random() < 0.3:
        return "cursor=" + dice.choice([*stock.cursors, "x", ""]) + dice.choice(["", "&page_size=2"])
    return "&".join(dice.choice(QUERIES) for _ in range(dice.choice([1, 1, 2])))


METHODS = ["HEAD", "OPTIONS", "POST", "PUT", "PATCH", "DELETE", "TRACE", "get", "FOO"]
ODD_PATHS = [
    "/api/v1/products", "/api/v1/products/", "/api/v1/products/sku:", "/api/v1/products/SKU:PLAIN",
    f"/api/v1/products/{AN_ID}", f"/api/v1/products/{AN_ID}/stock", "/api/v1/products/sku:NONE",
    "/api/v1/products/sku:PLAIN/stock", "/api/v1/products/sku:PLAIN/history", "/api/v1/products/sku:%C3%A9",
    "/api/v1/products/sku:" + "A" * 64, "/api/v1/products/sku:" + "A" * 65, "/api/v1/products/sku:A%20B",
    "/api/v1/products/sku:A%3FB", "/api/v1/products/%00", "/api/v1/products/sku:%FF", "/api/v1/categories//products",
    f"/api/v1/categories/{AN_ID}/products", "/api/v1/categories/products", f"/api/v1/categories/{AN_ID}",
    "/api/v1/products/1", "/api/v1/products/me", "/api/v1//products/sku:PLAIN", "/API/v1/products/sku:PLAIN",
]  # fmt: skip
SPELLINGS: list[Callable[[str], str]] = [
    str.upper,
    lambda path: path + "/",
    lambda path: path.replace("-", ""),
    lambda path: path.replace("/", "%2F"),
    lambda path: path.replace("/api/v1/", "/api/v1/x/../"),
    lambda path: path.replace("sku:", "sku%3A"),
    lambda path: "".join(f"%{ord(letter):02X}" if letter.isalnum() else letter for letter in path),
    lambda path: path.rsplit("/", 1)[0] + "/" + path.rsplit("/", 1)[1].lower(),
    lambda path: path.rsplit("/", 1)[0] + "/" + path.rsplit("/", 1)[1].swapcase(),
    lambda path: path.rsplit("/", 1)[0] + "/{" + path.rsplit("/", 1)[1] + "}",
    lambda path: path.rsplit("/", 1)[0] + "/urn:uuid:" + path.rsplit("/", 1)[1],
]
QUERIES = [
    "x=1", "fields=id", "fields=nope", "expand=category", "page_size=2", "page_size=0", "page_size=", "page_size=%32",
    "%70age_size=2", "page_size=2&page_size=2", "count=exact", "count=no", "ordering=-price", "ordering=price",
    "ordering=nope", "descendants=false", "descendants=true", "descendants=maybe", "", "&", "=", "format=json",
    "page_size=201", "%zz", "%ff", "a%00", "page_size=2#x", "q=%C3%A9", "page_size=1;count=exact", "cursor",
]  # fmt: skip

#: What is made of a secret.
CREDENTIALS: list[Callable[[str], str]] = [
    *[lambda secret: f"Bearer {secret}"] * 6,
    lambda secret: "", lambda secret: "Bearer", lambda secret: "Bearer ", lambda secret: f"bearer {secret}",
    lambda secret: f"Bearer  {secret}", lambda secret: f"Bearer {secret} ", lambda secret: f"Bearer {secret}\t",
    lambda secret: f"Bearer {secret} x", lambda secret: "Bearer nobody", lambda secret: "Basic eDp4",
    lambda secret: "Bearer eyJh.eyJi.c", lambda secret: f"Token {secret}", lambda secret: secret,
    lambda secret: "Bearer " + "x" * 600, lambda secret: "Bearer \xe9",
]  # fmt: skip
#: What is made of an entity tag.
NAMING: list[Callable[[str], str]] = [
    *[lambda tag: tag] * 3,
    lambda tag: f"W/{tag}", lambda tag: f'"a", W/{tag}', lambda tag: f"  {tag}  ", lambda tag: f"{tag},{tag}",
    lambda tag: tag.strip('"'), lambda tag: '"x", ' * 3000 + tag, lambda tag: tag.upper(),
    lambda tag: '"unclosed, ' + tag, lambda tag: "*", lambda tag: f"*, {tag}", lambda tag: f"w/{tag}",
]  # fmt: skip
ODD_HEADERS: dict[str, list[str]] = {
    "accept": [
        "", "application/json", "text/html", "application/*", "application/json;q=0", "*/*;q=0.1", "text/csv",
        "application/problem+json", "text/html, application/json;q=0.5", "APPLICATION/JSON", "application/json; v=1",
        ",", "x" * 3000, "application/xml, */*;q=0.8", "nonsense", "application/json;q=x",
    ],
    "if_none_match": ["*", "", " ", '"1"', '"nope"', "garbage"],
    "x_request_id": ["", "x" * 128, "x" * 129, "a b", "\xe9", "!~"],
    "host": [
        "localhost", "LOCALHOST", "localhost:8000", "localhost.", "testserver:80", "evil.example", "", "a b",
        "[::1]", "127.0.0.1:99999", "localhost:", "127.0.0.1, evil.example", "x" * 600,
    ],
    "cookie": ["a=b", "sessionid=x", "csrftoken=bad", ""],
    "content_type": ["application/json", "text/plain", "x/y; a*=BOGUS''z", "text/plain; charset=utf-16"],
    "content_length": ["0", "5", "abc", "-1"],
    "transfer_encoding": ["chunked"],
    "if_match": ["*", '"1"'],
    "range": ["bytes=0-9"],
    "origin": ["http://evil.example", "null"],
    "referer": ["http://evil.example/"],
    "x_forwarded_host": ["evil.example"],
    "x_forwarded_proto": ["https", "http", "https,http"],
    "x_forwarded_for": ["10.0.0.1"],
    "accept_encoding": ["gzip", "identity"],
    "accept_language": ["de"],
    "if_modified_since": ["Mon, 23 Nov 2026 10:00:00 GMT"],
    "idempotency_key": ["k"],
    "x_http_method_override": ["DELETE"],
    "user_agent": ["curl/8", ""],
}  # fmt: skip
