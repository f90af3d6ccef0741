"""Every step that a world can take, and what must hold in each."""

from collections.abc import Iterator
from typing import Any

from inventory.caching import values

from .redis import execute
from .replay import FINISHED, Failure
from .world import World, body, single_values, without_lease

TICK_S = 1.1  # after one tick a reader's belief of one second has run out, and a writer has been patient

Step = tuple[str, World, str]  # what happens, the world after it, what is wrong with it (empty: nothing)


class Rules:
    """`rows`: the row that each writing process changes. `faults`: the kinds of accidents that may happen.

    `trust_moves`: the look at the trust row is a step of its own (else, without accidents that touch trust, it cannot
    matter when it happens). `twins`: pairs of processes that run the same script over the same rows.
    """

    def __init__(
        self,
        rows: dict[int, int],
        faults: frozenset[str] = frozenset(),
        *,
        trust_moves: bool = False,
        twins: list[tuple[int, int]] | None = None,
    ) -> None:
        self.rows, self.faults, self.trust_moves, self.twins = rows, faults, trust_moves, twins or []

    def begin(self, world: World) -> World:
        for who in range(len(world.processes)):
            world = self.settle(world, who)
        return world

    def steps(self, world: World) -> Iterator[Step]:
        for who, node in enumerate(world.processes):
            if node.command is not None:
                name, *arguments = node.command
                for what, after, wrong in getattr(self, name.replace(" ", "_"))(world, who, *arguments):
                    yield f"{who}: {what}", self.settle(after, who), wrong
                if (who in world.writing or who in world.locks) and name != "release":
                    yield f"{who}: rolls back or dies", world.released(who).becoming(who, FINISHED), ""
        yield from self.accidents(world)

    def settle(self, world: World, who: int) -> World:
        """Take the steps that nobody else could notice or influence."""
        while (command := world.processes[who].command) is not None:
            if command[0] == "clock":
                world = world.answering(who, world.clock * TICK_S)
            elif command[0] == "look at trust" and not self.trust_moves:
                world = world.answering(who, trust_row(world))
            else:
                break
        return world

    # --- transactions and reads ---------------------------------------------------------------------------------------
    def update(self, world: World, who: int) -> Iterator[Step]:
        row = self.rows[who]
        if world.writing[row] is None:
            writing = (*world.writing[:row], who, *world.writing[row + 1 :])
            yield "UPDATE", world._replace(writing=writing).answering(who, None), ""

    def lock(self, world: World, who: int) -> Iterator[Step]:
        locks = tuple(sorted({*world.locks, who}))
        yield "takes the shared lock", world._replace(locks=locks).answering(who, None), ""

    def roll_back_to_savepoint(self, world: World, who: int) -> Iterator[Step]:
        yield "ROLLBACK TO SAVEPOINT", world.released(who).answering(who, None), ""

    def commit(self, world: World, who: int) -> Iterator[Step]:
        row = self.rows[who]
        rows = (*world.rows[:row], world.rows[row] + 1, *world.rows[row + 1 :])
        yield "COMMIT becomes visible", world._replace(rows=rows).answering(who, None), ""

    def release(self, world: World, who: int) -> Iterator[Step]:
        yield "its locks are released", world.released(who).answering(who, None), ""

    def try_lock(self, world: World, who: int) -> Iterator[Step]:
        free = not world.locks
        yield f"try-lock {'granted' if free else 'refused'}", world.answering(who, free), ""

    def wake(self, world: World, who: int) -> Iterator[Step]:
        yield "wakes up", world.answering(who, None), ""

    def start(self, world: World, who: int) -> Iterator[Step]:
        yield "starts to read", world.answering(who, world.rows), ""

    def load(self, world: World, who: int) -> Iterator[Step]:
        yield f"reads {world.rows} in the database", world.answering(who, body(world.rows)), ""

    def give(self, world: World, who: int, start: tuple[int, ...], got: bytes) -> Iterator[Step]:
        stale = any(int(have) < due for have, due in zip(got.split(b","), start, strict=True))
        wrong = "a read returned less than was committed when it started" if stale else ""
        yield f"returns {got!r}", world.answering(who, None), wrong

    # --- trust --------------------------------------------------------------------------------------------------------
    def look_at_trust(self, world: World, who: int) -> Iterator[Step]:
        row = trust_row(world)
        yield f"looks at the trust row: {row}", world.answering(who, row), ""

    def switch_off(self, world: World, who: int, epoch: str, at: float | None = None) -> Iterator[Step]:
        current, life, enabled, _ = world.trust
        if enabled and str(current) == epoch:
            world = world._replace(trust=(current + 1, life, False, at))
        yield "switches trust off", world.answering(who, None), ""

    def stamp(self, world: World, who: int) -> Iterator[Step]:
        epoch, life, enabled, off_since = world.trust
        if not enabled and off_since is None:
            world = world._replace(trust=(epoch, life, False, world.clock * TICK_S))
        yield "stamps the moment", world.answering(who, None), ""

    def switch_on(self, world: World, who: int, epoch: str, life: str) -> Iterator[Step]:
        current, _, enabled, off_since = world.trust
        may = not enabled and str(current) == epoch and off_since is not None and self.is_over(world, off_since)
        if may:
            world = world._replace(trust=(current, int(life), True, None))
        yield f"switches trust on, for Redis {life}", world.answering(who, may), ""

    def is_over(self, world: World, off_since: float) -> bool:
        return world.clock * TICK_S >= off_since + TICK_S

    def sleep(self, world: World, who: int, until: float) -> Iterator[Step]:
        if world.clock * TICK_S >= until:
            yield "has waited", world.answering(who, None), ""

    def who_is_there(self, world: World, who: int) -> Iterator[Step]:
        yield "asks who Redis is", world.answering(who, str(world.life)), ""

    # --- Redis and accidents ------------------------------------------------------------------------------------------
    def redis(self, world: World, who: int, life: str | None, operation: str, *arguments: Any) -> Iterator[Step]:
        if life is not None and life != str(world.life):
            yield "meets another Redis process", world.answering(who, Failure("wrong process")), ""
            return
        after, reply = execute(world, who, operation, *arguments)
        yield f"{operation} → {reply}", after.answering(who, reply), ""
        if "redis error" in self.faults and world.faults:
            fewer = world.faults - 1
            yield f"{operation} fails", world._replace(faults=fewer).answering(who, Failure("timeout")), ""
            if after != world:
                after = after._replace(faults=fewer)
                yield f"{operation} is done, its reply lost", after.answering(who, Failure("timeout")), ""

    def accidents(self, world: World) -> Iterator[Step]:
        if world.ticks:
            yield "time passes", world._replace(clock=world.clock + 1, ticks=world.ticks - 1), ""
        if not world.faults:
            return
        if "snapshot" in self.faults and world.saved != world.store:
            yield "Redis writes its data to disk", world._replace(saved=world.store), ""
        fewer = world._replace(faults=world.faults - 1)
        if "loss" in self.faults and world.store:
            yield "Redis loses its data", fewer._replace(store=()), ""
        if "lease expiry" in self.faults:
            for name, left in without_lease(world.store):
                yield "the lease expires", fewer.storing(name, left), ""
        if "restart" in self.faults:
            yield "Redis restarts with old data", fewer._replace(life=world.life + 1, store=world.saved), ""

    # --- what must hold -----------------------------------------------------------------------------------------------
    def wrong_with(self, world: World) -> str:
        """Each value in a trusted Redis is what is committed now."""
        epoch, life, enabled, _ = world.trust
        if not enabled or life != world.life:
            return ""
        for name, value in single_values(world.store):
            cached = values.decode(value) if isinstance(value, bytes) else None
            if cached is not None and name.split(":")[1] == str(epoch) and cached != body(world.rows):
                return "a cached value is not what is committed"
        return ""


def trust_row(world: World) -> tuple[str, str, str, float]:
    epoch, life, enabled, off_since = world.trust
    if enabled:
        return str(epoch), str(life), "on", 0
    if off_since is None:
        return str(epoch), str(life), "unsettled", 0
    return str(epoch), str(life), "off", max(off_since + TICK_S - world.clock * TICK_S, 0)
