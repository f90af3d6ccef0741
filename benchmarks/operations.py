"""Adjustments at operation level: `stock.adjust` with all that it promises (look-up, guard, ledger, totals, alerts,
event, cache invalidation), beside two bare psycopg loops.

`same`: the same statement, `stock_move`, with the checks at COMMIT: the guarded UPDATE of the level and of the totals,
and the ledger row. What is between it and ours are the promises that are kept around it.
`bare`: the least that one could call an adjustment, one guarded UPDATE that inserts a ledger row, on tables of its own
with one index each.

One row that everybody wants, and ten thousand that nobody fights for; one thread, and eight.
"""

import random
import threading
import time
from collections.abc import Callable, Mapping

import psycopg
from django.db import connections
from rich.console import Console

from inventory.context import Actor
from inventory.models import COUNTERS, Location, Product, Reason
from inventory.operations import ledger, stock
from inventory.values import Line, as_json

from . import guarded, shop
from .ground import Ground, cpu_s
from .rounds import Result, interleaved, ratio, table

ACTOR = Actor("system", name="benchmark")
FIGURES = {"per second": "{:,.0f}", "client µs": "{:,.0f}", "database µs": "{:,.0f}", "p99 ms": "{:.1f}"}
Deed = Callable[[random.Random, list[str]], None]


def run(ground: Ground, console: Console, rounds: int, seconds: float, products: int = 10_000) -> dict[str, object]:
    skus = shop.furnish(products)
    hot, many = skus[:1], skus
    variants = {
        f"{name}, {where}, {threads} thread{'s' * (threads > 1)}": _variant(ground, deed, rows, threads, seconds)
        for threads in (1, 8)
        for where, rows in (("hot", hot), ("uniform", many))
        for name, deed in (("bare", _bare(ground)), ("same", _same(ground)), ("ours", _ours))
    }
    shop.gain_trust()
    for measure in variants.values():
        measure()  # plans, pools and caches are warm
    results = interleaved(variants, rounds, console)
    console.print(table("Adjustments at operation level (medians)", results, FIGURES))
    return _ratios(results, console)


def _ratios(results: Mapping[str, Result], console: Console) -> dict[str, object]:
    found: dict[str, object] = {}
    for threads in ("1 thread", "8 threads"):
        for where in ("hot", "uniform"):
            for name in ("same", "bare"):
                speed = ratio(results, f"ours, {where}, {threads}", f"{name}, {where}, {threads}", "per second")
                found[f"ours / {name}, {where}, {threads}"] = speed
                console.print(f"ours / {name}, {where}, {threads}: {speed[0]:.2f} ({speed[1]:.2f} to {speed[2]:.2f})")
    return found


def _ours(dice: random.Random, skus: list[str]) -> None:
    line = Line(sku=dice.choice(skus), quantity=dice.choice((-1, 1)), pointer="/lines/0")
    stock.adjust([line], reason=Reason.CORRECTION, reference="benchmark", actor=ACTOR)


def _bare(ground: Ground) -> Deed:
    connect = _connections(ground)

    def move(dice: random.Random, skus: list[str]) -> None:
        values = {"sku": dice.choice(skus), "delta": dice.choice((-1, 1)), "reason": "correction", "reference": "b"}
        if connect().execute(guarded.STATEMENT, values).fetchone() is None:
            raise AssertionError("the reference refused a move")

    return move


def _same(ground: Ground) -> Deed:
    connect = _connections(ground)
    products = dict(Product.objects.values_list("sku", "pk"))
    location = Location.objects.get(is_default=True).pk
    notes = as_json([{"reference": "benchmark", "actor": str(ACTOR)}])

    def move(dice: random.Random, skus: list[str]) -> None:
        line = dict.fromkeys((*COUNTERS, "incoming"), 0) | {"kind": "adjustment", "reason": "correction"}
        line |= {"product": products[dice.choice(skus)], "location": location, "on_hand": dice.choice((-1, 1))}
        if connect().execute(ledger.SQL, [as_json([line]), notes]).fetchone()[0] != "moved":
            raise AssertionError("stock_move refused a move")

    return move


def _connections(ground: Ground) -> Callable[[], psycopg.Connection]:
    """Each thread its own connection, with statements prepared from the first call on."""
    local = threading.local()

    def connect() -> psycopg.Connection:
        if not hasattr(local, "connection"):
            local.connection = psycopg.connect(ground.database_url, autocommit=True, prepare_threshold=0)
        return local.connection

    return connect


def _variant(
    ground: Ground, deed: Deed, skus: list[str], threads: int, seconds: float
) -> Callable[[], Mapping[str, float]]:
    def measure() -> Mapping[str, float]:
        before, done, latencies = shop.state(), [0] * threads, []
        gate, until = threading.Barrier(threads + 1), [0.0]

        def work(number: int) -> None:
            dice = random.Random(time.monotonic_ns() + number)
            deed(dice, skus)  # the connection is open
            gate.wait()
            while (started := time.perf_counter()) < until[0]:
                deed(dice, skus)
                latencies.append(time.perf_counter() - started)
                done[number] += 1
            connections.close_all()

        workers = [threading.Thread(target=work, args=(number,)) for number in range(threads)]
        for worker in workers:
            worker.start()
        until[0] = time.perf_counter() + seconds + 0.05
        # Not `cpu_s` of ourselves: PostgreSQL is a child of this process and would count twice.
        client, server = time.process_time(), cpu_s(ground.postgres)
        started = time.perf_counter()
        gate.wait()
        for worker in workers:
            worker.join()
        took, count = time.perf_counter() - started, sum(done)
        client, server = time.process_time() - client, cpu_s(ground.postgres) - server
        _check(before, count + threads)
        return {
            "per second": count / took,
            "client µs": client / count * 1e6,
            "database µs": server / count * 1e6,
            "p99 ms": sorted(latencies)[int(len(latencies) * 0.99)] * 1e3,
        }

    return measure


def _check(before: tuple[int, ...], count: int) -> None:
    """As many ledger rows as deeds; every level where its ledger says."""
    from inventory.operations import reconcile

    after = shop.state()
    rows = after[1] - before[1] + after[3] - before[3]
    if rows != count:
        raise AssertionError(f"{count} adjustments left {rows} ledger rows")
    drifted = list(reconcile.reconcile(fix=False, actor=ACTOR, batch=10_000))
    if drifted:
        raise AssertionError(f"{len(drifted)} levels drifted, first {drifted[0]}")
