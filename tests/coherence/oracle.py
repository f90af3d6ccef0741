"""Judges a log of reads and writes. Times are CLOCK_MONOTONIC nanoseconds of one machine.

A product has two counters that only rise: its version (edits) and its pieces on hand (here they only ever arrive). A
read is stale if a counter is lower than what a write had answered before it started, and runs backwards if it is lower
than what another read had returned by then. A listing is wrong if a product is missing that had been moved into it, or
there that had been moved out of it.
"""

from bisect import bisect_left
from collections import Counter, defaultdict
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Literal

Kind = Literal["version", "on_hand"]


@dataclass(frozen=True)
class Write:
    """`value`: what the counter was answered to be. `ended` None: no answer came, so it may have happened or not."""

    started: int
    ended: int | None
    product: int
    kind: Kind
    value: int | None = None
    category: int | None = None  # where this write moved the product


@dataclass(frozen=True)
class Seen:
    product: int
    version: int
    on_hand: int


@dataclass(frozen=True)
class Read:
    started: int
    ended: int
    hit: bool
    seen: tuple[Seen, ...]
    listing: int | None = None  # the category whose page this is


class Floor:
    """The highest value known at an instant."""

    def __init__(self) -> None:
        self._points: list[tuple[int, int]] = []
        self._times: list[int] = []
        self._highest: list[int] = []

    def add(self, at: int, value: int) -> None:
        self._points.append((at, value))

    def ready(self) -> None:
        highest = 0
        for at, value in sorted(self._points):
            highest = max(highest, value)
            self._times.append(at)
            self._highest.append(highest)

    def before(self, instant: int) -> int:
        index = bisect_left(self._times, instant)
        return self._highest[index - 1] if index else 0


def judge(writes: Iterable[Write], reads: Iterable[Read], homes: dict[int, int]) -> Counter[str]:
    """Counts: reads, hits, writes, unanswered, stale, backwards, misplaced. `homes`: product → category at first."""
    writes, reads = list(writes), list(reads)
    answered: dict[tuple[int, str], Floor] = defaultdict(Floor)
    returned: dict[tuple[int, str], Floor] = defaultdict(Floor)
    for write in writes:
        if write.ended is not None and write.value is not None:
            answered[write.product, write.kind].add(write.ended, write.value)
    for read in reads:
        for seen in read.seen:
            returned[seen.product, "version"].add(read.ended, seen.version)
            returned[seen.product, "on_hand"].add(read.ended, seen.on_hand)
    for floor in [*answered.values(), *returned.values()]:
        floor.ready()
    moves = defaultdict(list)
    for write in sorted(writes, key=lambda write: write.started):
        if write.category is not None:
            moves[write.product].append(write)
    found: Counter[str] = Counter(reads=len(reads), writes=len(writes), stale=0, backwards=0, misplaced=0)
    found["unanswered"] = sum(write.ended is None for write in writes)
    found["hits"] = sum(read.hit for read in reads)
    for read in reads:
        found["stale"] += _below(read, answered)
        found["backwards"] += _below(read, returned)
        found["misplaced"] += read.listing is not None and any(
            _misplaced(read, product, home, moves[product]) for product, home in homes.items()
        )
    return found


def _below(read: Read, floors: dict[tuple[int, str], Floor]) -> bool:
    return any(
        seen.version < floors[seen.product, "version"].before(read.started)
        or seen.on_hand < floors[seen.product, "on_hand"].before(read.started)
        for seen in read.seen
    )


def _misplaced(read: Read, product: int, home: int, moves: list[Write]) -> bool:
    """Is the product on the page although it cannot be, or missing although it must be there?"""
    place: int | None = home
    for move in moves:
        if move.started >= read.ended:
            break
        # Not answered before the read began: from here on the product may be in either place.
        place = move.category if move.ended is not None and move.ended <= read.started else None
    if place is None:
        return False
    return (place == read.listing) != any(seen.product == product for seen in read.seen)
