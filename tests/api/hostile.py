"""Input that broke other services: values, bodies, headers, paths. Each entry is a request in the making."""

import json
from collections.abc import Iterator
from typing import Any
from urllib.parse import quote

from api.schema.document import document
from tests.api.contract import resolved

AN_ID = "01932d6e-8a40-7c3e-9b51-0f6d1c2a7e55"

#: Raw query values, percent-encoded already.
QUERY_VALUES = [
    "", "%00", "a%00b", "%ff", "%", "%zz", "%C0%AF", "%ED%A0%80", "null", "undefined", "NaN", "Infinity", "-1", "0",
    "1e400",
    "1e-1000000", "9" * 400, "99999999999999999999", "1_0", "%D9%A3", "1.5", "+1", "true", "[]", "{}", "'",
    "%27%3B--", "%25",
    "_", "(", "%5Ba", "*", "a{99999}", "%E2%80%AE", "%F0%9F%92%A9", "x" * 5000, AN_ID, "sku:%00",
    "0001-01-01T00:00:00Z",
    "9999-12-31T23:59:60Z", "2026-11-23T00:00:00%2B99:99", "-infinity", "now", "%0d%0aSet-Cookie:x", "..%2f..%2fetc",
]  # fmt: skip

QUERY_SHAPES = [
    "&", "&&&", "=", "=&=", "a", "?", "#", "%00", "\xff", "a[]=1", "a[b]=1", "a.b=1", "__class__=1",
    "_connector=OR 1=1--",
    "format=html", "format=%00", "version=%00", "version=%0d%0aX", ";", "a=1;b=2", "&".join(["a=1"] * 2_000),
    "x" * 20_000,
]  # fmt: skip

PAGES = [
    "/", "/api/docs", "/api/reference", "/api/problems", "/api/problems/%00", "/health/live", "/health/ready",
    "/admin/login/",
]  # fmt: skip

#: Whole bodies as bytes.
BODIES = [
    b"", b" ", b"null", b"true", b"0", b'""', b"[]", b"{}", b"[[]]", b"[{}]", b"{", b"}", b"[1,]", b"\x00", b"\xff\xfe",
    b"NaN", b"-Infinity", b'{"a":NaN}', b"1" * 5000, b'{"a":1e400}', b"[" * 3000, b'{"a":' * 3000,
    b"[" * 40 + b"]" * 40,
    b'{"a":1,"a":2}', b'{"\\u0000":1}', b'{"\\ud800":1}', b'{"a":"\\ud800"}', b'{"__proto__":{}}', b'{"":""}',
    "{}".encode("utf-16"), b"\xef\xbb\xbf{}", b"<xml/>", b"a=b&c=d", b"--x\r\n", b"%PDF-1.4", b"\x1f\x8b\x08\x00",
    json.dumps({"x" * 10_000: 1}).encode(), json.dumps({str(n): n for n in range(5_000)}).encode(),
    json.dumps([0] * 100_000).encode(), json.dumps({"name": "x" * 1_000_000}).encode(),
]  # fmt: skip

#: JSON values that are put in the place of every member of every body.
MEMBER_VALUES: list[Any] = [
    None, True, False, 0, -1, 1.5, 10**12, -(10**400), 1e308, "", " ", "\u200b", "x" * 30_000, "\U0001f4a9", "a\nb",
    "\u202e",
    "null", "1e400", "-0", "NaN", "٣", "1_0", "../..", "' OR 1=1 --", "{{7*7}}", "${jndi:x}", "sku:X", AN_ID,
    AN_ID.upper(),
    "0001-01-01T00:00:00Z", "9999-12-31T23:59:59Z", "2026-02-30T00:00:00Z", [], [None], [[]], [{}], [1] * 2_000, {},
    {"a": {}},
    {"$gt": ""}, {"x" * 300: "y"}, ["a", "a"], [{"sku": "X"}] * 2,
]  # fmt: skip

CONTENT_TYPES = [
    "x/y; a*=BOGUS''z", "x/y; charset*=BOGUS''z", "text/plain; charset=rot13", "application/json; charset=hex",
    "application/json; charset=bz2_codec", "application/json; charset=utf-7", "application/json; charset=utf-16",
    "application/json; charset=unicode_escape", "application/json; charset=undefined", "application/json; charset=",
    "application/json; charset", "application/json;;;", "application/json; a=\"", "application/json; a=\"\\\"",
    "json", "/", "*/*",
    "text/html", "application/x-www-form-urlencoded", "multipart/form-data",
    "multipart/form-data; boundary=" + "x" * 200,
    "application/json\x00", "application/json, text/html", "a" * 5_000, ";", "application/problem+json",
    "application/xml",
    "application/json; charset=\"utf-8\"; charset=latin-1", "é/é", "application/json; q=1; =x",
]  # fmt: skip

