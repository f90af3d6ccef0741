"""See the package."""

import argparse
import random
import sys
import time
from collections import Counter
from collections.abc import Iterator

from .catalogue import Catalogue
from .crowd import Crowd
from .faults import FAULTS, Fault
from .stage import Stage

TELL_EVERY_S = 5.0


class Run:
    """One run: traffic all the time, a fault every now and then, until there is enough of it."""

    def __init__(self, seconds: float, reads: int, pause_s: float) -> None:
        self.seconds, self.reads, self.pause_s = seconds, reads, pause_s
        self.broken: Counter[str] = Counter()
        self._began = self._told = time.monotonic()

    def __call__(self) -> Crowd:
        with Stage() as stage:
            catalogue = Catalogue(stage.origins)
            self._began = time.monotonic()
            with Crowd(stage.origins, catalogue, self._tell) as crowd:
                self._break_things(stage, crowd)
                stage.keeper.pause(3)  # long enough for caching to begin again
                crowd.finish()
            stage.manage("audit_cache")
            if crowd.court.mistakes:
                print(stage.complaints(), file=sys.stderr)
        return crowd

    def _break_things(self, stage: Stage, crowd: Crowd) -> None:
        for fault in _shuffled():
            stage.keeper.pause(random.uniform(0.5, 1.5) * self.pause_s)
            if self._enough(crowd):
                return
            self.broken[fault.__name__] += 1
            fault(stage)

    def _enough(self, crowd: Crowd) -> bool:
        done = time.monotonic() - self._began >= self.seconds or crowd.judge.found["reads"] >= self.reads
        return done or not crowd.going

    def _tell(self, crowd: Crowd) -> None:
        now, found = time.monotonic(), crowd.judge.found
        if now - self._told < TELL_EVERY_S:
            return
        self._told = now
        passed = now - self._began
        wrong = found["stale"] + found["backwards"] + found["misplaced"]
        print(
            f"{passed:6.0f} s  {found['reads']:9,} reads ({found['reads'] / passed:,.0f} a second)  "
            f"{found['writes']:7,} writes  {self.broken.total():4} faults  {wrong} wrong",
            file=sys.stderr,
            flush=True,
        )


def _shuffled() -> Iterator[Fault]:
    """The faults in an order that chance decides, each once before any comes again; without end."""
    while True:
        yield from random.sample(FAULTS, len(FAULTS))


def main(seconds: float, reads: int, seed: int, pause_s: float) -> int:
    """Run, report, and return the exit code: 1 if a single read was wrong, or an answer 5xx but for 503."""
    random.seed(seed)
    run = Run(seconds, reads, pause_s)
    crowd = run()
    found = crowd.judge.found
    others = "".join(f"; {count:,} more {what}" for what, count in sorted(crowd.court.failed.items()))
    print(f"{found['reads']:,} reads, {found['hits']:,} of them hits{others}")
    print(f"{found['fresh']:,} of them began within 0.1 s after the answer to a write of what they show")
    print(f"{found['writes']:,} writes ({found['unanswered']:,} without an answer)")
    print(f"{run.broken.total()} faults of {len(run.broken)} kinds")
    print(f"{found['stale']} stale, {found['backwards']} backwards, {found['misplaced']} misplaced in a listing")
    print(*crowd.judge.evidence, sep="\n", end="")
    return int(crowd.judge.guilty or crowd.court.mistakes > 0)


if __name__ == "__main__":
    parser = argparse.ArgumentParser(prog="python -m tests.coherence")
    parser.add_argument("--seconds", type=float, help="how long it goes on (120; with --reads no limit)")
    parser.add_argument("--reads", type=int, help="go on until so many reads were judged")
    parser.add_argument("--seed", type=int, default=1, help="for the choice of the faults")
    parser.add_argument("--pause", type=float, default=2.0, help="seconds between two faults, about")
    given = parser.parse_args()
    limit = given.seconds if given.seconds is not None else 120.0 if given.reads is None else float("inf")
    sys.exit(main(limit, given.reads or sys.maxsize, given.seed, given.pause))
