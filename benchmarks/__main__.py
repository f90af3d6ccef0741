"""`python -m benchmarks [name …]`: those with references, or those that are named."""

import argparse
import importlib
import json
import os
import platform
from pathlib import Path

from rich.console import Console

from .ground import ground

SCENARIOS = {
    "operations": "adjustments at operation level, beside a bare psycopg loop",
    "http": "adjustments and reads over HTTP, beside servers that do less",
    "growth": "every list, page depth, filter and search, from 10,000 movements on to --rows",
    "storage": "the ledger kept with other indexes, with BRIN and in partitions",
}
#: Scenarios that grow a ledger, which takes a while, so they run when they are named; the others furnish a shop.
GROWING = ("growth", "storage")


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m benchmarks", description=__doc__)
    listed = "; ".join(f"{name}: {what}" for name, what in SCENARIOS.items())
    parser.add_argument("names", nargs="*", choices=[*SCENARIOS, []], help=listed)
    parser.add_argument("--rounds", type=int, default=5, help="interleaved rounds (default 5)")
    parser.add_argument("--seconds", type=float, default=2.0, help="length of one sample (default 2)")
    parser.add_argument("--products", type=int, default=10_000, help="size of the shop (default 10000)")
    parser.add_argument("--rows", type=int, default=1_000_000, help="growth, storage: ledger rows (default 1,000,000)")
    parser.add_argument("--json", type=Path, help="write the figures to this file")
    options = parser.parse_args()
    console, figures = Console(), {}
    console.print(f"Python {platform.python_version()}, {os.cpu_count()} processors, {platform.machine()}", style="dim")
    for name in options.names or [name for name in SCENARIOS if name not in GROWING]:
        console.rule(f"{name}: {SCENARIOS[name]}")
        with ground() as servers:
            scenario = importlib.import_module(f"benchmarks.{name}")
            size = options.rows if name in GROWING else options.products
            figures[name] = scenario.run(servers, console, options.rounds, options.seconds, size)
    if options.json:
        options.json.write_text(json.dumps(figures, indent=2))


if __name__ == "__main__":
    main()
