"""Every list, page depth, filter and search at 1,000 products and 10,000 movements, and at ten times as much, three
times over.

Each question is asked once through Django's test client; the statements that it led to are then explained and analysed.
What is shown is the time that PostgreSQL takes for planning and execution, and the pages that it touches, which no
neighbour on the machine can disturb. What Python does around it does not grow.
"""

import math
import statistics
import time
from collections.abc import Callable, Mapping
from typing import Any

from django.db import connection
from django.test import Client
from rich.console import Console
from rich.table import Table

from api.pagination import planned_for_its_values
from inventory.context import SYSTEM
from inventory.operations import access

from . import past, questions
from .ground import Ground

SIZES = ((1_000, 10_000), (10_000, 100_000), (100_000, 1_000_000), (1_000_000, 10_000_000))
MAXIMUM, LONGEST_S = 3.0, 5.0
# Below this the clock measures the machine, not the question.
FLOOR_MS = 0.5

Figures = dict[str, dict[str, tuple[float, int]]]


def run(ground: Ground, console: Console, rounds: int, seconds: float, rows: int = 1_000_000) -> dict[str, object]:
    with connection.cursor() as cursor:
        cursor.execute("ALTER SYSTEM SET max_wal_size = '8GB'")
        cursor.execute("SELECT pg_reload_conf()")
    found: dict[str, Figures] = {"movements and levels": {}, "products": {}}
    for products, movements in SIZES:
        if movements > rows:
            break
        written = past.write(products, movements, lambda text: console.print(text, style="dim"))
        size = f"{written.movements:,} movements, {written.products:,} products"
        console.print(size)
        # A key is written anew: the ledger's world was emptied around it.
        client = _client()
        for title, asked in (("movements and levels", questions.of_ledger()), ("products", questions.of_products())):
            for name, address in asked.items():
                found[title].setdefault(name, {})[size] = measured(client, address, rounds * 2 + 1)
    for title, figures in found.items():
        console.print(table(title, figures))
    console.print(f"indexes of the ledger: {_sizes()}")
    return {**found, "slower": [f"{title}: {name}" for title in found for name in slower(found[title])]}


def measured(client: Client, address: str, times: int) -> tuple[float, int]:
    """Milliseconds in the database, the median of `times`, fewer where they are long; and pages touched."""
    asked = statements(client, address)
    samples: list[float] = []
    began, pages = time.perf_counter(), 0
    while len(samples) < times and time.perf_counter() - began < LONGEST_S:
        plans = [_analysed(*statement) for statement in asked]
        samples.append(sum(plan["Planning Time"] + plan["Execution Time"] for plan in plans))
        pages = sum(plan["Plan"]["Shared Hit Blocks"] + plan["Plan"]["Shared Read Blocks"] for plan in plans)
    return statistics.median(samples), pages


def statements(client: Client, address: str) -> list[tuple[str, Any]]:
    """The statements about stock and products that a request leads to, when the cache has seen it before."""
    heard: list[tuple[str, Any]] = []

    def listen(execute: Callable[..., Any], sql: str, parameters: Any, *more: Any) -> Any:
        if "inventory_" in sql and sql.lstrip().startswith(("SELECT", "WITH")):
            heard.append((sql, parameters))
        return execute(sql, parameters, *more)

    client.get(address)
    with connection.execute_wrapper(listen):
        answer = client.get(address)
    if answer.status_code != 200:
        raise AssertionError(f"{address}: {answer.status_code} {answer.content[:500]!r}")
    return heard


def _analysed(sql: str, parameters: Any) -> dict[str, Any]:
    with planned_for_its_values("default"), connection.cursor() as cursor:
        cursor.execute("EXPLAIN (ANALYZE, BUFFERS, FORMAT JSON) " + sql, parameters)
        found: dict[str, Any] = cursor.fetchone()[0][0]
    return found


def growth(figures: Mapping[str, tuple[float, int]]) -> float:
    """Milliseconds at the largest size over the smallest, which counts as at least `FLOOR_MS`."""
    values = [ms for ms, _ in figures.values()]
    return values[-1] / max(values[0], FLOOR_MS)


def slower(figures: Figures) -> list[str]:
    return [name for name, by_size in figures.items() if growth(by_size) > MAXIMUM]


def table(title: str, figures: Figures) -> Table:
    shown = Table(title=f"{title}: milliseconds in the database (medians), and pages", title_justify="left")
    shown.add_column("question")
    for size in next(iter(figures.values())):
        shown.add_column(size.replace(", ", "\n"), justify="right")
    shown.add_column("growth", justify="right")
    for name, by_size in figures.items():
        factor = growth(by_size)
        mark = f"[bold]{factor:.1f}[/bold]" if factor > MAXIMUM else f"{factor:.1f}"
        shown.add_row(name, *(f"{ms:.2f} {pages:7,}" for ms, pages in by_size.values()), mark)
    return shown


def _client() -> Client:
    secret = access.create_api_key(name="growth", scopes=["admin"], actor=SYSTEM)[1]
    return Client(HTTP_HOST="127.0.0.1", HTTP_AUTHORIZATION=f"Bearer {secret}", raise_request_exception=False)


def _sizes() -> str:
    with connection.cursor() as cursor:
        cursor.execute(
            """SELECT indexrelid::regclass::text, pg_relation_size(indexrelid) / 1048576.0 FROM pg_index
                WHERE indrelid = 'inventory_stockmovement'::regclass ORDER BY 2 DESC"""
        )
        rows = cursor.fetchall()
    return ", ".join(f"{name} {math.ceil(megabytes)} MB" for name, megabytes in rows)
