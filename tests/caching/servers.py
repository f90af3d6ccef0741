"""A Redis that a test may torment, and a slow way to it."""

import os
import shutil
import signal
import socket
import tempfile
import threading
import time
from pathlib import Path
from typing import Any, Self

import redis

from config.supervisor.processes import Child, Keeper
from config.supervisor.valkey import Valkey


class PrivateRedis:
    """Started on entry, stopped on exit. Its folder outlives a restart, so data that were saved come back."""

    def __init__(self) -> None:
        self.folder = Path(tempfile.mkdtemp(prefix="stockroom-redis-", dir="/tmp"))
        self.server = Valkey(self.folder, self.folder)
        self.keeper = Keeper()
        self.keeper.clean_up_later(self.folder)

    @property
    def url(self) -> str:
        return self.server.url()

    @property
    def socket(self) -> Path:
        return self.server.socket

    def __enter__(self) -> Self:
        self.start()
        return self

    def __exit__(self, *error: object) -> None:
        self.thaw()
        self.keeper.stop()
        shutil.rmtree(self.folder, ignore_errors=True)

    def start(self) -> None:
        self.child: Child = self.server.start(self.keeper)

    def kill(self) -> None:
        self.child.process.kill()
        self.child.process.wait()

    def restart(self) -> None:
        self.kill()
        self.start()

    def freeze(self) -> None:
        os.kill(self.child.pid, signal.SIGSTOP)

    def thaw(self) -> None:
        if self.child.alive:
            os.kill(self.child.pid, signal.SIGCONT)

    def do(self, *command: Any) -> Any:
        """One command, on a connection of its own."""
        with redis.Redis(unix_socket_path=str(self.socket), socket_timeout=5) as client:
            return client.execute_command(*command)

    def kill_clients(self) -> None:
        """What a Sentinel does to a server that it demotes."""
        self.do("CLIENT", "KILL", "TYPE", "normal", "SKIPME", "yes")


class SlowWay:
    """A socket in front of another one: what comes back takes `delay_s` longer."""

    def __init__(self, target: Path) -> None:
        self.target, self.delay_s = target, 0.0
        self.path = target.with_name("slow.sock")
        self.url = f"unix://{self.path}?db=0"
        self._listening = socket.socket(socket.AF_UNIX)
        self._sockets = [self._listening]

    def __enter__(self) -> Self:
        self._listening.bind(str(self.path))
        self._listening.listen()
        threading.Thread(target=self._accept, daemon=True).start()
        return self

    def __exit__(self, *error: object) -> None:
        for each in self._sockets:
            each.close()

    def _accept(self) -> None:
        while True:
            try:
                near, _ = self._listening.accept()
            except OSError:
                return
            far = socket.socket(socket.AF_UNIX)
            far.connect(str(self.target))
            self._sockets += [near, far]
            threading.Thread(target=self._pump, args=(near, far, False), daemon=True).start()
            threading.Thread(target=self._pump, args=(far, near, True), daemon=True).start()

    def _pump(self, source: socket.socket, sink: socket.socket, slow: bool) -> None:
        try:
            while data := source.recv(65536):
                if slow:
                    time.sleep(self.delay_s)
                sink.sendall(data)
        except OSError:
            return
