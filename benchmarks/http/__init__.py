"""The service over HTTP, beside servers that do less: how far is it from the limit, and from what people write?

All on the same web server with one process each, all up at once, one under load at a time, in a new order each round.
Every answer is counted, and every write is looked for in the database afterwards.
"""

from collections.abc import Sequence

from rich.console import Console

from benchmarks.ground import Ground
from benchmarks.rounds import Result, interleaved, table

from . import ratios, reads, writes
from .stage import FIGURES, staged


def run(
    ground: Ground,
    console: Console,
    rounds: int,
    seconds: float,
    products: int = 10_000,
    threads: Sequence[int] = (1, 4),
    clients: Sequence[int] = (1, 8, 16, 32, 64),
) -> dict[str, object]:
    found: dict[str, object] = {}
    with staged(ground, products, threads) as stage:
        for title, part in (("Adjustments", writes), ("Reads", reads)):
            variants = part.variants(stage, seconds, clients)
            for measure in variants.values():
                measure()  # plans, pools, threads and the API key are warm
            results: dict[str, Result] = interleaved(variants, rounds, console)
            console.print(table(f"{title} over HTTP (medians)", results, FIGURES))
            found |= ratios.show(part.RATIOS, results, console)
            found[title] = {name: medians(result) for name, result in results.items()}
    return found


def medians(result: Result) -> dict[str, float]:
    return {figure: result.median(figure) for figure in FIGURES}
