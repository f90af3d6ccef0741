"""Ratios of one run: ours against a reference at its best, round by round."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from rich.console import Console

from benchmarks.rounds import Result, ratio

#: Above this share of a processor the client is what was measured.
CLIENT_BOUND = 0.8


@dataclass(frozen=True)
class Wanted:
    """`ours / theirs` in `figure` should be at least `goal` (None: nobody has set one).

    For processor time it is `theirs / ours`, so that more is better.
    """

    ours: str
    theirs: str
    figure: str
    goal: float | None = None

    @property
    def name(self) -> str:
        return f"{self.ours} against {self.theirs}, {self.figure}"


def show(wanted: Sequence[Wanted], results: Mapping[str, Result], console: Console) -> dict[str, object]:
    found: dict[str, object] = {}
    for want in wanted:
        pair = {name: best(results, name, want.figure) for name in (want.ours, want.theirs)}
        over, under = (want.ours, want.theirs) if want.figure == "per second" else (want.theirs, want.ours)
        speed = ratio(pair, over, under, want.figure)
        bound = [name for name, result in pair.items() if result.median("client busy") > CLIENT_BOUND]
        found[want.name] = {"ratio": speed, "goal": want.goal, "client-bound": bound}
        note = f"  (the client was the limit of {', '.join(bound)})" if bound and want.figure == "per second" else ""
        goal = "" if want.goal is None else f", goal {want.goal:g}"
        console.print(f"{want.name}: {speed[0]:.2f} ({speed[1]:.2f} to {speed[2]:.2f}){goal}{note}")
    return found


def best(results: Mapping[str, Result], name: str, figure: str) -> Result:
    """The result of this name, or of `name ×1`, `name ×4` …: in each round whichever was best."""
    chosen = [result for key, result in results.items() if key == name or key.partition(" ×")[0] == name]
    choose = max if figure == "per second" else min
    merged = Result()
    for samples in zip(*(_rounds(result) for result in chosen), strict=True):
        merged.add(choose(samples, key=lambda sample: sample[figure]))
    return merged


def _rounds(result: Result) -> list[dict[str, float]]:
    return [dict(zip(result.samples, values, strict=True)) for values in zip(*result.samples.values(), strict=True)]
