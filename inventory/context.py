"""Who is acting, for which request, and which receivers are muted: context variables, so that threads stay apart."""

from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Actor:
    """Whoever causes a change: an API key, the subject of a token, a person in the admin, or the system itself.

    `kind` is `api_key`, `token`, `user` or `system`; `id` is the row's primary key as text, or the token's subject
    (empty for the system).
    """

    kind: str
    id: str = ""
    name: str = ""

    def __str__(self) -> str:
        return f"{self.kind}:{self.name or self.id}" if self.kind != "system" else (self.name or "system")


SYSTEM = Actor("system")

_actor: ContextVar[Actor] = ContextVar("stockroom_actor", default=SYSTEM)
_request_id: ContextVar[str] = ContextVar("stockroom_request_id", default="")
_muted: ContextVar[frozenset[str]] = ContextVar("stockroom_muted", default=frozenset())


def current_actor() -> Actor:
    return _actor.get()


def current_request_id() -> str:
    return _request_id.get()


@contextmanager
def acting_as(actor: Actor) -> Iterator[None]:
    """Name `actor` as the author of every change made inside the block."""
    token = _actor.set(actor)
    try:
        yield
    finally:
        _actor.reset(token)


@contextmanager
def answering(request_id: str) -> Iterator[None]:
    """Stamp `request_id` on every log line, activity row and movement made inside the block."""
    token = _request_id.set(request_id)
    try:
        yield
    finally:
        _request_id.reset(token)


@contextmanager
def muted(*switches: str) -> Iterator[None]:
    """Silence the receivers behind `switches` (setting names) in this block and this thread only; nests."""
    token = _muted.set(_muted.get() | frozenset(switches))
    try:
        yield
    finally:
        _muted.reset(token)


def is_muted(switch: str) -> bool:
    return switch in _muted.get()
