"""Start servers on free ports of loopback, and stop those and no others."""

import os
import socket
import sys
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from config import serve
from config.supervisor.child import Program
from config.supervisor.failures import Failure
from config.supervisor.processes import Keeper

START_S = 90.0


@dataclass(frozen=True)
class Server:
    port: int
    pid: int


@dataclass(frozen=True)
class Wish:
    """What shall run: `application` for granian, or None for the service itself as it is started in production."""

    application: str | None
    environment: Mapping[str, str]


@contextmanager
def running(wishes: Mapping[str, Wish], logs: Path) -> Iterator[dict[str, Server]]:
    keeper = Keeper()
    try:
        started = {name: _start(keeper, name, wish, logs) for name, wish in wishes.items()}
        for name, server in started.items():
            if not keeper.wait_until(lambda port=server.port: _accepts(port), START_S):
                raise Failure(f"{name} did not start:\n{_log(logs, name).read_text(errors='replace')[-2000:]}")
        yield started
    finally:
        keeper.stop()


def _start(keeper: Keeper, name: str, wish: Wish, logs: Path) -> Server:
    port = _free_port()
    environment = {**os.environ, **wish.environment, "PORT": str(port), "WEB_WORKERS": "1"}
    command = [sys.executable, "-m", "config.serve"]
    if wish.application:
        command = [*serve.command(environment)[:-1], wish.application]
    child = keeper.start(Program(name, command, environment, output=_log(logs, name)))
    return Server(port, child.pid)


def _log(logs: Path, name: str) -> Path:
    return logs / f"{name.replace(' ', '')}.log"


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


def _accepts(port: int) -> bool:
    try:
        with socket.create_connection(("127.0.0.1", port), timeout=1):
            return True
    except OSError:
        return False
