"""Rows whose version everybody reads through the cache, and processes that read and write them."""

from collections.abc import Callable
from typing import Any

from django.db import connection, transaction

from inventory.caching import connection as redis_connection
from inventory.caching.database import Database
from inventory.caching.reader import Reader
from inventory.caching.trust import Trust
from inventory.caching.values import Loaded, Read
from inventory.caching.writer import Writer

ALL = "listing:probes"

MAKE = """
CREATE TABLE cache_probe (id int PRIMARY KEY, version int NOT NULL);
INSERT INTO cache_probe SELECT n, 1 FROM generate_series(1, 4) n"""


def key(number: int) -> str:
    return f"probe:{number}"


def sql(statement: str, parameters: Any = None) -> Any:
    """The first row of the result, or None."""
    with connection.cursor() as cursor:
        cursor.execute(statement, parameters)
        return cursor.fetchone() if cursor.description else None


def load(number: int) -> Loaded:
    row = sql("SELECT version FROM cache_probe WHERE id = %s", [number])
    return Loaded(None if row is None else b"%d" % row)


def load_many(keys: list[str]) -> dict[str, Loaded]:
    with connection.cursor() as cursor:
        cursor.execute("SELECT id, version FROM cache_probe WHERE 'probe:' || id = ANY(%s)", [keys])
        return {key(number): Loaded(b"%d" % version) for number, version in cursor.fetchall()}


def load_all() -> Loaded:
    return Loaded(sql("SELECT string_agg(version::text, ',' ORDER BY id) FROM cache_probe")[0].encode())


class Process:
    """The cache as one server process has it; a test may have several."""

    def __init__(self) -> None:
        self.database = Database()
        self.trust = Trust(self.database, redis_connection.connect, redis_connection.identify)
        self.reader = Reader(self.database, self.trust)
        self.writer = Writer(self.trust)

    def read(self, number: int = 1) -> tuple[int, str]:
        """The version, and the status of the read."""
        return shown(self.reader.read(key(number), lambda: load(number)))

    def read_all(self, page: str = "1") -> Read:
        return self.reader.read_page(ALL, page, load_all)

    def change(self, number: int = 1) -> int:
        """Inside a transaction: the next version, declared."""
        version = sql("UPDATE cache_probe SET version = version + 1 WHERE id = %s RETURNING version", [number])[0]
        self.writer.declare([key(number), ALL], self.database)
        return version

    def write(self, number: int = 1) -> int:
        with transaction.atomic():
            return self.change(number)

    def redis(self) -> Any:
        """A client of the Redis that is trusted now."""
        trusted = self.trust.current()
        assert trusted is not None
        return trusted.redis

    def name(self, number: int = 1) -> str:
        trusted = self.trust.current()
        assert trusted is not None
        return trusted.name(key(number))


def shown(read: Read) -> tuple[int, str]:
    return int(read.body or 0), read.status


def statements(queries: Any) -> list[str]:
    """The SQL that was captured, without the look at the trust row that each process takes once a second."""
    return [query["sql"] for query in queries.captured_queries if "inventory_cache_trusted" not in query["sql"]]


def never() -> Any:
    raise AssertionError("this must not be loaded")


def until(true: Callable[[], bool], seconds: float = 10.0) -> None:
    """Wait until `true()`; AssertionError if that takes longer than `seconds`."""
    from time import monotonic, sleep

    deadline = monotonic() + seconds
    while not true():
        assert monotonic() < deadline, "it did not come true"
        sleep(0.02)
