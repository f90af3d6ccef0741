"""Judges reads against writes, while both still come in. Times are CLOCK_MONOTONIC nanoseconds of one machine.

A product has two counters that only rise: its version (edits) and its pieces on hand (here they only ever arrive). A
read is stale if a counter is lower than what a write had answered before it started, and runs backwards if it is lower
than what another read had returned by then. A listing is wrong if a product is missing that had been moved into it, or
there that had been moved out of it.

What is kept grows with the writes, not with the reads: a counter's history has one entry for each time that it rose.
"""

from bisect import bisect_left
from collections import Counter, defaultdict
from collections.abc import Iterable
from operator import attrgetter
from typing import Literal, NamedTuple

Kind = Literal["version", "on_hand"]

FOREVER = 2**63
#: A read that starts this soon after the answer to a write of what it shows is where a cache goes wrong.
JUST_NOW_NS = 100_000_000
MOST_EVIDENCE = 20


class Write(NamedTuple):
    """`value`: what the counter was answered to be. `ended` None: no answer came, so it may have happened or not."""

    started: int
    ended: int | None
    product: int
    kind: Kind
    value: int | None = None
    category: int | None = None  # where this write moved the product


class Seen(NamedTuple):
    product: int
    version: int
    on_hand: int


class Read(NamedTuple):
    started: int
    ended: int
    hit: bool
    seen: tuple[Seen, ...]
    listing: int | None = None  # the category whose page this is


class Floor:
    """The highest value known at an instant. Values are added in the order of their times."""

    def __init__(self) -> None:
        self._times: list[int] = []
        self._highest: list[int] = []

    def add(self, at: int, value: int) -> None:
        if not self._highest or value > self._highest[-1]:
            self._times.append(at)
            self._highest.append(value)

    def before(self, instant: int) -> tuple[int, int]:
        """The value, and when it was reached; zeros if there was none."""
        index = bisect_left(self._times, instant)
        return (self._highest[index - 1], self._times[index - 1]) if index else (0, 0)


class Moves:
    """Where a product is. One writer alone moves it, so its moves have an order, in which they are added."""

    def __init__(self, home: int) -> None:
        self._home = home
        self._started: list[int] = []
        self._moves: list[tuple[int | None, int]] = []

    def add(self, started: int, ended: int | None, category: int) -> None:
        self._started.append(started)
        self._moves.append((ended, category))

    def place(self, started: int, ended: int) -> int | None:
        """Its category during the whole of a read; None if it may have been in either."""
        index = bisect_left(self._started, ended)
        if not index:
            return self._home
        answered, category = self._moves[index - 1]
        return category if answered is not None and answered <= started else None


class Judge:
    """`found` counts: reads, hits, writes, unanswered, fresh, stale, backwards, misplaced. `evidence` says which.

    `fresh`: reads that started within a tenth of a second after a write of what they show had been answered.
    """

    def __init__(self, homes: dict[int, int]) -> None:
        self.found: Counter[str] = Counter(dict.fromkeys(("reads", "hits", "writes", "unanswered", "fresh"), 0))
        self.found.update(dict.fromkeys(("stale", "backwards", "misplaced"), 0))
        self.evidence: list[str] = []
        self._moves = {product: Moves(home) for product, home in homes.items()}
        self._answered: dict[tuple[int, Kind], Floor] = defaultdict(Floor)
        self._returned: dict[tuple[int, Kind], Floor] = defaultdict(Floor)
        self._writes: list[Write] = []
        self._reads: list[Read] = []

    @property
    def guilty(self) -> bool:
        return any(self.found[name] for name in ("stale", "backwards", "misplaced"))

    def add(self, writes: Iterable[Write], reads: Iterable[Read]) -> None:
        """Of each client, in the order of time."""
        self._reads += reads
        for write in writes:
            self.found["writes"] += 1
            self.found["unanswered"] += write.ended is None
            if write.category is not None:
                self._moves[write.product].add(write.started, write.ended, write.category)
            if write.ended is not None and write.value is not None:
                self._writes.append(write)

    def rule(self, mark: int = FOREVER) -> None:
        """Judge what ended before `mark`. Everything that started before it must have been added."""
        writes, self._writes = _ended_before(mark, self._writes)
        reads, self._reads = _ended_before(mark, self._reads)
        for write in writes:
            self._answered[write.product, write.kind].add(write.ended, write.value)
        for read in reads:
            for seen in read.seen:
                self._returned[seen.product, "version"].add(read.ended, seen.version)
                self._returned[seen.product, "on_hand"].add(read.ended, seen.on_hand)
        for read in reads:
            self._judge(read)

    def _judge(self, read: Read) -> None:
        self.found["reads"] += 1
        self.found["hits"] += read.hit
        self.found["fresh"] += any(
            read.started - self._answered[seen.product, kind].before(read.started)[1] < JUST_NOW_NS
            for seen in read.seen
            for kind in ("version", "on_hand")
        )
        self._blame("stale", read, self._below(read, self._answered))
        self._blame("backwards", read, self._below(read, self._returned))
        self._blame("misplaced", read, read.listing is not None and self._misplaced(read))

    def _blame(self, crime: str, read: Read, guilty: bool) -> None:
        self.found[crime] += guilty
        if guilty and len(self.evidence) < MOST_EVIDENCE:
            self.evidence.append(f"{crime}: {read}")

    @staticmethod
    def _below(read: Read, floors: dict[tuple[int, Kind], Floor]) -> bool:
        return any(
            seen.version < floors[seen.product, "version"].before(read.started)[0]
            or seen.on_hand < floors[seen.product, "on_hand"].before(read.started)[0]
            for seen in read.seen
        )

    def _misplaced(self, read: Read) -> bool:
        """Is a product on the page although it cannot be, or missing although it must be there?"""
        present = {seen.product for seen in read.seen}
        return any(
            (place == read.listing) != (product in present)
            for product, moves in self._moves.items()
            if (place := moves.place(read.started, read.ended)) is not None
        )


def _ended_before(mark: int, records: list) -> tuple[list, list]:
    """Those that did, in the order in which they ended; and the others."""
    done = sorted((record for record in records if record.ended < mark), key=attrgetter("ended"))
    return done, [record for record in records if record.ended >= mark]


def judge(writes: Iterable[Write], reads: Iterable[Read], homes: dict[int, int]) -> Counter[str]:
    """What is found in a log that is complete. `homes`: product → category at first."""
    court = Judge(homes)
    court.add(sorted(writes), reads)
    court.rule()
    return court.found
