"""The load: one process, N connections, no library. `python -m benchmarks.load` reads a `Load` from stdin.

It must cost less than what it measures, so it knows just enough HTTP: a status, a Content-Length, a body to skip. Each
connection has one request under way; what comes back is only counted.
"""

import json
import random
import selectors
import socket
import sys
import time
from collections.abc import Iterator
from dataclasses import asdict, dataclass, field

STALLED_S = 20.0


@dataclass
class Load:
    """`lines` are filled into `template` in random order, each `once` or again and again.

    It names them as `%(line)s`, and a number that never repeats as `%(serial)s`. Every answer must have the status that
    is `expected`, and `marker` in its head.
    """

    port: int
    connections: int
    seconds: float
    template: str
    lines: list[str] = field(default_factory=list)
    once: bool = False
    serial: str = ""
    expected: str = "200"
    marker: str = ""


@dataclass
class Report:
    requests: int
    seconds: float
    cpu_s: float
    p50_ms: float
    p99_ms: float


def requests(load: Load) -> Iterator[bytes]:
    """Request after request, in random order; a serial number makes each of them the first of its kind."""
    dice = random.Random(time.monotonic_ns())
    before, _, after = load.template.encode().partition(b"%(line)s")
    lines = [line.encode() for line in load.lines] or [b""]
    number, serial = 0, load.serial.encode()
    while True:
        dice.shuffle(lines)
        for line in lines:
            number += 1
            request = before + line + after
            yield request.replace(b"%(serial)s", b"%b-%08d" % (serial, number)) if serial else request
        if load.once:
            return


def run(load: Load) -> Report:
    """Keep every connection busy for so many seconds, then let each finish the request that it has begun."""
    waits: list[float] = []
    feed, clock = requests(load), time.perf_counter
    with selectors.DefaultSelector() as ready:
        for _ in range(load.connections):
            connection = socket.create_connection(("127.0.0.1", load.port))
            connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            ready.register(connection, selectors.EVENT_READ, Talk(connection, load))
        cpu, started = time.process_time(), clock()
        until = started + load.seconds
        open_talks = sum(key.data.ask(next(feed, None), clock()) for key in ready.get_map().values())
        while open_talks:
            events = ready.select(STALLED_S)
            if not events:
                raise TimeoutError(f"{open_talks} requests were not answered within {STALLED_S:.0f} s")
            for key, _ in events:
                talk = key.data
                if not talk.hear():
                    continue
                now = clock()
                waits.append(now - talk.asked)
                open_talks -= not talk.ask(next(feed, None) if now < until else None, now)
        took, cpu = clock() - started, time.process_time() - cpu
        for key in list(ready.get_map().values()):
            key.data.connection.close()
    waits.sort()
    return Report(len(waits), took, cpu, waits[len(waits) // 2] * 1e3, waits[int(len(waits) * 0.99)] * 1e3)


class Talk:
    """One connection and the answer that is arriving on it."""

    __slots__ = ("asked", "connection", "expected", "got", "marker", "missing")

    def __init__(self, connection: socket.socket, load: Load) -> None:
        self.connection, self.asked, self.got, self.missing = connection, 0.0, b"", 0
        self.expected, self.marker = f"HTTP/1.1 {load.expected} ".encode(), load.marker.encode()

    def ask(self, request: bytes | None, now: float) -> bool:
        if request is None:
            return False
        self.asked, self.got, self.missing = now, b"", 0
        self.connection.sendall(request)  # far smaller than a socket's buffer
        return True

    def hear(self) -> bool:
        """Is the answer complete?"""
        piece = self.connection.recv(262_144)
        if not piece:
            raise ConnectionError(f"The server hung up on us after {self.got[:200]!r}")
        if self.missing:
            self.missing -= len(piece)
            return not self.missing
        self.got += piece
        end = self.got.find(b"\r\n\r\n")
        if end < 0:
            return False
        head = self.got[:end].lower()
        if not self.got.startswith(self.expected) or self.marker not in head:
            raise AssertionError(f"not {self.expected!r} with {self.marker!r}: {self.got[:1000]!r}")
        self.missing = _body_length(head) - (len(self.got) - end - 4)
        return not self.missing


def _body_length(head: bytes) -> int:
    """Answers without a body (304) need not have the header, and may have that of the answer they stand for."""
    _, found, rest = head.partition(b"\r\ncontent-length:")
    return int(rest.split(b"\r", 1)[0]) if found and head[9:12] != b"304" else 0


if __name__ == "__main__":
    print(json.dumps(asdict(run(Load(**json.load(sys.stdin))))))
