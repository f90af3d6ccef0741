"""A reader: a process with a few connections to each web server, so that one which hangs leaves the others busy."""

import random
import selectors
from collections import Counter
from multiprocessing.connection import Connection
from typing import Any

import orjson

from .catalogue import PRODUCTS, Catalogue
from .oracle import FOREVER, Read, Seen
from .stage import KEY
from .wire import Broken, Line, now

LINES = 2  # to each server
TROUBLE = (OSError, Broken, ValueError)
REST_NS = 50_000_000
PATIENCE_NS = 20_000_000_000
POST_NS = 250_000_000


def read_until(stop: Any, origins: list[str], catalogue: Catalogue, post: Connection) -> None:
    """Send `(mark, writes, reads, failed)` again and again: all that has ended, and of what started before `mark`."""
    reader = Reader([int(origin.rpartition(":")[2]) for origin in origins], catalogue)
    posted = now()
    while not stop.is_set():
        reader.step()
        if now() - posted > POST_NS:
            posted = now()
            post.send(reader.report())
    post.send((FOREVER, *reader.report()[1:]))
    post.close()


class Reader:
    def __init__(self, ports: list[int], catalogue: Catalogue) -> None:
        self._catalogue = catalogue
        self._selector = selectors.DefaultSelector()
        self._lines = {Line(port): 0 for port in ports for _ in range(LINES)}  # → not before this instant
        self._asked: dict[Line, int | None] = {}  # → the listing that was asked for
        self._reads: list[Read] = []
        self._failed: Counter[str] = Counter()

    def report(self) -> tuple[int, list, list[Read], Counter[str]]:
        under_way = [line.started for line in self._lines if line.started is not None]
        reads, failed, self._reads, self._failed = self._reads, self._failed, [], Counter()
        return min(under_way, default=now()), [], reads, failed

    def step(self) -> None:
        """Ask wherever nothing is under way, then wait for answers and note them."""
        instant = now()
        for line, rest_until in self._lines.items():
            if line.started is None and instant >= rest_until:
                self._ask(line)
            elif line.started is not None and instant - line.started > PATIENCE_NS:
                self._give_up(line)
        for key, _ in self._selector.select(0.05):
            self._take(key.data)

    def _ask(self, line: Line) -> None:
        path, self._asked[line] = self._question()
        try:
            if not line.connected:
                line.connect()
                self._selector.register(line, selectors.EVENT_READ, line)
            line.ask(_request(path, line.port))
        except TROUBLE:
            self._give_up(line)

    def _question(self) -> tuple[str, int | None]:
        number, dice = random.randrange(PRODUCTS), random.random()
        if dice < 0.2:
            return f"/products/sku:P-{number}", None
        if dice < 0.45:
            return f"/categories/{self._catalogue.categories[number % 2]}/products", number % 2
        return f"/products/{self._catalogue.ids[number]}", None

    def _take(self, line: Line) -> None:
        started = line.started
        try:
            answer = line.receive()
            if answer is None:
                return
            ended = now()
            status, cache, body = answer
            if started is None or status != 200:
                self._failed[f"answered {status}"] += 1
                return
            self._reads.append(self._read(started, ended, cache, orjson.loads(body), self._asked[line]))
        except TROUBLE:
            self._give_up(line)

    def _read(self, started: int, ended: int, cache: bytes, found: Any, listing: int | None) -> Read:
        rows = [found] if listing is None else found["results"]
        numbers = self._catalogue.numbers
        seen = tuple(Seen(numbers[row["id"]], row["version"], row["stock"]["on_hand"]) for row in rows)
        return Read(started, ended, b"hit" in cache, seen, listing)

    def _give_up(self, line: Line) -> None:
        self._failed["without an answer"] += 1
        if line.connected and line in self._selector.get_map():
            self._selector.unregister(line)
        line.close()
        self._lines[line] = now() + REST_NS


def _request(path: str, port: int) -> bytes:
    head = f"GET /api/v1{path} HTTP/1.1\r\nHost: 127.0.0.1:{port}\r\nAuthorization: Bearer {KEY}\r\n\r\n"
    return head.encode()
