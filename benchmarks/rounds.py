"""Rounds: every variant once in each, in an order that changes: what disturbs the machine disturbs all alike."""

import random
import statistics
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field

from rich.console import Console
from rich.table import Table

Measure = Callable[[], Mapping[str, float]]


@dataclass
class Result:
    """The samples of one variant: figure name → one value per round."""

    samples: dict[str, list[float]] = field(default_factory=dict)

    def add(self, figures: Mapping[str, float]) -> None:
        for name, value in figures.items():
            self.samples.setdefault(name, []).append(value)

    def median(self, name: str) -> float:
        return statistics.median(self.samples[name])


def interleaved(variants: Mapping[str, Measure], rounds: int, console: Console) -> dict[str, Result]:
    """Run every variant once per round. A variant raises when its answer is wrong, and that ends the benchmark."""
    results = {name: Result() for name in variants}
    dice = random.Random(7)
    for turn in range(rounds):
        for name in dice.sample(list(variants), len(variants)):
            results[name].add(variants[name]())
        console.print(f"round {turn + 1} of {rounds} done", style="dim")
    return results


def ratio(results: Mapping[str, Result], ours: str, theirs: str, figure: str) -> tuple[float, float, float]:
    """Median, least and greatest of `ours / theirs`, each taken within one round."""
    pairs = zip(results[ours].samples[figure], results[theirs].samples[figure], strict=True)
    ratios = [our / their for our, their in pairs]
    return statistics.median(ratios), min(ratios), max(ratios)


def table(title: str, results: Mapping[str, Result], figures: Mapping[str, str]) -> Table:
    """Medians, one row per variant. `figures`: name → how to show it (a format)."""
    shown = Table(title=title, title_justify="left")
    shown.add_column("variant")
    for name in figures:
        shown.add_column(name, justify="right")
    for variant, result in results.items():
        cells = [figures[name].format(result.median(name)) if name in result.samples else "" for name in figures]
        shown.add_row(variant, *cells)
    return shown
