"""The clients as processes, and the court that hears them while they run."""

import multiprocessing
import re
from collections import Counter
from collections.abc import Callable
from concurrent.futures import Future, ThreadPoolExecutor
from multiprocessing.connection import Connection, wait
from typing import Any, Self

from .catalogue import Catalogue
from .oracle import FOREVER, Judge
from .readers import read_until
from .writers import write_until

WRITERS, READERS = 2, 2
MISTAKE = re.compile("answered 5(?!03)..")


class Court:
    """Takes what the clients send, and judges what nothing can change any more."""

    def __init__(self, judge: Judge, posts: list[Connection]) -> None:
        self.judge = judge
        self.failed: Counter[str] = Counter()
        self._marks: dict[Any, int] = dict.fromkeys(posts, 0)

    @property
    def mistakes(self) -> int:
        """Answers that blame the service itself: 5xx, but for 503."""
        return sum(count for what, count in self.failed.items() if MISTAKE.fullmatch(what))

    def sit(self, meanwhile: Callable[[], None]) -> None:
        """Until all clients have said their last."""
        while any(mark < FOREVER for mark in self._marks.values()):
            for post in wait([post for post, mark in self._marks.items() if mark < FOREVER], 1):
                self.hear(post)
            meanwhile()

    def hear(self, post: Any) -> None:
        """Take what one client has sent. `EOFError` if it is dead."""
        self._marks[post], writes, reads, failed = post.recv()
        self.judge.add(writes, reads)
        self.judge.rule(min(self._marks.values()))
        self.failed += failed


class Crowd:
    def __init__(self, origins: list[str], catalogue: Catalogue, meanwhile: Callable[["Crowd"], None]) -> None:
        """`meanwhile` is called after each look at what came in."""
        self._spawn = multiprocessing.get_context("spawn")
        self._stop = self._spawn.Event()
        self._processes: list[Any] = []
        products = range(len(catalogue.ids))
        posts = [
            *(self._start(write_until, products[number::WRITERS], origins, catalogue) for number in range(WRITERS)),
            *(self._start(read_until, origins, catalogue) for _ in range(READERS)),
        ]
        self.judge = Judge(catalogue.homes)
        self.court = Court(self.judge, posts)
        self._sitting: Future[None] = ThreadPoolExecutor(1).submit(self.court.sit, lambda: meanwhile(self))

    def _start(self, work: Callable[..., None], *arguments: Any) -> Connection:
        here, there = self._spawn.Pipe(duplex=False)
        process = self._spawn.Process(target=work, args=(self._stop, *arguments, there), daemon=True)
        process.start()
        self._processes.append(process)
        there.close()  # only the client holds it now, so its death is heard as the end of the pipe
        return here

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *error: object) -> None:
        for process in self._processes:
            process.kill()  # which also ends the sitting

    @property
    def going(self) -> bool:
        """Are all clients and the court at work?"""
        return not self._sitting.done()

    def finish(self) -> None:
        """Stop the clients and judge the rest. `EOFError` if one of them had died."""
        self._stop.set()
        self._sitting.result(90)
