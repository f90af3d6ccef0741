"""How the ledger is kept: as it is, with other indexes, with BRIN, and in partitions by month.

Each way is a copy of the same rows. Asked are the size of its indexes, what one more row costs (processor time and WAL
of the server, right after a checkpoint, levels at random) and how long questions take.
"""

import statistics
import time

import psutil
import psycopg
from rich.console import Console
from rich.table import Table

from . import past
from .ground import Ground

KEYS = """
    ALTER TABLE {t} ADD PRIMARY KEY (id);
    CREATE INDEX ON {t} (product_id, id);
    CREATE INDEX ON {t} (location_id, id);
    CREATE INDEX ON {t} (reference, id) WHERE reference <> '';
    CREATE INDEX ON {t} (source)
"""
NUMBER = "; CREATE UNIQUE INDEX ON {t} (product_id, location_id, sequence)"
SEARCHED = NUMBER + " INCLUDE (recorded_at)"
DEEDS = "; CREATE INDEX ON {t} (kind, id); CREATE INDEX ON {t} (reason, id) WHERE reason <> ''"
INSTANTS = "; CREATE INDEX ON {t} (product_id, location_id, recorded_at DESC, sequence DESC)"
NAMES = "; CREATE INDEX ON {t} (lower(sku), id)"
BRIN = "; CREATE INDEX ON {t} USING brin (recorded_at)"
# In partitions no key can do without the column that parts them, so nothing keeps an id or a level's number unique.
PARTED = """
    CREATE INDEX ON {t} (id);
    CREATE INDEX ON {t} (product_id, id);
    CREATE INDEX ON {t} (location_id, id);
    CREATE INDEX ON {t} (reference, id) WHERE reference <> '';
    CREATE INDEX ON {t} (source);
    CREATE INDEX ON {t} (product_id, location_id, sequence) INCLUDE (recorded_at)
"""
WAYS = {
    "an index on instants, no deeds": KEYS + NUMBER + INSTANTS,
    "the same, deeds and names": KEYS + NUMBER + INSTANTS + DEEDS + NAMES,
    "as it is: search by halves, deeds": KEYS + SEARCHED + DEEDS,
    "the same and BRIN": KEYS + SEARCHED + DEEDS + BRIN,
    "the same, by month": PARTED + DEEDS,
}
PARTS = """
    SELECT format('CREATE TABLE %I PARTITION OF %I FOR VALUES FROM (%L) TO (%L)', '{t}_' || to_char(m, 'YYYYMM'), '{t}',
                  m, m + interval '1 month')
      FROM generate_series(date_trunc('month', now() - interval '25 months'), now(), interval '1 month') m
"""
# One row each for levels at random, as `stock_move` writes it.
PICK = """
    CREATE TEMP TABLE pick AS
    SELECT v.product_id, v.location_id, v.sequence + 1 AS sequence, p.sku, c.code,
           'PO-' || (random() * 1e7)::int AS reference
      FROM inventory_stocklevel v JOIN inventory_product p ON p.id = v.product_id
      JOIN inventory_location c ON c.id = v.location_id WHERE v.sequence > 1 ORDER BY random() LIMIT {rows}
"""
WRITE = """
DO $$
DECLARE
    r record;
    t timestamptz;
BEGIN
    FOR r IN SELECT * FROM pick LOOP
        t := clock_timestamp();
        INSERT INTO {t} (id, sequence, product_id, location_id, sku, location_code, kind, reason,
            delta_on_hand, delta_unavailable, delta_allocated, delta_reserved, balance_on_hand, balance_unavailable,
            balance_allocated, balance_reserved, balance_available, source, reference, note, actor, request_id,
            occurred_at, recorded_at)
        VALUES (uuid_of_instant(t), r.sequence, r.product_id, r.location_id, r.sku, r.code, 'adjustment', 'sold',
            -1, 0, 0, 0, 1, 0, 0, 0, 1, uuid_of_instant(t), r.reference, '', 'user:1', 'request', t, t);
    END LOOP;
END $$
"""
FIFTY = """
    CREATE TEMP TABLE fifty AS SELECT product_id, location_id, sequence FROM inventory_stocklevel
     WHERE sequence > 1 ORDER BY md5(id::text) LIMIT 50
"""
BY_HALVES = """
    WITH RECURSIVE search(product, location, low, high) AS (
        SELECT v.product_id, v.location_id, 0::bigint, v.sequence FROM fifty v
        UNION ALL
        SELECT s.product, s.location, CASE WHEN m.early THEN m.sequence ELSE s.low END,
               CASE WHEN m.early THEN s.high ELSE m.sequence - 1 END
          FROM search s CROSS JOIN LATERAL (
               SELECT m.sequence, m.recorded_at <= now() - interval '1 year' AS early FROM {t} m
                WHERE m.product_id = s.product AND m.location_id = s.location AND m.sequence = (s.low + s.high + 1) / 2
                LIMIT 1) m
         WHERE s.low < s.high)
    SELECT m.balance_on_hand FROM search s CROSS JOIN LATERAL (
        SELECT * FROM {t} m
         WHERE m.product_id = s.product AND m.location_id = s.location AND m.sequence = s.low LIMIT 1) m
     WHERE s.low = s.high
"""
BY_INSTANT = """
    SELECT m.balance_on_hand FROM fifty v CROSS JOIN LATERAL (
        SELECT * FROM {t} m WHERE m.product_id = v.product_id AND m.location_id = v.location_id
           AND m.recorded_at <= now() - interval '1 year' ORDER BY m.recorded_at DESC, m.sequence DESC LIMIT 1) m
"""
_PAGE = "SELECT * FROM {t} m WHERE %s ORDER BY m.id DESC LIMIT 51"
_YEAR = (
    "(lpad(to_hex((extract(epoch FROM now() - interval '1 year') * 1000)::bigint), 12, '0') || repeat('0', 20))::uuid"
)
QUESTIONS = {
    "newest page": _PAGE % "true",
    "until a year ago, by id": _PAGE % f"m.id < {_YEAR}",
    "until a year ago, by recorded_at": _PAGE % "m.recorded_at <= now() - interval '1 year'",
    "an hour a year ago, by recorded_at": _PAGE
    % "m.recorded_at BETWEEN now() - interval '8760 hours' AND now() - interval '8759 hours'",
    "a product's page": _PAGE % "m.product_id = (SELECT id FROM inventory_product ORDER BY id OFFSET 9 LIMIT 1)",
    "50 levels a year ago, by halves": BY_HALVES,
    "50 levels a year ago, by instant": BY_INSTANT,
}


