"""A writer: a process that edits, moves and stocks products, one deed after the other."""

import random
import time
from collections import Counter
from collections.abc import Sequence
from multiprocessing.connection import Connection
from typing import Any

from .catalogue import PRODUCTS, Catalogue
from .client import TROUBLE, Client
from .oracle import FOREVER, Write
from .wire import now

LONGEST_NAP_S = 0.08
POST_NS = 250_000_000


def write_until(stop: Any, mine: Sequence[int], origins: list[str], catalogue: Catalogue, post: Connection) -> None:
    """Send `(mark, writes, reads, failed)` again and again, as the readers do. `mine`: what nobody else moves."""
    writer, posted = Writer(mine, Client(origins), catalogue), now()
    done: list[Write] = []
    while not stop.is_set():
        done.append(writer.write())
        time.sleep(random.random() * LONGEST_NAP_S)
        if now() - posted > POST_NS:
            posted = now()
            post.send((posted, done, [], writer.mistakes))
            done, writer.mistakes = [], Counter()
    post.send((FOREVER, done, [], writer.mistakes))
    post.close()


class Writer:
    def __init__(self, mine: Sequence[int], client: Client, catalogue: Catalogue) -> None:
        self._client, self._catalogue, self._mine = client, catalogue, mine
        self._homes = dict(catalogue.homes)
        self.mistakes: Counter[str] = Counter()

    def write(self) -> Write:
        deed = random.choices([self._stock, self._edit, self._move], [5, 3, 2])[0]
        return deed()

    def _stock(self) -> Write:
        product, started = random.randrange(PRODUCTS), now()
        line = {"sku": f"P-{product}", "delta": 1}
        answer = self._ask("POST", "/stock/adjustments", {"reason": "received", "lines": [line]}, 201)
        return Write(started, _ended(answer), product, "on_hand", answer and answer["levels"][0]["on_hand"])

    def _edit(self) -> Write:
        product, started = random.randrange(PRODUCTS), now()
        answer = self._patch(product, {"description": f"{started}"})
        return Write(started, _ended(answer), product, "version", answer and answer["version"])

    def _move(self) -> Write:
        product, started = random.choice(self._mine), now()
        category = self._homes[product] = 1 - self._homes[product]
        answer = self._patch(product, {"category": self._catalogue.categories[category]})
        return Write(started, _ended(answer), product, "version", answer and answer["version"], category)

    def _patch(self, product: int, change: dict[str, Any]) -> Any:
        return self._ask("PATCH", f"/products/{self._catalogue.ids[product]}", change, 200)

    def _ask(self, method: str, path: str, body: Any, expected: int) -> Any:
        """The answer, or None: then nobody knows whether it happened."""
        try:
            status, found = self._client.ask(method, path, body)
        except TROUBLE:
            time.sleep(0.05)
            return None
        if status >= 500 and status != 503:
            self.mistakes[f"answered {status}"] += 1
        return found if status == expected else None


def _ended(answer: Any) -> int | None:
    return now() if answer else None