ACCEPTS = [
    "", "*", "*/", "/*", "a/b/c", ",", ",,,,", ";q=1", "*/*;q=0", "*/*;q=nan", "*/*;q=inf", "*/*;q=-1",
    "application/json;q=",
    "text/html", "application/json;indent=4", "application/json; version=\x00", "x/" + "y" * 8_000,
    ", ".join(["a/b;q=0.1"] * 2_000),
    "image/png,*/*;q=0.1", "é", "application/*", "*/json",
]  # fmt: skip

HEADER_VALUES = [
    "", " ", "\x00", "é", "a b", "x" * 10_000, "a,b", '"', '""', "W/", "*,*", "\t", "\x7f", "%00", "null", "1",
    '"1"x', "a\r\nb: c",
    '"' * 500, "," * 5_000,
]  # fmt: skip
HEADERS = [
    "x-request-id", "idempotency-key", "if-match", "if-none-match", "authorization", "host", "cookie",
    "x-forwarded-for",
    "x-forwarded-proto", "x-forwarded-host", "range", "expect", "accept-encoding", "accept-language", "origin",
    "x-csrftoken",
    "content-encoding", "content-length", "referer", "x-http-method-override",
]  # fmt: skip

PATHS = [
    "%00", "products/%00", "products/sku:%00", "products/sku:a%00b", "products/sku:", "products/sku:%ff",
    "products/sku:%2F%2F",
    "products/sku:" + "x" * 5_000, "products/sku:..%2f..", "products/sku:%F0%9F%92%A9", "products/%ED%A0%80",
    "products/null",
    "products/1e400", "products/" + "9" * 500, "products/-1", "products//", "products/..", "products/%2e%2e/me",
    "%2e%2e/admin",
    "products/" + AN_ID + "/", "products/" + AN_ID + "%00", "products/" + AN_ID + "/stock/x",
    "products/" + AN_ID.upper(),
    "products/{" + AN_ID + "}", "products/urn:uuid:" + AN_ID, "products/" + AN_ID.replace("-", ""), "categories/%00",
    "categories/.",
    "categories/\x7f", "products/sku:;drop", "products/sku:%0d%0a", "me/", "me.json", "products.csv",
    "archive/%C0%AF", "_", "*",
    "stock/levels/0x10", "stock/movements/1", "reservations/plan/x", "alerts/" + "a/" * 500, "products/sku:%25",
    "PRODUCTS",
]  # fmt: skip

METHODS = [
    "TRACE",
    "CONNECT",
    "PROPFIND",
    "PURGE",
    "QUERY",
    "FOO",
    "get",
    "G" * 500,
    "POST\x00",
    "_",
    "__class__",
    "HEAD",
    "OPTIONS",
]


def query_requests() -> Iterator[tuple[str, str]]:
    """Every query parameter of every operation, with every value."""
    for path, methods in document()["paths"].items():
        for parameter in methods.get("get", {}).get("parameters", []):
            if parameter["in"] == "query":
                for value in QUERY_VALUES:
                    yield filled(path), f"{parameter['name']}={value}"


def body_requests() -> Iterator[tuple[str, str, bytes]]:
    """Every body of every operation: whole bodies, and each member replaced by each value."""
    for path, methods in document()["paths"].items():
        for method, operation in methods.items():
            content = operation.get("requestBody", {}).get("content", {}).get("application/json")
            if content is None:
                continue
            for raw in BODIES:
                yield method.upper(), filled(path), raw
            schema = resolved(content["schema"])
            for name in [*schema.get("properties", {}), "stock", "id", "__class__"]:
                for value in MEMBER_VALUES:
                    yield method.upper(), filled(path), json.dumps(honest(schema) | {name: value}).encode()


def honest(schema: dict[str, Any]) -> dict[str, Any]:
    """The required members of a body, with values that fit."""
    return {name: _fitting(resolved(schema["properties"][name])) for name in schema.get("required", [])}


def _fitting(schema: dict[str, Any]) -> Any:
    if "enum" in schema:
        return schema["enum"][0]
    if schema.get("type") == "array":
        return [_fitting(resolved(schema["items"]))]
    if schema.get("type") == "object":
        return honest(schema)
    if schema.get("type") == "integer":
        return 1
    return AN_ID if schema.get("format") == "uuid" else "X-1"


def filled(path: str) -> str:
    """A path with an id in the place of each variable."""
    return path.replace("{id}", AN_ID).replace("{", "").replace("}", "")


def encoded(path: str) -> str:
    return quote(path, safe="%/:;{}*._")
