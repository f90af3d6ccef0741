"""The bare connection: it speaks as Redis reads, knows whom it speaks to, and is closed for good by any surprise."""

import pytest
from redis.exceptions import ConnectionError, TimeoutError

from inventory.caching.connection import WrongProcess, identify
from inventory.caching.wire import Place, Wire, packed, place_of

from .servers import PrivateRedis


def wire(redis: PrivateRedis, timeout_s: float = 0.3) -> Wire:
    return Wire(Place(str(redis.socket)), identify(), timeout_s)


def test_a_command_is_as_long_as_its_bytes() -> None:
    assert packed("GET", "a") == b"*2\r\n$3\r\nGET\r\n$1\r\na\r\n"
    assert packed("MGET", "ä", "€uro") == "*3\r\n$4\r\nMGET\r\n$2\r\nä\r\n$6\r\n€uro\r\n".encode()


@pytest.mark.parametrize(
    ("url", "found"),
    [
        ("redis://127.0.0.1:6380/2", (Place(("127.0.0.1", 6380)), 2)),
        ("redis://redis", (Place(("redis", 6379)), 0)),
        ("redis://ann:secret@h:1/0", (Place(("h", 1), ("ann", "secret")), 0)),
        ("redis://:secret@h:1/0", (Place(("h", 1), ("secret",)), 0)),
        ("unix:///run/redis.sock?db=3", (Place("/run/redis.sock"), 3)),
        ("rediss://h/0", None),
        ("redis://h/0?protocol=3", None),
        ("sentinel://h/0", None),
        ("redis+sentinel://h/0", None),
    ],
)
def test_only_what_a_bare_socket_can_do_is_a_place(url: str, found: tuple[Place, int] | None) -> None:
    assert place_of(url) == found


def test_replies_come_in_order_and_in_any_pieces(redis: PrivateRedis) -> None:
    line, large = wire(redis), "x" * 1_000_000
    line.do("SET", "a", large)

    replies = line.ask(packed("GET", "a") + packed("GET", "nothing") + packed("MGET", "a", "nothing"), 3)

    assert replies == [large.encode(), None, [large.encode(), None]]


def test_it_refuses_another_process_and_a_replica(redis: PrivateRedis) -> None:
    with pytest.raises(WrongProcess):
        Wire(Place(str(redis.socket)), "another", 0.3)

    redis.do("REPLICAOF", "127.0.0.1", "1")

    with pytest.raises(WrongProcess):
        Wire(Place(str(redis.socket)), "another", 0.3)


def test_it_waits_no_longer_than_it_may(redis: PrivateRedis) -> None:
    line = wire(redis, timeout_s=0.1)
    redis.freeze()

    with pytest.raises(TimeoutError):
        line.do("GET", "a")

    assert not line.is_open


@pytest.mark.parametrize("surprise", ["refused", "hung up"])
def test_after_a_surprise_it_is_closed_for_good(redis: PrivateRedis, surprise: str) -> None:
    line = wire(redis)
    if surprise == "hung up":
        redis.kill_clients()

    with pytest.raises(ConnectionError):
        line.ask(packed("NONSENSE") + packed("GET", "a"), 2)

    assert not line.is_open


def test_it_logs_in_where_that_is_wanted(redis: PrivateRedis) -> None:
    process = identify()
    redis.do("ACL", "SETUSER", "ann", "on", ">secret", "~*", "+@all")

    assert Wire(Place(str(redis.socket), ("ann", "secret")), process, 0.3).do("ACL", "WHOAMI") == b"ann"
    with pytest.raises(ConnectionError):
        Wire(Place(str(redis.socket), ("ann", "wrong")), process, 0.3)
