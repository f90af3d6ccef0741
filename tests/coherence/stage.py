"""The servers of a run: PostgreSQL, Valkey, two web servers; each can be reached to be broken."""

import os
import shutil
import socket
import sys
import tempfile
from pathlib import Path
from typing import Any, Self
from urllib.parse import quote

import psycopg
import redis

from config.probe import answers
from config.supervisor.postgres import ROLE, Postgres
from config.supervisor.processes import Child, Keeper, Program
from config.supervisor.valkey import Valkey

KEY = "coherence-" + "k" * 40
WEB_SERVERS = 2


class Stage:
    def __init__(self) -> None:
        self.folder = Path(tempfile.mkdtemp(prefix="stockroom-coherence-", dir="/tmp"))
        self.folder.chmod(0o711)
        self.keeper = Keeper()
        self.keeper.clean_up_later(self.folder)
        self.postgres = Postgres(self.folder, self.folder, durable=True)
        self.valkey = Valkey(self.folder, self.folder)
        self.ports = [_free_port() for _ in range(WEB_SERVERS)]

    @property
    def origins(self) -> list[str]:
        return [f"http://127.0.0.1:{port}" for port in self.ports]

    def __enter__(self) -> Self:
        self.postgres.start(self.keeper)
        self.start_valkey()
        self.environment = os.environ | {
            "DJANGO_SETTINGS_MODULE": "config.settings",
            "DATABASE_URL": self.postgres.url,
            "REDIS_URL": self.valkey.url(0),
            "LIMITS_REDIS_URL": self.valkey.url(1),
            "SECRET_KEY": "of-no-value-" * 6,
            "LOG_LEVEL": "ERROR",
            "COHERENCE_KEY": KEY,
            "DATABASE_POOL_MIN": "4",
        }
        self.manage("migrate", "--verbosity=0")
        scopes = ["coherence", "--scopes", "all", "--rate-limit", "1000000000", "--secret-env", "COHERENCE_KEY"]
        self.manage("create_api_key", *scopes)
        self.web = [self._start_web(number) for number in range(WEB_SERVERS)]
        for origin in self.origins:
            if not self.keeper.wait_until(lambda origin=origin: answers(f"{origin}/health/ready"), 60):
                raise RuntimeError(f"{origin} did not become ready; see {self.folder}")
        return self

    def __exit__(self, *error: object) -> None:
        self.keeper.stop(tuple(self._name(number) for number in range(WEB_SERVERS)), ("Valkey",), ("PostgreSQL",))
        shutil.rmtree(self.folder, ignore_errors=True)

    def manage(self, *arguments: str) -> None:
        output = self.folder / "manage.log"
        program = Program("manage", [sys.executable, "manage.py", *arguments], self.environment, output=output)
        if self.keeper.run(program, 120) != 0:
            raise RuntimeError(output.read_text())

    def start_valkey(self) -> None:
        self.redis_server: Child = self.valkey.start(self.keeper)

    def restart_web(self, number: int) -> None:
        self.web[number] = self._start_web(number)

    def start_replica(self) -> tuple[Valkey, Child]:
        """Another Valkey that follows the one in use and has all that it has."""
        folder = Path(tempfile.mkdtemp(prefix="replica-", dir=self.folder))
        replica, port = Valkey(folder, folder), _free_port()
        replica.directory = self.folder  # where a restart looks for old data
        child = replica.start(self.keeper)
        for name, value in (("port", port), ("repl-diskless-sync-delay", 0)):
            self.redis("CONFIG", "SET", name, value)
        ask(replica, "REPLICAOF", "127.0.0.1", port)
        if not self.keeper.wait_until(lambda: ask(replica, "INFO", "replication")["master_link_status"] == "up", 20):
            raise RuntimeError("The replica does not follow")
        return replica, child

    def redis(self, *command: Any) -> Any:
        return ask(self.valkey, *command)

    def sql(self, statement: str) -> None:
        address = f"postgres://{ROLE}@{quote(str(self.postgres.sockets), safe='')}/{ROLE}"
        with psycopg.connect(address, autocommit=True) as connection:
            connection.execute(statement.encode())

    def wait_for_postgres(self) -> None:
        """Until it accepts connections, which it does not while it recovers."""

        def accepts() -> bool:
            try:
                self.sql("SELECT 1")
            except psycopg.OperationalError:
                return False
            return True

        if not self.keeper.wait_until(accepts, 60):
            raise RuntimeError("PostgreSQL does not recover")

    def complaints(self) -> str:
        """What the web servers have logged as their own mistakes."""
        logs = [self.folder / f"web{number}.log" for number in range(WEB_SERVERS)]
        return "".join(line for log in logs for line in log.open() if '"level": "error"' in line)

    def _start_web(self, number: int) -> Child:
        own = {"PORT": str(self.ports[number]), "WEB_WORKERS": "1", "WEB_THREADS": "4"}
        command, log = [sys.executable, "-m", "config.serve"], self.folder / f"web{number}.log"
        return self.keeper.start(Program(self._name(number), command, self.environment | own, output=log))

    @staticmethod
    def _name(number: int) -> str:
        return f"web server {number}"


def ask(server: Valkey, *command: Any) -> Any:
    """One command, on a connection of its own."""
    with redis.Redis(unix_socket_path=str(server.socket), socket_timeout=5) as client:
        return client.execute_command(*command)


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port
