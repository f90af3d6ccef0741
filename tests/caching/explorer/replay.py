"""Run the real protocol code one command at a time, without threads.

A process of the explored world is a script: a function that calls the real `Reader` and `Writer` over ports whose every
command is a question to the world. What it does next depends on nothing but the answers it has had. So to learn its
next command the script is run from its beginning with those answers, until it asks for one more. Each history of
answers is a `Node`, run once and remembered; that makes exhaustive exploration cheap.
"""

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

from redis.exceptions import TimeoutError as RedisTimeoutError

from inventory.caching.connection import WrongProcess
from inventory.caching.database import TrustRow
from inventory.caching.reader import Reader
from inventory.caching.trust import Trust
from inventory.caching.writer import Writer

ERRORS = {"timeout": RedisTimeoutError, "wrong process": WrongProcess}


class Pending(BaseException):
    """The script waits for the answer to `command`."""

    def __init__(self, command: tuple[Any, ...]) -> None:
        self.command = command


@dataclass(frozen=True)
class Failure:
    """An answer that is an error of this kind."""

    kind: str


class Conversation:
    """Answers already given; the first command without one ends the run."""

    def __init__(self, answers: tuple[Any, ...]) -> None:
        self._answers = iter(answers)

    def ask(self, *command: Any) -> Any:
        try:
            answer = next(self._answers)
        except StopIteration:
            raise Pending(command) from None
        if isinstance(answer, Failure):
            raise ERRORS[answer.kind](answer.kind)
        return answer


class Database:
    """PostgreSQL's side. Lock and look at the trust row are two commands, as they are two snapshots there."""

    def __init__(self, ask: Callable[..., Any]) -> None:
        self.ask = ask

    def in_transaction(self) -> bool:
        return False

    def hold(self, keys: list[str]) -> TrustRow:
        self.ask("lock")
        return self.trusted()

    def quiet(self, keys: list[str]) -> list[str]:
        return list(keys) if self.ask("try lock") else []

    def trusted(self) -> TrustRow:
        return TrustRow(*self.ask("look at trust"))

    def distrust(self, epoch: str) -> None:
        self.ask("switch off", epoch)
        self.ask("stamp")

    def restore(self, epoch: str, process: str) -> bool:
        return self.ask("switch on", epoch, process)


class Redis:
    """A client that speaks to one server process only."""

    def __init__(self, ask: Callable[..., Any], process: str | None) -> None:
        self.ask, self.process = ask, process

    def __getattr__(self, operation: str) -> Callable[..., Any]:
        return lambda *arguments, **options: self.ask("redis", self.process, operation, *arguments)

    def pipeline(self, transaction: bool) -> "Pipeline":
        return Pipeline(self)


class Pipeline:
    """Other clients' commands may come between a pipeline's, so each is a command of its own."""

    def __init__(self, redis: Redis) -> None:
        self.redis, self.commands = redis, []

    def __getattr__(self, operation: str) -> Callable[..., None]:
        return lambda *arguments, **options: self.commands.append((operation, arguments))

    def execute(self, raise_on_error: bool = True) -> list[Any]:
        return [getattr(self.redis, operation)(*arguments) for operation, arguments in self.commands]


class Actor:
    """The real objects of one process of the world, and its way to ask the world for anything else."""

    def __init__(self, ask: Callable[..., Any]) -> None:
        self.ask = ask
        self.database: Any = Database(ask)
        self.trust = Trust(
            self.database,
            connect=lambda process: Redis(ask, process),
            identify=lambda: ask("who is there"),
            clock=lambda: ask("clock"),
        )
        self.reader = Reader(self.database, self.trust, new_lease=lambda: b"lease:mine")
        self.writer = Writer(self.trust, sleep=lambda pause_s: ask("sleep", pause_s + ask("clock")))


Script = Callable[[Actor], None]


@dataclass(eq=False)
class Node:
    """A process after some history of answers, about to do `command`; None when it has finished."""

    script: Script
    answers: tuple[Any, ...]
    command: tuple[Any, ...] | None
    number: int
    after: dict[Any, "Node"] = field(default_factory=dict)

    def answer(self, answer: Any) -> "Node":
        """The process after it has been given `answer`."""
        following = self.after.get(answer)
        if following is None:
            following = self.after[answer] = node(self.script, (*self.answers, answer))
        return following


FINISHED = Node(lambda actor: None, (), None, 0)
_count = 0


def node(script: Script, answers: tuple[Any, ...] = ()) -> Node:
    global _count
    try:
        script(Actor(Conversation(answers).ask))
    except Pending as pending:
        _count += 1
        return Node(script, answers, pending.command, _count)
    return FINISHED
