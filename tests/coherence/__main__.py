"""See the package."""

import argparse
import random
import sys
import time
from collections import Counter

from .faults import FAULTS
from .oracle import judge
from .stage import Stage
from .traffic import Catalogue, Crowd


def main(seconds: float, seed: int, pause_s: float, quiet: bool = False) -> int:
    """Run, report, and return the exit code: 1 if a single read was stale."""
    random.seed(seed)
    broken: Counter[str] = Counter()
    with Stage() as stage:
        catalogue = Catalogue(stage.origins)
        crowd = Crowd(stage.origins, catalogue, stage.folder, writers=2, readers=4)
        until = time.monotonic() + seconds
        order = list(FAULTS)
        while time.monotonic() < until:
            if not order:
                order = list(FAULTS)
            fault = order.pop(random.randrange(len(order)))
            fault(stage)
            broken[fault.__name__] += 1
            stage.keeper.pause(random.uniform(0.5, 1.5) * pause_s)
            if not quiet:
                print(f"{fault.__name__.replace('_', ' ')}", file=sys.stderr, flush=True)
        time.sleep(3)
        writes, reads, failed = crowd.finish()
        stage.manage("audit_cache")
    found = judge(writes, reads, catalogue.homes)
    others = "".join(f"; {count:,} more {what}" for what, count in sorted(failed.items()))
    print(f"{found['reads']:,} reads, {found['hits']:,} of them hits{others}")
    print(f"{found['writes']:,} writes ({found['unanswered']:,} without an answer)")
    print(f"{broken.total()} faults of {len(broken)} kinds")
    print(f"{found['stale']} stale, {found['backwards']} backwards, {found['misplaced']} misplaced in a listing")
    return int(bool(found["stale"] or found["backwards"] or found["misplaced"]))


if __name__ == "__main__":
    parser = argparse.ArgumentParser(prog="python -m tests.coherence")
    parser.add_argument("--seconds", type=float, default=120, help="how long traffic and faults go on")
    parser.add_argument("--seed", type=int, default=1, help="for the choice of the faults")
    parser.add_argument("--pause", type=float, default=1.0, help="seconds between two faults, about")
    given = parser.parse_args()
    sys.exit(main(given.seconds, given.seed, given.pause))
