"""Redis away, in each way that we could think of: writes go on, reads are right, and nobody has to be restarted."""

from collections.abc import Callable
from contextlib import nullcontext
from time import monotonic
from typing import Any

import pytest
from django.db import transaction

from inventory import caching
from inventory.caching.values import Loaded, Read
from inventory.context import muted

from .probe import ALL, Process, key, load, load_many, sql, until
from .servers import PrivateRedis, SlowWay

FIRST_WRITE_S = 2.5  # a time-out or two, then the readers' belief of one second
LATER_WRITE_S = 0.3
READ_S = 0.9  # one time-out, perhaps a second to learn who answers


def timed(deed: Callable[[], Any]) -> tuple[Any, float]:
    """What it returns, and how many seconds it took."""
    started = monotonic()
    return deed(), monotonic() - started


def warm(process: Process) -> None:
    until(lambda: process.read()[1] == process.read_all().status == "hit")


def recovers(*processes: Process) -> bool:
    """The processes, as they are, come to serve hits again, and right ones."""
    version = processes[0].write()
    for process in processes:
        until(lambda process=process: process.read() == (version, "hit"))
        until(lambda process=process: process.read_all().status == "hit")
        assert int(process.read_all().body.split(b",")[0]) == version
    return True


def refuse(redis: PrivateRedis) -> None:
    redis.kill()


def hang(redis: PrivateRedis) -> None:
    redis.freeze()


def be_read_only(redis: PrivateRedis) -> None:
    redis.do("REPLICAOF", "127.0.0.1", "1")


def be_full(redis: PrivateRedis) -> None:
    redis.do("CONFIG", "SET", "maxmemory-policy", "noeviction")
    redis.do("CONFIG", "SET", "maxmemory", "1")


def evict(redis: PrivateRedis) -> None:
    redis.do("CONFIG", "SET", "maxmemory-policy", "allkeys-random")
    redis.do("CONFIG", "SET", "maxmemory", "1")


def come_back(redis: PrivateRedis) -> None:
    """End whatever was done to it."""
    redis.thaw()
    if not redis.child.alive:
        redis.start()
    if redis.do("INFO", "replication")["role"] != "master":
        redis.do("REPLICAOF", "NO", "ONE")
    redis.do("CONFIG", "SET", "maxmemory", "0")


@pytest.mark.parametrize("fail", [refuse, hang, be_read_only, be_full, evict])
def test_while_redis_fails_writes_go_on_reads_are_right_and_afterwards_hits_return(
    redis: PrivateRedis, fail: Callable[[PrivateRedis], None]
) -> None:
    here, there = Process(), Process()
    warm(here)
    warm(there)

    fail(redis)
    version, first = timed(here.write)
    reads = [timed(process.read) for process in (here, there, here, there)]
    later = [timed(here.write) for _ in range(3)]

    assert first < FIRST_WRITE_S
    assert {got[0] for got, _ in reads} == {version} == {2}
    assert max(seconds for _, seconds in reads) < READ_S
    assert [got for got, _ in later] == [3, 4, 5]
    assert max(seconds for _, seconds in later) < LATER_WRITE_S
    assert here.read()[0] == there.read()[0] == 5
    come_back(redis)
    assert recovers(here, there)


def test_a_redis_that_wants_a_password_all_of_a_sudden_is_one_that_is_away(redis: PrivateRedis) -> None:
    process = Process()
    warm(process)

    redis.do("CONFIG", "SET", "requirepass", "secret")
    process.redis().connection_pool.disconnect()

    assert process.write() == 2
    assert process.read() == (2, "bypass")


@pytest.mark.parametrize("fail", [refuse, hang])
def test_an_outage_costs_readers_one_wait_now_and_then_and_not_each_of_them(
    redis: PrivateRedis, fail: Callable[[PrivateRedis], None]
) -> None:
    process = Process()
    warm(process)
    fail(redis)

    reads = [timed(process.read) for _ in range(40)]

    assert {got for got, _ in reads} == {(1, "bypass")}
    assert sum(seconds > 0.1 for _, seconds in reads) <= 2


def test_a_slow_redis_is_asked_now_and_then_only(redis: PrivateRedis, settings: Any) -> None:
    with SlowWay(redis.socket) as way:
        settings.CACHES = {"default": settings.CACHES["default"] | {"LOCATION": way.url}}
        process = Process()
        warm(process)
        way.delay_s = 0.2

        reads = [timed(process.read) for _ in range(40)]
        version, writing = timed(process.write)

        assert {got[0] for got, _ in reads} == {1}
        assert sum(seconds > 0.1 for _, seconds in reads) <= 3
        assert version == 2
        assert writing < FIRST_WRITE_S
        assert process.read()[0] == 2
        way.delay_s = 0.0
        assert recovers(process)


@pytest.mark.parametrize("down_at_write", [False, True])
def test_old_data_that_a_restart_brings_back_are_never_served(redis: PrivateRedis, down_at_write: bool) -> None:
    here, there = Process(), Process()
    warm(here)
    warm(there)
    redis.do("SAVE")

    if down_at_write:
        redis.kill()
    here.write()
    redis.restart()

    assert redis.do("DBSIZE") == 2
    assert here.read()[0] == there.read()[0] == Process().read()[0] == 2
    assert recovers(here, there)


