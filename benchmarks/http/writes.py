"""Adjustments: one line each, over 10,000 rows that nobody fights for, and on one row that everybody wants."""

from collections.abc import Mapping, Sequence

from django.db import connection

from benchmarks import shop
from benchmarks.load import Load
from benchmarks.rounds import Measure
from inventory.context import SYSTEM
from inventory.operations import reconcile

from .ratios import Wanted
from .reads import warmed
from .stage import Stage, serial

CONNECTIONS = 16
RATIOS = [
    Wanted("ours, uniform", "cte, uniform", "per second", 0.30),
    Wanted("ours, uniform", "drf, uniform", "server µs", 5),
    Wanted("ours, uniform", "drf, uniform", "per second", 5),
    Wanted("ours, hot, 16 clients", "ours, uniform", "per second", 1.0),
    Wanted("ours, hot, 64 clients", "ours, hot, 8 clients", "per second", 1.0),
]
# How the rows of a ledger contradict its levels: none may.
DRIFTS = {
    "cte": """SELECT count(*) FROM reference_level l WHERE on_hand <> %(pieces)s +
              COALESCE((SELECT sum(delta) FROM reference_ledger m WHERE m.sku = l.sku), 0)""",
    "drf": """SELECT count(*) FROM drf.drf_level l WHERE on_hand <> %(pieces)s +
              COALESCE((SELECT sum(delta) FROM drf.drf_movement m WHERE m.level_id = l.id), 0)""",
}
# What every acknowledged request has left behind, each in a table of its own.
TRACES = {
    "const": [],
    "cte": ["reference_ledger"],
    "drf": ["drf.drf_movement"],
    "ours": ["inventory_stockmovement", "inventory_idempotencyrecord", "inventory_event"],
}


def variants(stage: Stage, seconds: float, clients: Sequence[int]) -> Mapping[str, Measure]:
    _gain_trust(stage)
    found: dict[str, Measure] = {}
    for threads in stage.threads:
        for name in ("const", "cte", "drf"):
            found[f"{name}, uniform ×{threads}"] = _variant(stage, f"{name} ×{threads}", stage.skus, seconds)
        found[f"cte, hot ×{threads}"] = _variant(stage, f"cte ×{threads}", stage.skus[:1], seconds)
    found["ours, uniform"] = _variant(stage, "ours", stage.skus, seconds)
    for count in clients:
        found[f"ours, hot, {count} clients"] = _variant(stage, "ours", stage.skus[:1], seconds, count)
    return found


def _variant(stage: Stage, server: str, skus: list[str], seconds: float, clients: int = CONNECTIONS) -> Measure:
    name = server.partition(" ×")[0]
    # A blank where the other has its minus: all bodies are equally long.
    lines = [f'{sku}","delta":{delta}' for sku in skus for delta in (" 1", "-1")]

    def measure() -> Mapping[str, float]:
        before = _counts(name)
        load = Load(0, clients, seconds, _template(stage, name, len(lines[0])), lines)
        load.serial, load.expected = serial(), "200" if name == "const" else "201"
        report, figures = stage.sample(server, load)
        _check(name, before, report.requests)
        return figures

    return measure


def _template(stage: Stage, name: str, length: int) -> str:
    path = {"const": "/product", "cte": "/", "drf": "/movements"}.get(name, "/api/v1/stock/adjustments")
    secret = f"Token {stage.token}" if name == "drf" else f"Bearer {stage.key}"
    before, after = '{"lines":[{"sku":"', '}],"reason":"correction","reference":"benchmark"}'
    if name == "drf":
        before, after = '{"sku":"', ',"reason":"correction","reference":"benchmark"}'
    return (
        f"POST {path} HTTP/1.1\r\nHost: 127.0.0.1\r\nAuthorization: {secret}\r\nIdempotency-Key: %(serial)s\r\n"
        f"Content-Type: application/json\r\nContent-Length: {len(before) + length + len(after)}\r\n\r\n"
        f"{before}%(line)s{after}"
    )


def _counts(name: str) -> list[int]:
    return [_one(f"SELECT count(*) FROM {table}") for table in TRACES[name]]


def _check(name: str, before: list[int], acknowledged: int) -> None:
    """As many rows as answers, and every counter where its ledger says."""
    grown = [after - start for start, after in zip(before, _counts(name), strict=True)]
    if grown != [acknowledged] * len(grown):
        raise AssertionError(f"{acknowledged} answers of {name} left {grown} rows in {TRACES[name]}")
    if name == "ours":
        drifted = len(list(reconcile.reconcile(fix=False, actor=SYSTEM, batch=10_000)))
        if _one("SELECT count(*) FROM inventory_cache_trusted() WHERE state = 'on'") != 1:
            raise AssertionError("the cache is not trusted: adjustments did not have to invalidate anything")
    else:
        drifted = _one(DRIFTS[name], {"pieces": shop.PIECES}) if name in DRIFTS else 0
    if drifted:
        raise AssertionError(f"{drifted} levels of {name} are not what their ledgers say")


def _one(sql: str, parameters: Mapping[str, int] | None = None) -> int:
    with connection.cursor() as cursor:
        cursor.execute(sql, parameters)
        return cursor.fetchone()[0]


def _gain_trust(stage: Stage) -> None:
    """Read until the cache is trusted: before that, an adjustment need not invalidate and looks cheaper than it is."""
    warmed(stage, stage.ids[:1])
