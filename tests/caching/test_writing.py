"""What a writer's declaration does, however its transaction ends."""

import threading
from collections.abc import Callable
from contextlib import suppress
from typing import Any

import pytest
from django.db import connection, connections, transaction
from django.db.utils import NotSupportedError, OperationalError
from django.test.utils import CaptureQueriesContext

from config.database.base import AbortedTransaction
from inventory import caching
from inventory.caching.values import Loaded, encode
from inventory.caching.writer import CHUNK

from .probe import ALL, Process, key, load, load_all, sql, statements


class Elsewhere:
    """A deed in another thread that stops where it calls `pause` until the test lets it go on."""

    def __init__(self, deed: Callable[[Callable[[], None]], Any]) -> None:
        self._paused, self._go_on = threading.Event(), threading.Event()
        self.result: Any = None
        self._thread = threading.Thread(target=self._run, args=(deed,))
        self._thread.start()
        assert self._paused.wait(10)

    def _run(self, deed: Callable[[Callable[[], None]], Any]) -> None:
        try:
            self.result = deed(self._pause)
        except Exception as error:
            self.result = error
        finally:
            self._paused.set()
            connections.close_all()

    def _pause(self) -> None:
        self._paused.set()
        assert self._go_on.wait(10)

    def finish(self) -> Any:
        self._go_on.set()
        self._thread.join(10)
        return self.result


def read_slowly(process: Process) -> Elsewhere:
    """A reader that has read the database and is about to fill."""

    def deed(pause: Callable[[], None]) -> Any:
        def loading() -> Loaded:
            found = load(1)
            pause()
            return found

        return process.reader.read(key(1), loading)

    return Elsewhere(deed)


def read_page_slowly(process: Process) -> Elsewhere:
    def deed(pause: Callable[[], None]) -> Any:
        def loading() -> Loaded:
            found = load_all()
            pause()
            return found

        return process.reader.read_page(ALL, "1", loading)

    return Elsewhere(deed)


def write_slowly(process: Process) -> Elsewhere:
    """A writer that has declared and is about to commit."""

    def deed(pause: Callable[[], None]) -> None:
        with transaction.atomic():
            process.change()
            pause()

    return Elsewhere(deed)


def test_after_a_write_the_next_read_is_new_and_the_one_after_it_a_hit(process: Process) -> None:
    process.read()
    process.read_all()

    process.write()

    assert [process.read(), process.read()] == [(2, "miss"), (2, "hit")]
    assert [process.read_all().body, process.read_all().status] == [b"2,1,1,1", "hit"]


def test_a_declared_group_loses_all_its_pages_and_nothing_else(process: Process) -> None:
    process.read(2)
    process.read_all("1")
    process.read_all("2")

    process.write(1)

    assert process.read_all("1").status == process.read_all("2").status == "miss"
    assert process.read(2) == (1, "hit")


def test_one_declaration_is_one_statement_whatever_it_declares(process: Process) -> None:
    process.writer.declare([], process.database)
    with transaction.atomic(), CaptureQueriesContext(connection) as queries:
        process.writer.declare([key(number) for number in range(3000)], process.database)

    assert len(statements(queries)) == 1


def test_a_declaration_of_thousands_of_keys_drops_every_one(process: Process) -> None:
    many = [key(number) for number in range(2 * CHUNK + 1)]
    trusted = process.trust.current()
    assert trusted is not None
    trusted.redis.mset({trusted.name(one): encode(b"1") for one in many})

    with transaction.atomic():
        process.writer.declare(many, process.database)

    assert trusted.redis.exists(*map(trusted.name, many)) == 0


def test_a_change_that_is_rolled_back_was_never_seen(process: Process) -> None:
    process.read()

    with transaction.atomic():
        process.change()
        transaction.set_rollback(True)

    assert [process.read(), process.read()] == [(1, "miss"), (1, "hit")]


