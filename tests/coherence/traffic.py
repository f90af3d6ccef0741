"""Clients: processes that write or read over HTTP until told to stop, and keep a log."""

import http.client
import json
import multiprocessing
import pickle
import random
import time
from collections import Counter
from pathlib import Path
from typing import Any

from .oracle import Read, Seen, Write
from .stage import KEY

PRODUCTS = 12
TROUBLE = (OSError, http.client.HTTPException, ValueError)
now = time.monotonic_ns


class Client:
    """Keep-alive connections to every web server, one asked at random each time."""

    def __init__(self, origins: list[str]) -> None:
        self._ports = [int(origin.rpartition(":")[2]) for origin in origins]
        self._connections: dict[int, http.client.HTTPConnection] = {}

    def ask(self, method: str, path: str, body: Any = None) -> tuple[int, Any, str]:
        """Status, decoded body, Cache-Status. One of TROUBLE if no answer comes."""
        port = random.choice(self._ports)
        connection = self._connections.get(port) or http.client.HTTPConnection("127.0.0.1", port, timeout=20)
        self._connections[port] = connection
        headers = {"Authorization": f"Bearer {KEY}", "Content-Type": "application/json", "If-Match": "*"}
        try:
            connection.request(method, f"/api/v1{path}", json.dumps(body) if body is not None else None, headers)
            answer = connection.getresponse()
            return answer.status, json.loads(answer.read() or b"null"), answer.headers.get("Cache-Status", "")
        except TROUBLE:
            connection.close()
            del self._connections[port]
            raise


class Catalogue:
    """What the clients play with; made once, then handed to every process."""

    def __init__(self, origins: list[str]) -> None:
        client = Client(origins)
        self.categories = [client.ask("POST", "/categories", {"name": f"Shelf {n}"})[1]["id"] for n in range(2)]
        made = [
            client.ask("POST", "/products", {"sku": f"P-{n}", "name": f"P {n}", "category": self.categories[n % 2]})[1]
            for n in range(PRODUCTS)
        ]
        self.ids = [product["id"] for product in made]
        self.numbers = {pk: number for number, pk in enumerate(self.ids)}
        self.homes = {number: number % 2 for number in range(PRODUCTS)}


def write_until(stop: Any, number: int, writers: int, origins: list[str], catalogue: Catalogue, log: Path) -> None:
    client, done = Client(origins), []
    mine = [product for product in range(PRODUCTS) if product % writers == number]
    homes = dict(catalogue.homes)
    while not stop.is_set():
        product, deed = random.randrange(PRODUCTS), random.random()
        started = now()
        if deed < 0.5:
            line = {"sku": f"P-{product}", "delta": 1}
            answer = _answer(client, "POST", "/stock/adjustments", {"reason": "received", "lines": [line]}, 201)
            value = answer and answer["levels"][0]["on_hand"]
            done.append(Write(started, now() if answer else None, product, "on_hand", value))
        else:
            change: dict[str, Any] = {"description": f"{started}"}
            category = None
            if deed > 0.8:  # one writer alone moves a product, so its moves have an order
                product = random.choice(mine)
                category = homes[product] = 1 - homes[product]
                change = {"category": catalogue.categories[category]}
            answer = _answer(client, "PATCH", f"/products/{catalogue.ids[product]}", change, 200)
            value = answer and answer["version"]
            done.append(Write(started, now() if answer else None, product, "version", value, category))
        time.sleep(random.random() * 0.01)
    log.write_bytes(pickle.dumps(done))


def read_until(stop: Any, origins: list[str], catalogue: Catalogue, log: Path) -> None:
    client, done, failed = Client(origins), [], Counter[str]()
    while not stop.is_set():
        product, listing = random.randrange(PRODUCTS), None
        path, deed = f"/products/{catalogue.ids[product]}", random.random()
        if deed < 0.2:
            path = f"/products/sku:P-{product}"
        elif deed < 0.45:
            listing = random.randrange(2)
            path = f"/categories/{catalogue.categories[listing]}/products"
        started = now()
        try:
            status, found, cache = client.ask("GET", path)
        except TROUBLE:
            failed["without an answer"] += 1
            time.sleep(0.05)
            continue
        if status != 200:
            failed[f"answered {status}"] += 1
            continue
        seen = tuple(
            Seen(catalogue.numbers[row["id"]], row["version"], row["stock"]["on_hand"])
            for row in (found["results"] if listing is not None else [found])
        )
        done.append(Read(started, now(), "hit" in cache, seen, listing))
    log.write_bytes(pickle.dumps((done, failed)))


def _answer(client: Client, method: str, path: str, body: Any, expected: int) -> Any:
    """The answer, or None: then nobody knows whether it happened."""
    try:
        status, found, _ = client.ask(method, path, body)
    except TROUBLE:
        time.sleep(0.05)
        return None
    return found if status == expected else None


class Crowd:
    """The clients as processes. `finish` returns every write, every read, and what came of the other reads."""

    def __init__(self, origins: list[str], catalogue: Catalogue, folder: Path, writers: int, readers: int) -> None:
        spawn = multiprocessing.get_context("spawn")
        self._stop = spawn.Event()
        self._logs = {
            "w": [folder / f"w{n}.log" for n in range(writers)],
            "r": [folder / f"r{n}.log" for n in range(readers)],
        }
        self._processes = [
            spawn.Process(target=write_until, args=(self._stop, n, writers, origins, catalogue, log))
            for n, log in enumerate(self._logs["w"])
        ] + [spawn.Process(target=read_until, args=(self._stop, origins, catalogue, log)) for log in self._logs["r"]]
        for process in self._processes:
            process.daemon = True  # a run that breaks off takes its clients along
            process.start()

    def finish(self) -> tuple[list[Write], list[Read], Counter[str]]:
        self._stop.set()
        for process in self._processes:
            process.join(60)
        writes = [write for log in self._logs["w"] for write in pickle.loads(log.read_bytes())]
        logs = [pickle.loads(log.read_bytes()) for log in self._logs["r"]]
        return writes, [read for done, _ in logs for read in done], sum((failed for _, failed in logs), Counter())
