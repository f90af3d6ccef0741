"""A waiting room: who comes while somebody is served waits, and all who wait are served together next.

Who comes first is served at once, alone. The more come at a time, the more share the costs of being served. So where
there was a crowd just now, the next ones wait a little for those who are leaving and will come again; PostgreSQL has
the same for those who commit (`commit_delay`).
"""

import time
from collections import deque
from collections.abc import Callable, Sequence
from threading import Lock
from typing import Generic, TypeVar

A = TypeVar("A")
R = TypeVar("R")

TOGETHER = 32
#: How long the next ones wait at most, and never longer than half of what it took to serve the last ones.
PATIENCE_S = 0.005


class WaitingRoom(Generic[A, R]):
    """`serve` takes what was asked, at most TOGETHER at a time, and returns as many answers in that order.

    It runs in the thread of one of those who asked, never twice at the same time. If it raises, the others get None.
    """

    def __init__(self, serve: Callable[[Sequence[A]], Sequence[R | None]]) -> None:
        self._serve = serve
        self._lock = Lock()
        self._waiting: deque[_Ticket[A, R]] = deque()
        self._busy = False
        #: Nearly as many as were here when the last ones left; they are waited for until then.
        self._expected, self._until = 0, 0.0
        #: Who waits for the others; the last of these wakes it.
        self._doorkeeper: _Ticket[A, R] | None = None

    def ask(self, asked: A) -> R | None:
        """Wait for the answer."""
        ticket: _Ticket[A, R] = _Ticket(asked)
        if not self._enter(ticket):
            ticket.bell.acquire()
        if not ticket.served:  # it is our turn to serve
            self._wait_for_others(ticket)
            self._serve_all(self._next())
        return ticket.answer

    def _enter(self, ticket: "_Ticket[A, R]") -> bool:
        """Is nobody being served, so that it is this one's turn?"""
        with self._lock:
            self._waiting.append(ticket)
            first, self._busy = not self._busy, True
            if self._doorkeeper is not None and len(self._waiting) >= self._expected:
                self._doorkeeper.bell.release()
                self._doorkeeper = None
        return first

    def _wait_for_others(self, ticket: "_Ticket[A, R]") -> None:
        with self._lock:
            patience = self._until - time.monotonic()
            if len(self._waiting) >= self._expected or patience <= 0:
                return
            self._doorkeeper = ticket
        ticket.bell.acquire(timeout=patience)

    def _next(self) -> "list[_Ticket[A, R]]":
        with self._lock:
            self._doorkeeper = None
            return [self._waiting.popleft() for _ in range(min(TOGETHER, len(self._waiting)))]

    def _serve_all(self, tickets: "list[_Ticket[A, R]]") -> None:
        started = time.monotonic()
        try:
            answers = self._serve([ticket.asked for ticket in tickets])
            for ticket, answer in zip(tickets, answers, strict=True):
                ticket.answer = answer
        finally:
            # Whatever happened, nobody is left waiting: the next one serves, and these go with what they have.
            self._hand_over(len(tickets), min(PATIENCE_S, (time.monotonic() - started) / 2))
            for ticket in tickets[1:]:
                ticket.served = True
                ticket.bell.release()

    def _hand_over(self, served: int, patience: float) -> None:
        with self._lock:
            here = min(TOGETHER, served + len(self._waiting))
            self._expected = here - here // 10  # the slowest are not worth it
            self._until = time.monotonic() + patience
            successor = self._waiting[0] if self._waiting else None
            self._busy = successor is not None
        if successor is not None:
            successor.bell.release()


class _Ticket(Generic[A, R]):
    __slots__ = ("answer", "asked", "bell", "served")

    def __init__(self, asked: A) -> None:
        self.asked = asked
        self.answer: R | None = None
        self.served = False
        self.bell = Lock()
        self.bell.acquire()
