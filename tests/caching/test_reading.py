"""What a reader may count on while everything is well."""

import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

import pytest
from django.db import connection, transaction
from django.test.utils import CaptureQueriesContext

from inventory.caching import slots
from inventory.caching.values import Loaded, Read, encode

from .probe import ALL, Process, key, load, load_many, never, shown, statements


@contextmanager
def counting_commands(process: Process) -> Iterator[list[str]]:
    """The commands that this process sends inside the block; other tests may share the server."""
    sent: list[str] = []
    connection = process.redis().connection_pool.connection_class
    send = connection.send_packed_command

    def counted(self: Any, command: Any, *rest: Any, **more: Any) -> Any:
        sent.append(b"".join(command if isinstance(command, list | tuple) else [command]).decode(errors="replace"))
        return send(self, command, *rest, **more)

    connection.send_packed_command = counted
    try:
        yield sent
    finally:
        connection.send_packed_command = send


def test_a_second_read_is_a_hit_with_the_same_bytes(process: Process) -> None:
    first = process.reader.read(key(1), lambda: Loaded(b'{"name": "caf\xc3\xa9\x00"}'))

    second = process.reader.read(key(1), never)

    assert (first.status, second.status) == ("miss", "hit")
    assert second.body == first.body == b'{"name": "caf\xc3\xa9\x00"}'


def test_an_empty_body_is_a_value_like_any_other(process: Process) -> None:
    process.reader.read(key(1), lambda: Loaded(b""))

    assert process.reader.read(key(1), never) == Read(b"", "hit")


def test_a_hit_costs_one_command_and_no_sql(process: Process) -> None:
    process.read()
    process.read_all()

    with counting_commands(process) as sent, CaptureQueriesContext(connection) as queries:
        assert process.read()[1] == process.read_all().status == "hit"

    assert len(sent) == 2
    assert not statements(queries)


def test_a_hit_opens_no_database_connection(process: Process) -> None:
    process.read()
    connection.close()

    assert process.read() == (1, "hit")

    assert connection.connection is None


def test_a_miss_costs_one_statement_besides_the_load(process: Process) -> None:
    with CaptureQueriesContext(connection) as queries:
        process.read()

    assert len(statements(queries)) == 2


def test_what_does_not_exist_is_not_cached_and_leaves_nothing_behind(process: Process) -> None:
    assert process.reader.read(key(99), lambda: load(99)) == Read(None, "miss")

    assert process.reader.read(key(99), lambda: load(99)) == Read(None, "miss")
    assert process.redis().exists(process.name(99)) == 0


@pytest.mark.parametrize("ttl_s", [0, -1.5, 0.0004])
def test_what_is_right_for_no_time_is_not_cached(process: Process, ttl_s: float) -> None:
    process.reader.read(key(1), lambda: Loaded(b"1", ttl_s))

    assert process.reader.read(key(1), lambda: Loaded(b"2")).status == "miss"


def test_a_value_lives_as_long_as_its_shorter_limit(process: Process, settings: Any) -> None:
    settings.INVENTORY_CACHE_TTL_S = 100
    process.reader.read(key(1), lambda: Loaded(b"1"))
    process.reader.read(key(2), lambda: Loaded(b"1", 50.0))
    process.reader.read(key(3), lambda: Loaded(b"1", 5000.0))

    left = [process.redis().pttl(process.name(number)) for number in (1, 2, 3)]

    assert 90_000 < left[0] <= 100_000
    assert 40_000 < left[1] <= 50_000
    assert 90_000 < left[2] <= 100_000


def test_the_time_that_a_slow_load_takes_is_not_added_to_the_life_of_its_value(process: Process) -> None:
    def slow() -> Loaded:
        time.sleep(0.3)
        return Loaded(b"1", 1.0)

    process.reader.read(key(1), slow)
    process.reader.read_page(ALL, "1", slow)

    assert 0 < process.redis().pttl(process.name(1)) <= 700
    assert 0 < process.redis().pttl(process.name(1).replace(key(1), ALL)) <= 700


def test_a_load_that_took_longer_than_its_value_lives_fills_nothing(process: Process) -> None:
    def slow() -> Loaded:
        time.sleep(0.2)
        return Loaded(b"1", 0.1)

    process.reader.read(key(1), slow)
    process.reader.read_page(ALL, "1", slow)

    assert process.read()[1] == "miss"
    assert process.read_all().status == "miss"


def test_inside_a_transaction_the_cache_is_neither_asked_nor_filled(process: Process) -> None:
    process.write(2)
    with transaction.atomic():
        assert process.read(1) == (1, "bypass")
        assert process.read_all().status == "bypass"
        assert shown(process.reader.read_many([key(2)], load_many)[key(2)]) == (2, "bypass")

    assert process.read(1)[1] == "miss"


def test_without_autocommit_the_cache_is_not_asked_either(process: Process) -> None:
    process.read()
    transaction.set_autocommit(False)
    try:
        assert process.read()[1] == "bypass"
    finally:
        transaction.rollback()
        transaction.set_autocommit(True)


def test_a_connection_that_will_be_opened_without_autocommit_counts_as_one(
    process: Process, monkeypatch: pytest.MonkeyPatch
) -> None:
    connection.close()
    assert not process.database.in_transaction()

    with monkeypatch.context() as patch:
        patch.setitem(connection.settings_dict, "AUTOCOMMIT", False)
        assert process.database.in_transaction()


def test_without_writers_that_declare_nothing_is_believed(process: Process, settings: Any) -> None:
    process.read()
    settings.INVENTORY_CACHE_INVALIDATION_ENABLED = False

    assert process.read()[1] == "bypass"