def test_a_restart_between_drop_and_commit_brings_nothing_back(redis: PrivateRedis) -> None:
    here, there = Process(), Process()
    warm(here)
    warm(there)
    redis.do("SAVE")

    with transaction.atomic():
        here.change()
        redis.restart()

    assert there.read()[0] == here.read()[0] == 2
    assert recovers(here, there)


def test_a_writer_that_cannot_reach_redis_waits_until_those_who_can_believe_it_no_more(
    redis: PrivateRedis, settings: Any
) -> None:
    reader = Process()
    warm(reader)
    reachable = settings.CACHES
    settings.CACHES = {"default": reachable["default"] | {"LOCATION": f"unix://{redis.folder}/nobody.sock"}}
    partitioned = Process()

    version = partitioned.write()

    assert reader.read() == (version, "bypass")
    settings.CACHES = reachable
    assert recovers(reader)


def test_a_promoted_replica_that_missed_a_drop_is_not_believed(redis: PrivateRedis, settings: Any) -> None:
    with PrivateRedis() as replica:
        redis.do("CONFIG", "SET", "repl-diskless-sync-delay", "0")
        front = redis.folder / "front.sock"
        front.symlink_to(redis.socket)
        settings.CACHES = {"default": settings.CACHES["default"] | {"LOCATION": f"unix://{front}"}}
        process = Process()
        warm(process)
        copy(redis, replica)

        process.write()
        front.unlink()
        front.symlink_to(replica.socket)
        redis.kill_clients()

        assert replica.do("DBSIZE") == 2
        assert process.read()[0] == 2
        assert recovers(process)


def test_a_primary_that_was_demoted_and_resynchronised_is_not_believed_though_it_is_the_same_process(
    redis: PrivateRedis,
) -> None:
    process = Process()
    warm(process)
    with PrivateRedis() as other:
        copy(redis, other)
        process.write()

        redis.kill_clients()
        copy(other, redis)

        assert redis.do("DBSIZE") == 2
        assert process.read()[0] == 2
        redis.do("REPLICAOF", "NO", "ONE")
        assert process.read()[0] == 2
        assert recovers(process)


def copy(primary: PrivateRedis, replica: PrivateRedis) -> None:
    """Make `replica` a copy of `primary`, as it is now, and a primary of its own again."""
    dump = {name: primary.do("DUMP", name) for name in primary.do("KEYS", "*")}
    replica.do("REPLICAOF", "127.0.0.1", "1")
    replica.do("REPLICAOF", "NO", "ONE")
    replica.do("FLUSHALL")
    for name, value in dump.items():
        replica.do("RESTORE", name, 0, value)


def test_losing_all_its_data_costs_misses_only(redis: PrivateRedis) -> None:
    process = Process()
    warm(process)

    redis.do("FLUSHALL")

    assert [process.read(), process.read()] == [(1, "miss"), (1, "hit")]


def test_a_fill_whose_lease_was_flushed_away_is_refused(redis: PrivateRedis) -> None:
    process = Process()
    warm(process)
    process.write()

    def flushed() -> Loaded:
        redis.do("FLUSHALL")
        return load(1)

    process.reader.read(key(1), flushed)
    process.reader.read_page(ALL, "1", flushed)

    assert redis.do("DBSIZE") == 0


def test_connections_that_the_server_closes_are_no_outage(redis: PrivateRedis) -> None:
    process = Process()
    warm(process)

    redis.kill_clients()

    assert process.read() == (1, "hit")
    redis.kill_clients()
    _, seconds = timed(process.write)
    assert seconds < LATER_WRITE_S
    assert [process.read(), process.read()] == [(2, "miss"), (2, "hit")]


def test_redis_may_die_during_a_load_and_the_reader_gets_what_it_loaded(redis: PrivateRedis) -> None:
    process = Process()
    warm(process)
    process.write()

    def dying() -> Loaded:
        redis.kill()
        return load(1)

    assert process.reader.read(key(1), dying) == Read(b"2", "miss")


def test_many_keys_come_from_the_database_while_redis_is_away(redis: PrivateRedis) -> None:
    process = Process()
    warm(process)
    redis.kill()

    first = process.reader.read_many([key(1), key(2)], load_many)  # finds out
    second = process.reader.read_many([key(1), key(2)], load_many)  # knows

    assert first == second == {key(1): Read(b"1", "bypass"), key(2): Read(b"1", "bypass")}


def test_the_services_own_face_survives_an_outage_as_well(redis: PrivateRedis) -> None:
    assert caching.read(key(1), lambda: load(1)).body == b"1"

    redis.kill()

    assert caching.read(key(1), lambda: load(1)) == Read(b"1", "bypass")


@pytest.mark.parametrize("muting", [False, True])
def test_a_write_while_invalidation_is_off_leaves_nothing_to_be_believed_when_it_is_on_again(
    redis: PrivateRedis, settings: Any, muting: bool
) -> None:
    until(lambda: caching.read(key(1), lambda: load(1)).status == "hit")

    settings.INVENTORY_CACHE_INVALIDATION_ENABLED = muting
    with muted(caching.SWITCH) if muting else nullcontext(), transaction.atomic():
        sql("UPDATE cache_probe SET version = 2 WHERE id = 1")
        caching.declare([key(1)])
    settings.INVENTORY_CACHE_INVALIDATION_ENABLED = True

    assert caching.read(key(1), lambda: load(1)).body == b"2"
    until(lambda: caching.read(key(1), lambda: load(1)) == Read(b"2", "hit"))
