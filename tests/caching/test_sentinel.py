"""Redis behind a Sentinel, through django-redis' own settings: a fail-over costs misses, never a stale read."""

import shutil
import socket
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import redis

from config.supervisor.processes import Child, Keeper, Program
from config.supervisor.valkey import _binary

from .conftest import start_epoch
from .probe import Process, until

SENTINEL = """
port {port}
bind 127.0.0.1
dir {folder}
sentinel monitor shop 127.0.0.1 {primary} 1
sentinel down-after-milliseconds shop 500
sentinel failover-timeout shop 2000
"""


class Watched:
    """A primary, a replica of it, and a Sentinel that watches both."""

    def __init__(self) -> None:
        self.folder = Path(tempfile.mkdtemp(prefix="stockroom-sentinel-", dir="/tmp"))
        self.keeper = Keeper()
        self.keeper.clean_up_later(self.folder)
        self.primary, self.replica, self.sentinel = free_ports(3)

    def start(self) -> None:
        self.first = self._start("primary", self.primary)
        self._start("replica", self.replica, "--replicaof", "127.0.0.1", str(self.primary))
        until(lambda: ask(self.replica, "INFO", "replication").get("master_link_status") == "up")
        settings = self.folder / "sentinel.conf"
        settings.write_text(SENTINEL.format(port=self.sentinel, folder=self.folder, primary=self.primary))
        self._run("sentinel", str(settings), "--sentinel")
        until(lambda: int(ask(self.sentinel, "SENTINEL", "MASTER", "shop")["num-slaves"]) == 1)

    def caches(self, options: dict[str, Any]) -> dict[str, Any]:
        return {
            "BACKEND": "django_redis.cache.RedisCache",
            "LOCATION": "redis://shop/0",
            "OPTIONS": options
            | {
                "CLIENT_CLASS": "django_redis.client.SentinelClient",
                "CONNECTION_FACTORY": "django_redis.pool.SentinelConnectionFactory",
                "SENTINELS": [("127.0.0.1", self.sentinel)],
            },
        }

    def master(self) -> int:
        return int(ask(self.sentinel, "SENTINEL", "MASTER", "shop")["port"])

    def stop(self) -> None:
        self.keeper.stop()
        shutil.rmtree(self.folder, ignore_errors=True)

    def _start(self, name: str, port: int, *more: str) -> Child:
        child = self._run(name, "--port", str(port), "--bind", "127.0.0.1", "--save", "", *more)
        until(lambda: answers(port))
        return child

    def _run(self, name: str, *arguments: str) -> Child:
        (self.folder / name).mkdir()
        command, log = [str(_binary()), *arguments], self.folder / f"{name}.log"
        return self.keeper.start(Program(name, command, directory=self.folder / name, output=log))


def ask(port: int, *command: str) -> Any:
    with redis.Redis(port=port, decode_responses=True, socket_timeout=5) as client:
        return client.execute_command(*command)


def answers(port: int) -> bool:
    try:
        return bool(ask(port, "PING"))
    except redis.ConnectionError:
        return False


def free_ports(count: int) -> list[int]:
    probes = [socket.socket() for _ in range(count)]
    for probe in probes:
        probe.bind(("127.0.0.1", 0))
    ports = [probe.getsockname()[1] for probe in probes]
    for probe in probes:
        probe.close()
    return ports


@pytest.fixture
def watched(settings: Any, probes: None) -> Iterator[Watched]:
    watched = Watched()
    try:
        watched.start()
        settings.CACHES = {"default": watched.caches(settings.CACHES["default"]["OPTIONS"])}
        yield watched
    finally:
        watched.stop()
        start_epoch()


@pytest.mark.slow
def test_a_fail_over_costs_misses_and_never_a_stale_read(watched: Watched) -> None:
    here, there = Process(), Process()
    until(lambda: here.read()[1] == there.read()[1] == "hit")

    watched.first.process.kill()
    assert here.write() == 2
    assert there.read()[0] == here.read()[0] == 2
    until(lambda: watched.master() == watched.replica, seconds=20)

    assert there.write() == 3
    assert here.read()[0] == 3
    until(lambda: here.read() == there.read() == (3, "hit"), seconds=20)