@pytest.mark.parametrize("junk", [b"", b"v0:1", b"v10:1", b"\x80\x04K\x01.", b"1"])
def test_what_cannot_be_decoded_is_a_miss_and_is_replaced(process: Process, junk: bytes) -> None:
    process.redis().set(process.name(1), junk)
    process.redis().hset(process.name(1).replace(key(1), ALL), "page:1", junk)

    assert process.read() == (1, "miss")
    assert process.read_all().status == "miss"

    assert process.read() == (1, "hit")
    assert process.read_all().status == "hit"


def test_what_cannot_be_decoded_is_removed_even_if_nothing_takes_its_place(process: Process) -> None:
    process.redis().set(process.name(99), b"v0:1")

    process.reader.read(key(99), lambda: load(99))

    assert process.redis().exists(process.name(99)) == 0


def test_while_somebody_else_fills_a_reader_neither_waits_nor_fills(process: Process) -> None:
    other = Process()

    def meanwhile() -> Loaded:
        assert other.read() == (1, "miss")
        assert other.read() == (1, "miss")
        return load(1)

    process.reader.read(key(1), meanwhile)

    assert other.read() == (1, "hit")


def test_while_somebody_else_fills_a_page_a_reader_neither_waits_nor_fills(process: Process) -> None:
    other = Process()

    def meanwhile() -> Loaded:
        assert other.read_all().status == "miss"
        assert other.read_all().status == "miss"
        return Loaded(b"1,1,1,1")

    process.reader.read_page(ALL, "1", meanwhile)

    assert other.read_all().status == "hit"


@pytest.mark.parametrize("read", [lambda process: process.read()[1], lambda process: process.read_all().status])
def test_a_filler_that_dies_blocks_the_others_for_the_time_of_its_lease_only(
    process: Process, monkeypatch: pytest.MonkeyPatch, read: Callable[[Process], str]
) -> None:
    monkeypatch.setattr(slots, "LEASE_MS", 200)
    process.read_all("another page, so that the group lives on")
    dying = Process()
    dying.reader._fill = lambda *arguments: None  # type: ignore[method-assign]
    read(dying)

    assert [read(process), read(process)] == ["miss", "miss"]
    time.sleep(0.25)

    assert [read(process), read(process)] == ["miss", "hit"]


def test_a_page_whose_lease_was_taken_over_is_filled_by_the_new_holder_only(
    process: Process, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(slots, "LEASE_MS", 50)

    def overtaken() -> Loaded:
        time.sleep(0.1)
        Process().reader.read_page(ALL, "1", lambda: Loaded(b"new"))
        return Loaded(b"old")

    process.reader.read_page(ALL, "1", overtaken)

    assert process.read_all() == Read(b"new", "hit")


def test_a_page_that_cannot_be_filled_is_given_back_at_once(process: Process) -> None:
    trusted = process.trust.current()
    assert trusted is not None

    process.reader.read_page(ALL, "1", lambda: Loaded(None))

    assert trusted.redis.exists(trusted.name(ALL)) == 0


def test_a_reader_gives_back_no_lease_but_its_own(process: Process) -> None:
    def taken_over() -> Loaded:
        process.redis().set(process.name(99), b"lease:somebody's")
        return Loaded(None)

    process.reader.read(key(99), taken_over)

    assert process.redis().get(process.name(99)) == b"lease:somebody's"


def test_a_group_has_room_for_so_many_pages_and_no_more(process: Process, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(slots, "MAX_FIELDS", 3)
    for page in "12345":
        process.read_all(page)

    assert [process.read_all(page).status for page in "12345"] == ["hit", "hit", "hit", "miss", "miss"]


def test_a_group_does_not_live_for_ever(process: Process) -> None:
    process.read_all()

    assert 0 < process.redis().pttl(process.name(1).replace(key(1), ALL)) <= slots.GROUP_TTL_MS


def test_many_keys_are_answered_from_the_cache_and_by_one_load_of_the_others(process: Process) -> None:
    process.read(2)
    asked: list[list[str]] = []

    def loading(keys: list[str]) -> dict[str, Loaded]:
        asked.append(list(keys))
        return load_many(keys)

    found = process.reader.read_many([key(3), key(2), key(99), key(1), key(3)], loading)

    assert asked == [[key(3), key(99), key(1)]]
    assert {name: shown(read) for name, read in found.items()} == {
        key(3): (1, "miss"),
        key(2): (1, "hit"),
        key(99): (0, "miss"),
        key(1): (1, "miss"),
    }
    assert shown(process.reader.read_many([key(1), key(3)], never)[key(3)]) == (1, "hit")


def test_fifty_keys_cost_as_many_round_trips_as_one(process: Process) -> None:
    wanted = [key(number) for number in range(50)]
    process.reader.read_many(wanted, lambda keys: dict.fromkeys(keys, Loaded(b"1")))

    with counting_commands(process) as sent, CaptureQueriesContext(connection) as queries:
        assert len(process.reader.read_many(wanted, never)) == 50

    assert len(sent) == 1
    assert not statements(queries)


def test_of_many_misses_all_are_filled_with_one_statement_besides_the_load(process: Process) -> None:
    wanted = [key(number) for number in range(50)]

    with CaptureQueriesContext(connection) as queries:
        process.reader.read_many(wanted, lambda keys: dict.fromkeys(keys, Loaded(b"1")))

    assert len(statements(queries)) == 1
    assert {read.status for read in process.reader.read_many(wanted, never).values()} == {"hit"}


def test_no_keys_cost_nothing(process: Process) -> None:
    assert process.reader.read_many([], never) == {}


def test_an_error_of_the_load_reaches_the_caller_and_fills_nothing(process: Process) -> None:
    with pytest.raises(ZeroDivisionError):
        process.reader.read(key(1), lambda: Loaded(b"%d" % (1 // 0)))

    assert process.redis().get(process.name(1)) != encode(b"1")
