"""Where to take pieces from: a plan over locations, with its reasons. Pure figures; nothing is read or written here.

`priority`       the locations in their order; where several are equal, the one that can serve the whole line
`fewest_splits`  one location for the whole order if there is one, else one per line, else the fewest
`most_stock`     always where most is available
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Literal
from uuid import UUID

Strategy = Literal["priority", "fewest_splits", "most_stock"]


@dataclass(frozen=True, slots=True)
class Want:
    """What a line asks for: pieces of a product, perhaps at one location only (by id)."""

    product: UUID
    sku: str
    quantity: int
    location: UUID | None = None
    pointer: str = ""


@dataclass(frozen=True, slots=True)
class Spot:
    """A location that may serve, with its rank (small first)."""

    location: UUID
    code: str
    priority: int


@dataclass(frozen=True, slots=True)
class Share:
    """Pieces taken from one location; `free` is what could be taken there before, `why` says how it was chosen."""

    location: UUID
    code: str
    quantity: int
    free: int
    why: str


@dataclass(frozen=True, slots=True)
class Planned:
    """A line with its shares, and the pieces that were free for it in all."""

    want: Want
    shares: list[Share] = field(default_factory=list)
    free: int = 0

    @property
    def quantity(self) -> int:
        return sum(share.quantity for share in self.shares)

    @property
    def complete(self) -> bool:
        return self.quantity == self.want.quantity


Free = dict[tuple[UUID, UUID], int]
Order = Callable[[Spot, int, int], tuple[object, ...]]

#: How a strategy sorts the spots for one line: (spot, free pieces there, wanted pieces) → key.
ORDERS: dict[str, Order] = {
    "priority": lambda spot, free, wanted: (spot.priority, free < wanted, -free, spot.code),
    "fewest_splits": lambda spot, free, wanted: (free < wanted, spot.priority if free >= wanted else -free, spot.code),
    "most_stock": lambda spot, free, wanted: (-free, spot.priority, spot.code),
}


def plan(
    wants: Sequence[Want], spots: Sequence[Spot], free: Mapping[tuple[UUID, UUID], int], strategy: str
) -> list[Planned]:
    """Distribute `wants` over `spots`. `free`: (product, location) → pieces that may still be promised there.

    Lines of one product share what is free; a line that cannot be served is planned as far as it goes.
    """
    left: Free = dict(free)
    sole = _one_for_all(wants, spots, left) if strategy == "fewest_splits" else None
    return [
        _line(want, [sole] if sole and want.location is None else list(spots), left, strategy, sole) for want in wants
    ]


def _line(want: Want, spots: list[Spot], left: Free, strategy: str, sole: Spot | None) -> Planned:
    open_to = [spot for spot in spots if want.location in (None, spot.location)]
    ordered = sorted(
        open_to, key=lambda spot: ORDERS[strategy](spot, left.get((want.product, spot.location), 0), want.quantity)
    )
    total = sum(max(0, left.get((want.product, spot.location), 0)) for spot in ordered)
    shares: list[Share] = []
    missing = want.quantity
    for spot in ordered:
        there = left.get((want.product, spot.location), 0)
        taken = min(missing, there)
        if taken <= 0:
            continue
        left[want.product, spot.location] = there - taken
        missing -= taken
        shares.append(
            Share(spot.location, spot.code, taken, there, _why(want, spot, there, strategy, sole, bool(shares)))
        )
    return Planned(want, shares, total)


def _why(want: Want, spot: Spot, there: int, strategy: str, sole: Spot | None, rest: bool) -> str:
    if want.location is not None:
        return "The line names this location."
    if sole is not None:
        return "It can serve the whole order alone."
    if rest:
        return "It serves what the locations before it lack."
    if strategy == "most_stock":
        return "It has the most available."
    if strategy == "fewest_splits" and there >= want.quantity:
        return "It can serve the whole line alone."
    return f"It comes first (priority {spot.priority})."


def _one_for_all(wants: Sequence[Want], spots: Sequence[Spot], left: Free) -> Spot | None:
    demand: dict[UUID, int] = {}
    for want in wants:
        if want.location is None:
            demand[want.product] = demand.get(want.product, 0) + want.quantity
    for spot in sorted(spots, key=lambda spot: (spot.priority, spot.code)):
        if demand and all(left.get((product, spot.location), 0) >= pieces for product, pieces in demand.items()):
            return spot
    return None
