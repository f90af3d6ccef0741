"""Gathering: what the rings of several requests write, written by one statement where nobody can tell the difference.

Inside `gathered()`, writes that come through `put_off` wait. They are made, in their order, before any other statement
of the connection and at the end of the block; after the first time nothing waits any more. So whoever asks the database
finds what he would have found, and a savepoint holds what was done in it.
"""

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from contextvars import ContextVar
from typing import Any

from django.db import connection

Write = Callable[[Sequence[Any]], None]

_current: ContextVar["Gathering | None"] = ContextVar("stockroom_gathering", default=None)


class Gathering:
    """A wrapper around every statement of the connection; COPY and cursors past Django's go by unseen."""

    def __init__(self) -> None:
        self.is_open = True
        self._waiting: dict[Write, list[Any]] = {}

    def __call__(self, execute: Callable[..., Any], *statement: Any) -> Any:
        self.write()
        return execute(*statement)

    def add(self, write: Write, items: Sequence[Any]) -> None:
        self._waiting.setdefault(write, []).extend(items)

    def write(self) -> None:
        self.is_open = False
        waiting, self._waiting = self._waiting, {}
        for write, items in waiting.items():
            write(items)


@contextmanager
def gathered() -> Iterator[None]:
    """Let writes wait until the end of the block. Inside a transaction; a failed ring ends it, guarded or not."""
    gathering = Gathering()
    token = _current.set(gathering)
    try:
        with connection.execute_wrapper(gathering):
            yield
            gathering.write()
    finally:
        _current.reset(token)


def is_gathering() -> bool:
    return _current.get() is not None


def put_off(write: Write, items: Sequence[Any]) -> None:
    """Call `write(items)`: later and together with others while they are gathered, else at once.

    What is written must not depend on when: `items` carry their author and their request.
    """
    gathering = _current.get()
    if gathering is not None and gathering.is_open:
        gathering.add(write, items)
    else:
        write(items)
