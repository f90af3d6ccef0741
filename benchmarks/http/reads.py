"""Reads: a product from the cache, unchanged (304), and past it; a page of 50 from the cache."""

import time
from collections.abc import Callable, Iterable, Mapping, Sequence
from http.client import HTTPConnection
from uuid import UUID

from redis import Redis

from benchmarks.load import Load
from benchmarks.rounds import Measure

from .fill import PAGE
from .ratios import Wanted
from .stage import Stage

CONNECTIONS = 16
WARM = 200
TRUST_S = 15.0
PRODUCT = "/api/v1/products/"
RATIOS = [
    Wanted("ours, hit", "raw", "per second", 0.80),
    Wanted("ours, hit", "redis_py", "per second", 1.4),
    Wanted("ours, hit", "const", "server µs"),
    Wanted("ours, hit", "drf", "server µs", 60),
    Wanted("ours, 304", "ours, hit", "per second", 1.0),
    Wanted("ours, miss", "bpg", "per second", 0.45),
    Wanted("ours, page hit", "drf, page", "server µs", 60),
    Wanted("ours, page hit", "raw, page", "server µs"),
]
Ready = Callable[[], list[str]]


def variants(stage: Stage, seconds: float, clients: Sequence[int]) -> Mapping[str, Measure]:
    found: dict[str, Measure] = {}
    drf = [str(n + 1) for n in range(len(stage.ids))]
    ids = [str(pk) for pk in stage.ids]
    for n in stage.threads:
        for name, lines in (("const", ["product"]), ("redis_py", ids), ("raw", ids), ("bpg", ids)):
            found[f"{name} ×{n}"] = _variant(stage, f"{name} ×{n}", "/", lines, seconds)
        for name in ("const", "raw"):
            found[f"{name}, page ×{n}"] = _variant(stage, f"{name} ×{n}", "/", ["page"], seconds)
        found[f"drf ×{n}"] = _variant(stage, f"drf ×{n}", "/products/", drf, seconds)
        found[f"drf, page ×{n}"] = _variant(stage, f"drf ×{n}", "/", ["products"], seconds)
    few = stage.ids[:WARM]
    address = f"/api/v1/categories/{stage.category}/products?page_size={PAGE}"
    hit, miss = "cache-status: stockroom; hit", "cache-status: stockroom; fwd=miss"
    found["ours, hit"] = _variant(stage, "ours", PRODUCT, lambda: _asked(warmed(stage, few)), seconds, marker=hit)
    found["ours, 304"] = _variant(stage, "ours", PRODUCT, lambda: _named(warmed(stage, few)), seconds, status="304")
    found["ours, miss"] = _variant(stage, "ours", PRODUCT, lambda: _emptied(stage), seconds, marker=miss, once=True)
    found["ours, page hit"] = _variant(stage, "ours", "", lambda: _filled(stage, address), seconds, marker=hit)
    return found


def _variant(
    stage: Stage,
    server: str,
    path: str,
    lines: list[str] | Ready,
    seconds: float,
    *,
    status: str = "200",
    marker: str = "",
    once: bool = False,
) -> Measure:
    secret = f"Token {stage.token}" if server.startswith("drf") else f"Bearer {stage.key}"
    template = f"GET {path}%(line)s\r\nHost: 127.0.0.1\r\nAuthorization: {secret}\r\n\r\n"

    def measure() -> Mapping[str, float]:
        asked = lines() if callable(lines) else _asked(lines)
        load = Load(0, CONNECTIONS, seconds, template, asked, once, expected=status, marker=marker)
        return stage.sample(server, load)[1]

    return measure


def warmed(stage: Stage, ids: Sequence[UUID]) -> dict[str, str]:
    """Ask for each until it comes from the cache. Id → ETag."""
    return {str(pk): _hit(stage, f"{PRODUCT}{pk}") for pk in ids}


def _hit(stage: Stage, address: str) -> str:
    until = time.monotonic() + TRUST_S
    connection = HTTPConnection("127.0.0.1", stage.servers["ours"].port, timeout=10)
    while time.monotonic() < until:
        connection.request("GET", address, headers={"Authorization": f"Bearer {stage.key}"})
        response = connection.getresponse()
        response.read()
        if response.status != 200:
            raise AssertionError(f"{address} answered {response.status}")
        if response.headers["Cache-Status"] == "stockroom; hit":
            connection.close()
            return response.headers["ETag"] or ""
        time.sleep(0.02)
    raise AssertionError(f"{address} never came from the cache")


def _named(etags: Mapping[str, str]) -> list[str]:
    """Ids, each with the header that names what the caller has already."""
    return [f"{pk} HTTP/1.1\r\nIf-None-Match: {etag}" for pk, etag in etags.items()]


def _emptied(stage: Stage) -> list[str]:
    """Nothing is cached, and the cache is trusted: so each id, asked for once, is a miss that fills it."""
    warmed(stage, stage.ids[:1])
    with Redis.from_url(stage.ground.redis_url) as redis:
        redis.flushdb()
    return _asked(str(pk) for pk in stage.ids)


def _filled(stage: Stage, address: str) -> list[str]:
    _hit(stage, address)
    return _asked([address])


def _asked(targets: Iterable[str]) -> list[str]:
    """The rest of the request line; headers may follow."""
    return [f"{target} HTTP/1.1" for target in targets]
