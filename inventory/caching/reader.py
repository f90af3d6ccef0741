"""The reader's steps: look, lease, lock test, load, fill. Only with a lease and without a writer in flight.

A value is stored only by a compare-and-set over the lease that was taken before the lock test, and the load follows
the lock test. So either its snapshot contains a writer's change, or the writer's UNLINK comes after the lease and takes
the lease or the value away.
"""

from collections.abc import Callable, Collection, Sequence
from typing import Any

from inventory import conf
from inventory.caching import metrics, values
from inventory.caching.database import Database
from inventory.caching.slots import Page, Single, Slot
from inventory.caching.trust import Away, Trust, Trusted
from inventory.caching.values import Loaded, Read

LoadMany = Callable[[list[str]], dict[str, Loaded]]
Look = Callable[[Trusted, tuple[str, ...]], Any]

NOTHING = Loaded(None)


class Reader:
    def __init__(self, database: Database, trust: Trust, new_lease: Callable[[], bytes] = values.new_lease) -> None:
        self._database = database
        self._trust = trust
        self._new_lease = new_lease

    def read(self, key: str, load: Callable[[], Loaded]) -> Read:
        return self._read_one(Single(key), load)

    def read_page(self, group: str, field: str, load: Callable[[], Loaded]) -> Read:
        return self._read_one(Page(group, field), load)

    def peek(self, slot: Slot, look: Look) -> bytes | None:
        """The value, where a hit is to be had without a database; None: read it. Nothing is filled.

        `look` gets the permission and the command, and may ask the trusted server for more on its way.
        """
        trusted = self._trust.at_hand()
        if trusted is None:
            return None
        command = slot.command(trusted.name(slot.key))
        try:
            return values.decode(self._trust.ask(trusted, lambda redis: look(trusted, command)))
        except Away:
            return None

    def peek_many(self, keys: Sequence[str], look: Look) -> list[bytes] | None:
        """The values of all keys, in their order; None: not all are to be had."""
        trusted = self._trust.at_hand()
        if trusted is None:
            return None
        prefix = trusted.name("")
        command = ("MGET", *[prefix + key for key in keys])
        try:
            raws = self._trust.ask(trusted, lambda redis: look(trusted, command))
        except Away:
            return None
        bodies = [body for raw in raws if (body := values.decode(raw)) is not None]
        return bodies if len(bodies) == len(keys) else None

    def read_many(self, keys: Sequence[str], load: LoadMany) -> dict[str, Read]:
        wanted = list(dict.fromkeys(keys))
        if not wanted:
            return {}
        trusted = self._trust.current()
        if trusted is None:
            return _bypasses(load(wanted), wanted)
        prefix = trusted.name("")
        try:
            raws = self._trust.ask(trusted, lambda redis: redis.mget([prefix + key for key in wanted]))
        except Away:
            return _bypasses(load(wanted), wanted)
        found = dict(zip(wanted, raws, strict=True))
        reads = {key: Read(body, "hit") for key in wanted if (body := values.decode(found[key])) is not None}
        metrics.HITS.inc(len(reads))
        missing = [key for key in wanted if key not in reads]
        if missing:
            slots: dict[Slot, Any] = {Single(key): found[key] for key in missing}
            loaded = self._miss(trusted, slots, lambda: load(missing))
            reads |= {key: _miss(loaded.get(key, NOTHING)) for key in missing}
        return reads

    def _read_one(self, slot: Slot, load: Callable[[], Loaded]) -> Read:
        trusted = self._trust.current()
        if trusted is None:
            return _bypass(load())
        name = trusted.name(slot.key)
        try:
            raw = self._trust.ask(trusted, lambda redis: slot.look(redis, name))
        except Away:
            return _bypass(load())
        body = values.decode(raw)
        if body is not None:
            metrics.HITS.inc()
            return Read(body, "hit")
        return _miss(self._miss(trusted, {slot: raw}, lambda: {slot.key: load()})[slot.key])

    def _miss(
        self, trusted: Trusted, slots: dict[Slot, Any], load: Callable[[], dict[str, Loaded]]
    ) -> dict[str, Loaded]:
        """Load what `slots` (with what was found there) lack, and store what may be stored."""
        lease = self._new_lease()
        held = self._lease(trusted, slots, lease)
        quiet = self._database.quiet([slot.key for slot in held]) if held else ()
        loaded = load()
        if held:
            self._fill(trusted, held, lease, quiet, loaded)
        metrics.FILLS_REFUSED.inc(len(slots) - len(held))
        return loaded

    def _lease(self, trusted: Trusted, slots: dict[Slot, Any], lease: bytes) -> list[Slot]:
        """The slots that are ours to fill."""
        free = [slot for slot, raw in slots.items() if not values.is_lease(raw)]
        for_nobody = [slot for slot in free if slots[slot] is not None]  # of another schema version
        if not free:
            return []

        def command(redis: Any) -> list[Any]:
            pipeline = redis.pipeline(transaction=False)
            for slot in for_nobody:
                slot.discard(pipeline, trusted.name(slot.key))
            for slot in free:
                slot.lease(pipeline, trusted.name(slot.key), lease)
            return pipeline.execute(raise_on_error=False)

        try:
            answers = self._trust.ask(trusted, command)[len(for_nobody) :]
        except Away:
            return []
        return [slot for slot, answer in zip(free, answers, strict=True) if answer in (True, 1)]

    def _fill(
        self, trusted: Trusted, held: list[Slot], lease: bytes, quiet: Collection[str], loaded: dict[str, Loaded]
    ) -> None:
        """Store what was loaded for the quiet slots; give the other leases back."""

        def command(redis: Any) -> int:
            pipeline, stores = redis.pipeline(transaction=False), []
            for slot in held:
                found = loaded.get(slot.key, NOTHING)
                ttl_ms = _ttl_ms(found)
                stores.append(slot.key in quiet and found.body is not None and ttl_ms > 0)
                if found.body is not None and stores[-1]:
                    slot.fill(pipeline, trusted.name(slot.key), lease, values.encode(found.body), ttl_ms)
                else:
                    slot.release(pipeline, trusted.name(slot.key), lease)
            answers = pipeline.execute(raise_on_error=False)
            return sum(store and answer == 1 for store, answer in zip(stores, answers, strict=True))

        try:
            filled = self._trust.ask(trusted, command)
        except Away:
            filled = 0
        metrics.FILLS.inc(filled)
        metrics.FILLS_REFUSED.inc(len(held) - filled)


def _ttl_ms(loaded: Loaded) -> int:
    ttl_s = conf.cache_ttl_s() if loaded.ttl_s is None else min(conf.cache_ttl_s(), loaded.ttl_s)
    return int(ttl_s * 1000)


def _miss(loaded: Loaded) -> Read:
    metrics.MISSES.inc()
    return Read(loaded.body, "miss")


def _bypass(loaded: Loaded) -> Read:
    metrics.BYPASSES.inc()
    return Read(loaded.body, "bypass")


def _bypasses(loaded: dict[str, Loaded], keys: list[str]) -> dict[str, Read]:
    return {key: _bypass(loaded.get(key, NOTHING)) for key in keys}
