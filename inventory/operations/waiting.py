"""A waiting room: who comes while somebody is served waits, and all who wait are served together next.

Nobody waits for company: who comes first is served at once, alone. The more come at a time, the more share the costs.
"""

from collections import deque
from collections.abc import Callable, Sequence
from threading import Lock
from typing import Generic, TypeVar

A = TypeVar("A")
R = TypeVar("R")

TOGETHER = 32


class WaitingRoom(Generic[A, R]):
    """`serve` takes what was asked, at most TOGETHER at a time, and returns as many answers in that order.

    It runs in the thread of one of those who asked, never twice at the same time. If it raises, the others get None.
    """

    def __init__(self, serve: Callable[[Sequence[A]], Sequence[R | None]]) -> None:
        self._serve = serve
        self._lock = Lock()
        self._waiting: deque[_Ticket[A, R]] = deque()
        self._busy = False

    def ask(self, asked: A) -> R | None:
        """Wait for the answer."""
        ticket: _Ticket[A, R] = _Ticket(asked)
        with self._lock:
            self._waiting.append(ticket)
            first, self._busy = not self._busy, True
        if not first:
            ticket.bell.acquire()
        if not ticket.served:  # the bell rang because it is our turn to serve
            self._serve_all(self._next())
        return ticket.answer

    def _next(self) -> "list[_Ticket[A, R]]":
        with self._lock:
            return [self._waiting.popleft() for _ in range(min(TOGETHER, len(self._waiting)))]

    def _serve_all(self, tickets: "list[_Ticket[A, R]]") -> None:
        try:
            answers = self._serve([ticket.asked for ticket in tickets])
            for ticket, answer in zip(tickets, answers, strict=True):
                ticket.answer = answer
        finally:
            # Whatever happened, nobody is left waiting: the next one serves, and these go with what they have.
            self._hand_over()
            for ticket in tickets:
                ticket.served = True
                ticket.bell.release()

    def _hand_over(self) -> None:
        with self._lock:
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
