"""HTTP as cheap as it gets, for the readers: requests made beforehand, keep-alive, answers found by their length.

The server under test gets the processors; a client of the standard library would take a third of them.
"""

import re
import socket
import time

LENGTH = re.compile(rb"\r\ncontent-length: *(\d+)", re.IGNORECASE)
CACHE_STATUS = re.compile(rb"\r\ncache-status: *([^\r]*)", re.IGNORECASE)
now = time.monotonic_ns


class Broken(Exception):
    """The connection ended, or what came is no answer."""


class Line:
    """One connection to one server, with at most one request under way. `fileno` is for a selector."""

    def __init__(self, port: int) -> None:
        self.port = port
        self.started: int | None = None
        self._socket: socket.socket | None = None
        self._received = b""

    def fileno(self) -> int:
        return -1 if self._socket is None else self._socket.fileno()

    @property
    def connected(self) -> bool:
        return self._socket is not None

    def connect(self) -> None:
        """`OSError` if nobody listens."""
        self._socket = socket.create_connection(("127.0.0.1", self.port), timeout=20)

    def close(self) -> None:
        if self._socket is not None:
            self._socket.close()
        self._socket, self._received, self.started = None, b"", None

    def ask(self, request: bytes) -> None:
        assert self._socket is not None
        self.started = now()
        self._socket.sendall(request)

    def receive(self) -> tuple[int, bytes, bytes] | None:
        """Status, Cache-Status and body, once all of it has come; None before. Call it when the socket is readable."""
        assert self._socket is not None
        piece = self._socket.recv(262_144)
        if not piece:
            raise Broken("closed")
        self._received += piece
        head, blank, body = self._received.partition(b"\r\n\r\n")
        if not blank:
            return None
        length = LENGTH.search(head)
        if length is None or not head.startswith(b"HTTP/1.1 "):
            raise Broken("no answer with a length")
        if len(body) < int(length[1]):
            return None
        self._received, self.started = b"", None
        cache = CACHE_STATUS.search(head)
        return int(head[9:12]), cache[1] if cache else b"", body
