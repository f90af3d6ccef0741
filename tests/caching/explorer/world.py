"""The state in which readers and writers meet: PostgreSQL, Redis and the processes, as one immutable value."""

from collections.abc import Iterator
from typing import Any, NamedTuple

from .replay import Node

Store = tuple[tuple[str, Any], ...]  # name and value; a lease is ("lease", process), a hash a tuple of fields


class World(NamedTuple):
    rows: tuple[int, ...]  # the committed version of each row that the key shows
    writing: tuple[int | None, ...]  # the process that has each row's lock and a newer version
    locks: tuple[int, ...]  # the processes that share the key's advisory lock
    store: Store  # what Redis holds
    saved: Store  # what Redis would come back with
    life: int  # which process of Redis this is
    trust: tuple[int, int, bool, float | None]  # epoch, life of Redis, enabled, off since
    clock: int  # ticks
    processes: tuple[Node, ...]
    faults: int  # how many more may happen
    ticks: int  # how many more may pass

    def stored(self, name: str) -> Any:
        return dict(self.store).get(name)

    def storing(self, name: str, value: Any) -> "World":
        """Redis with `value` at `name`; None removes it."""
        rest = dict(self.store)
        rest.pop(name, None)
        if value is not None:
            rest[name] = value
        return self._replace(store=tuple(sorted(rest.items())))

    def answering(self, who: int, answer: Any) -> "World":
        return self.becoming(who, self.processes[who].answer(answer))

    def becoming(self, who: int, node: Node) -> "World":
        return self._replace(processes=(*self.processes[:who], node, *self.processes[who + 1 :]))

    def released(self, who: int) -> "World":
        """Without the locks of `who`."""
        writing = tuple(None if owner == who else owner for owner in self.writing)
        return self._replace(writing=writing, locks=tuple(other for other in self.locks if other != who))


def body(rows: tuple[int, ...]) -> bytes:
    return ",".join(map(str, rows)).encode()


def is_hash(stored: Any) -> bool:
    return bool(stored) and isinstance(stored[0], tuple)


def single_values(store: Store) -> Iterator[tuple[str, Any]]:
    """Each name with each value or lease that is under it."""
    for name, stored in store:
        if is_hash(stored):
            yield from ((name, value) for _, value in stored)
        else:
            yield name, stored


def without_lease(store: Store) -> Iterator[tuple[str, Any]]:
    """Each name that has a lease, with what is left without it."""
    for name, stored in store:
        if is_hash(stored):
            left = tuple((field, value) for field, value in stored if not field.startswith("lease:"))
            if left != stored:
                yield name, left or None
        elif isinstance(stored, tuple):
            yield name, None


def mirrored(world: World, twins: list[tuple[int, int]]) -> World:
    """Twins run the same script and are interchangeable: of two mirror images keep always the same one."""
    for one, other in twins:
        if _rank(world, other) < _rank(world, one):
            world = _swapped(world, one, other)
    return world


def _rank(world: World, who: int) -> tuple[Any, ...]:
    mine = ("lease", who)
    leases = tuple(any(value == mine for _, value in single_values(store)) for store in (world.store, world.saved))
    return (world.processes[who].number, who in world.locks, who in world.writing, leases)


def _swapped(world: World, one: int, other: int) -> World:
    names = {one: other, other: one}

    def rename(value: Any) -> Any:
        if not isinstance(value, tuple):
            return value
        if value and value[0] == "lease":
            return ("lease", names.get(value[1], value[1]))
        return tuple((key, rename(item)) for key, item in value)

    processes = list(world.processes)
    processes[one], processes[other] = processes[other], processes[one]
    return world._replace(
        writing=tuple(None if who is None else names.get(who, who) for who in world.writing),
        locks=tuple(sorted(names.get(who, who) for who in world.locks)),
        store=rename(world.store),
        saved=rename(world.saved),
        processes=tuple(processes),
    )