def run(ground: Ground, console: Console, rounds: int, seconds: float, rows: int = 1_000_000) -> dict[str, object]:
    past.write(max(1_000, rows // 10), rows, lambda text: console.print(text, style="dim"))
    with psycopg.connect(ground.database_url, autocommit=True) as connection:
        connection.execute("SET statement_timeout = 0; SET maintenance_work_mem = '1GB'")
        connection.execute("SET session_replication_role = replica")
        connection.execute(FIFTY)
        found = {name: _of(connection, name, keys, rounds, console) for name, keys in WAYS.items()}
    shown = Table(title=f"the ledger kept in other ways, {rows:,} rows (medians)", title_justify="left")
    shown.add_column("")
    for name in found:
        shown.add_column(name, justify="right")
    for figure in next(iter(found.values())):
        shown.add_row(figure, *(f"{figures[figure]:,.2f}" for figures in found.values()))
    console.print(shown)
    return dict(found)


def _of(connection: psycopg.Connection, name: str, keys: str, rounds: int, console: Console) -> dict[str, float]:
    console.print(name, style="dim")
    table = "kept"
    _copy(connection, table, keys, parted=keys.startswith(PARTED))
    figures = {"indexes, MB": _megabytes(connection, table)}
    for question, sql in QUESTIONS.items():
        figures[f"{question}, ms"] = _took(connection, sql.replace("{t}", table), rounds * 2 + 1)
    samples = [_written(connection, table) for _ in range(rounds)]
    cpu, wal = (statistics.median(column) for column in zip(*samples, strict=True))
    connection.execute(f"DROP TABLE {table}")
    return figures | {"one more row, processor µs": cpu, "one more row, WAL bytes": wal}


def _copy(connection: psycopg.Connection, table: str, keys: str, *, parted: bool) -> None:
    how = "PARTITION BY RANGE (recorded_at)" if parted else ""
    connection.execute(f"CREATE TABLE {table} (LIKE inventory_stockmovement) {how}")
    if parted:
        for (statement,) in connection.execute(PARTS.replace("{t}", table)).fetchall():
            connection.execute(statement)
    connection.execute(f"INSERT INTO {table} SELECT * FROM inventory_stockmovement ORDER BY id")
    for statement in keys.replace("{t}", table).split(";"):
        connection.execute(statement)
    connection.execute(f"VACUUM (ANALYZE) {table}")


def _megabytes(connection: psycopg.Connection, table: str) -> float:
    sql = """SELECT sum(pg_indexes_size(c.oid)) / 1048576.0 FROM pg_class c
              WHERE c.relkind = 'r' AND (c.relname = %s OR c.relname LIKE %s)"""
    row = connection.execute(sql, [table, table + "\\_%"]).fetchone()
    return float(row[0]) if row else 0.0


def _took(connection: psycopg.Connection, sql: str, times: int) -> float:
    """Milliseconds, median; the first is not counted. What takes seconds is asked twice."""
    samples: list[float] = []
    while len(samples) < times and sum(samples) < 5_000:
        began = time.perf_counter()
        connection.execute(sql, prepare=False).fetchall()
        samples.append((time.perf_counter() - began) * 1e3)
    return statistics.median(samples[1:] or samples)


def _written(connection: psycopg.Connection, table: str, rows: int = 20_000) -> tuple[float, float]:
    """Processor microseconds and WAL bytes of one row, in a transaction that is rolled back."""
    connection.execute("DROP TABLE IF EXISTS pick")
    connection.execute(PICK.replace("{rows}", str(rows)))
    connection.execute("CHECKPOINT")
    count = connection.execute("SELECT count(*) FROM pick").fetchone()[0]  # type: ignore[index]
    backend = psutil.Process(connection.info.backend_pid)
    with connection.transaction(force_rollback=True):
        before = connection.execute("SELECT pg_current_wal_insert_lsn()").fetchone()[0]  # type: ignore[index]
        began = sum(backend.cpu_times()[:2])
        connection.execute(WRITE.replace("{t}", table))
        spent = sum(backend.cpu_times()[:2]) - began
        sql = "SELECT pg_wal_lsn_diff(pg_current_wal_insert_lsn(), %s)"
        wal = connection.execute(sql, [before]).fetchone()[0]  # type: ignore[index]
    return spent / count * 1e6, float(wal) / count
