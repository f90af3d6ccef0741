"""What the explored processes do, and the worlds in which they start."""

from functools import cache
from typing import Any

from inventory.caching.slots import Page, Single
from inventory.caching.values import Loaded, encode

from .explorer import Actor, Script, World, body, node

KEY = "thing"


def load(actor: Actor) -> Loaded:
    return Loaded(actor.ask("load"))


def reads(actor: Actor) -> None:
    start = actor.ask("start")
    actor.ask("give", start, actor.reader.read(KEY, lambda: load(actor)).body)


def reads_many(actor: Actor) -> None:
    start = actor.ask("start")
    found = actor.reader.read_many([KEY], lambda keys: dict.fromkeys(keys, load(actor)))
    actor.ask("give", start, found[KEY].body)


def reads_page(actor: Actor) -> None:
    start = actor.ask("start")
    actor.ask("give", start, actor.reader.read_page(KEY, "1", lambda: load(actor)).body)


def peeks(actor: Actor) -> None:
    """As the fast lane does: a hit is answered at once, whatever else is read."""
    start = actor.ask("start")
    body = actor.reader.peek(Single(KEY), lambda trusted, command: trusted.redis.get(*command[1:]))
    if body is None:
        body = actor.reader.read(KEY, lambda: load(actor)).body
    actor.ask("give", start, body)


def peeks_at_many(actor: Actor) -> None:
    start = actor.ask("start")
    bodies = actor.reader.peek_many([KEY], lambda trusted, command: trusted.redis.mget(list(command[1:])))
    body = bodies[0] if bodies else actor.reader.read(KEY, lambda: load(actor)).body
    actor.ask("give", start, body)


def peeks_at_page(actor: Actor) -> None:
    start = actor.ask("start")
    body = actor.reader.peek(Page(KEY, "1"), lambda trusted, command: trusted.redis.hget(*command[1:]))
    if body is None:
        body = actor.reader.read_page(KEY, "1", lambda: load(actor)).body
    actor.ask("give", start, body)


def believes(actor: Actor) -> None:
    actor.ask("wake")
    actor.trust.current()


def believes_then_reads(actor: Actor) -> None:
    believes(actor)
    reads(actor)


@cache
def believes_then(script: Script) -> Script:
    """The peek itself never asks whom to believe."""

    def run(actor: Actor) -> None:
        actor.trust.current()
        script(actor)

    return run


def believes_then_peeks(actor: Actor) -> None:
    believes(actor)
    peeks(actor)


def writes(actor: Actor) -> None:
    actor.ask("update")
    actor.writer.declare([KEY], actor.database)
    actor.ask("commit")
    actor.ask("release")


def writes_again_after_a_savepoint(actor: Actor) -> None:
    actor.ask("update")
    actor.writer.declare([KEY], actor.database)
    actor.ask("roll back to savepoint")
    writes(actor)


def world(scripts: list[Script], rows: int = 1, **more: Any) -> World:
    """Nothing cached, Redis trusted; a script that occurs twice makes twins."""
    roots = {script: node(script) for script in scripts}
    processes = tuple(roots[script] for script in scripts)
    start = World((0,) * rows, (None,) * rows, (), (), (), 0, (0, 0, True, None), 0, processes, 0, 0)
    return start._replace(**more)


def warm(start: World, page: bool = False) -> World:
    """The same with the value cached, and saved on Redis' disk."""
    value = encode(body(start.rows))
    store = ((f"stockroom:0:{KEY}", (("page:1", value),) if page else value),)
    return start._replace(store=store, saved=store)