def test_while_a_writer_is_in_flight_readers_get_what_is_committed_and_fill_nothing(process: Process) -> None:
    process.read()
    writer = write_slowly(process)

    assert [process.read(), process.read()] == [(1, "miss"), (1, "miss")]

    assert writer.finish() is None
    assert [process.read(), process.read()] == [(2, "miss"), (2, "hit")]


def test_a_writer_of_one_key_hinders_no_fill_of_another(process: Process) -> None:
    writer = write_slowly(process)

    assert [process.read(2), process.read(2)] == [(1, "miss"), (1, "hit")]

    writer.finish()


def test_a_reader_that_looked_before_the_commit_does_not_fill_after_it(process: Process) -> None:
    reader = read_slowly(process)

    process.write()

    assert reader.finish().body == b"1"
    assert process.read() == (2, "miss")


def test_a_reader_of_a_page_that_looked_before_the_commit_does_not_fill_after_it(process: Process) -> None:
    reader = read_page_slowly(process)

    process.write()

    assert reader.finish().body == b"1,1,1,1"
    assert process.read_all().body == b"2,1,1,1"


def test_two_writers_of_two_rows_of_one_listing_leave_it_right_whoever_is_first(process: Process) -> None:
    first = write_slowly(process)

    process.write(2)

    assert process.read_all().body == b"1,2,1,1"
    first.finish()
    assert process.read_all().body == b"2,2,1,1"


def test_a_savepoint_that_is_rolled_back_does_not_take_the_outer_declaration_along(process: Process) -> None:
    def deed(pause: Callable[[], None]) -> None:
        with transaction.atomic():
            process.change()
            with transaction.atomic():
                process.change()
                transaction.set_rollback(True)
            pause()

    writer = Elsewhere(deed)
    assert [process.read(), process.read()] == [(1, "miss"), (1, "miss")]

    writer.finish()

    assert [process.read(), process.read()] == [(2, "miss"), (2, "hit")]


def test_a_backend_that_is_killed_leaves_no_lock_behind(process: Process) -> None:
    def deed(pause: Callable[[], None]) -> None:
        with transaction.atomic():
            process.change()
            killed.append(sql("SELECT pg_backend_pid()")[0])
            pause()

    killed: list[int] = []
    writer = Elsewhere(deed)

    sql("SELECT pg_terminate_backend(%s, 5000)", killed)

    assert isinstance(writer.finish(), OperationalError)
    assert [process.read(), process.read()] == [(1, "miss"), (1, "hit")]


def test_a_declaration_outside_a_transaction_is_refused(process: Process) -> None:
    with pytest.raises(transaction.TransactionManagementError):
        caching.declare([key(1)])


def test_a_declaration_that_fails_takes_the_transaction_along_even_if_somebody_swallows_it(
    process: Process, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail(*arguments: Any) -> None:
        raise RuntimeError

    def write() -> None:
        with transaction.atomic():
            sql("UPDATE cache_probe SET version = 2")
            with suppress(RuntimeError):
                caching.declare([key(1)])

    monkeypatch.setattr(caching._writer, "declare", fail)

    with pytest.raises(AbortedTransaction):
        write()

    assert load(1).body == b"1"


@pytest.mark.parametrize("isolation", ["REPEATABLE READ", "SERIALIZABLE"])
def test_a_declaration_with_an_older_snapshot_is_refused(process: Process, isolation: str) -> None:
    def write() -> None:
        with transaction.atomic():
            sql(f"SET TRANSACTION ISOLATION LEVEL {isolation}")
            process.change()

    with pytest.raises(NotSupportedError):
        write()

    assert process.read()[0] == 1


def test_sku_keys_do_not_depend_on_case_and_the_keys_of_different_things_differ() -> None:
    keys = caching.keys

    assert keys.product_sku("Mug-1") == keys.product_sku("mUG-1")
    assert len({keys.product("x"), keys.product_sku("x"), keys.listing("x"), keys.category_tree()}) == 4
