"""Breadth first through every interleaving; the first thing that is wrong comes with the shortest way to it."""

from collections import deque
from dataclasses import dataclass

from .rules import Rules
from .world import World, mirrored


@dataclass
class Exploration:
    """`wrong` is empty when nothing was found; else `trace` tells what led to it, step by step."""

    worlds: int
    wrong: str
    trace: list[str]


def explore(rules: Rules, starts: list[World], limit: int = 3_000_000) -> Exploration:
    """Visit every world that can come from `starts`. `RuntimeError` beyond `limit` worlds: that proves nothing."""
    came_from: dict[World, tuple[World, str] | None] = dict.fromkeys(map(rules.begin, starts))
    waiting = deque(came_from)
    while waiting:
        world = waiting.popleft()
        for what, after, wrong in rules.steps(world):
            after = mirrored(after, rules.twins)
            if not wrong and after in came_from:
                continue
            wrong = wrong or rules.wrong_with(after)
            if wrong:
                return Exploration(len(came_from), wrong, [*_way_to(world, came_from), what])
            came_from[after] = (world, what)
            waiting.append(after)
        if len(came_from) > limit:
            raise RuntimeError(f"more than {limit} worlds")
    return Exploration(len(came_from), "", [])


def _way_to(world: World, came_from: dict[World, tuple[World, str] | None]) -> list[str]:
    steps: list[str] = []
    while (before := came_from[world]) is not None:
        world, what = before
        steps.append(what)
    return steps[::-1]
