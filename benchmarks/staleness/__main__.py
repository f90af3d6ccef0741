"""See the package."""

import argparse
import os
import shutil
import subprocess
import sys
import tempfile
import time
from bisect import bisect_left
from collections import defaultdict
from pathlib import Path
from urllib.parse import quote

import psycopg

from config.supervisor.postgres import ROLE, Postgres
from config.supervisor.processes import Keeper
from config.supervisor.valkey import Valkey

NAMES = ["naive", "on_commit", "cacheops", "cacheops_keep_fresh", "cachalot", "lock_and_lease"]
TABLES = """
DROP TABLE IF EXISTS staleness_thing;
CREATE TABLE staleness_thing (id bigint PRIMARY KEY, shelf int NOT NULL, version int NOT NULL);
INSERT INTO staleness_thing SELECT n, 1 + n % 2, 1 FROM generate_series(1, 8) n"""
PROTOCOL = Path(__file__).parents[2] / "inventory" / "migrations" / "sql" / "0002_cache_trust.sql"


class Bench:
    def __init__(self, seconds: float, crash: float, naps: bool) -> None:
        self.seconds, self.crash, self.naps = seconds, crash, naps
        self.folder = Path(tempfile.mkdtemp(prefix="stockroom-bench-", dir="/tmp"))
        self.folder.chmod(0o711)
        self.keeper = Keeper()
        self.keeper.clean_up_later(self.folder)
        self.postgres = Postgres(self.folder, self.folder, durable=False)
        self.valkey = Valkey(self.folder, self.folder)

    def run(self, strategies: list[str]) -> None:
        self.postgres.start(self.keeper)
        self.valkey.start(self.keeper)
        address = f"postgres://{ROLE}@{quote(str(self.postgres.sockets), safe='')}/{ROLE}"
        print("| strategy | reads | stale | wrong for good, of 10 keys |\n|---|---|---|---|")
        with psycopg.connect(address, autocommit=True) as connection:
            connection.execute(PROTOCOL.read_bytes())
            for strategy in strategies:
                connection.execute(TABLES.encode())
                reads, stale, wrong = self._one(strategy)
                print(f"| {strategy} | {reads:,} | {stale:,} ({stale / max(reads, 1):.1%}) | {wrong} |", flush=True)

    def stop(self) -> None:
        self.keeper.stop()
        shutil.rmtree(self.folder, ignore_errors=True)

    def _one(self, strategy: str) -> tuple[int, int, int]:
        logs = [self.folder / f"{strategy}.{n}" for n in range(6)]
        until = time.monotonic() + self.seconds
        writers = {log: self._worker("writer", strategy, log, self.seconds) for log in logs[:2]}
        # Readers go on a little: what the last writes have left wrong stays wrong under their eyes.
        readers = [self._worker("reader", strategy, log, self.seconds + 1) for log in logs[2:]]
        while (left := until - time.monotonic()) > 0:
            for log, process in writers.items():
                if process.poll() == 9 and left > 2:  # it died as told; another one takes its place
                    writers[log] = self._worker("writer", strategy, log, left)
            time.sleep(0.05)
        for process in [*writers.values(), *readers]:
            process.wait(60)
        answer = self.folder / "answer"
        self._worker("checker", strategy, answer, 0, naps=False).wait(60)
        reads, stale = judge(logs)
        return reads, stale, int(answer.read_text())

    def _worker(
        self, role: str, strategy: str, log: Path, seconds: float, naps: bool = True
    ) -> subprocess.Popen[bytes]:
        arguments = [role, str(seconds), str(self.crash), str(int(naps and self.naps)), str(log)]
        environment = os.environ | {
            "DJANGO_SETTINGS_MODULE": "benchmarks.staleness.settings",
            "STRATEGY": strategy,
            "DATABASE_URL": self.postgres.url,
            "REDIS_URL": self.valkey.url(NAMES.index(strategy)),
        }
        return subprocess.Popen([sys.executable, "-m", "benchmarks.staleness.worker", *arguments], env=environment)


def judge(logs: list[Path]) -> tuple[int, int]:
    """How many reads there were, and how many showed less than had been answered before they started."""
    answered: dict[int, list[tuple[int, int]]] = defaultdict(list)
    reads: list[list[int]] = []
    for log in logs:
        for line in log.read_text().splitlines():
            kind, *numbers = line.split()
            figures = list(map(int, numbers))
            if kind == "r":
                reads.append(figures)
            elif len(figures) == 3:  # a writer may have died in the middle of a line
                answered[figures[1]].append((figures[0], figures[2]))
    floors = {}
    for pk, points in answered.items():
        times, highest = [], []
        for at, version in sorted(points):
            times.append(at)
            highest.append(max(version, highest[-1] if highest else 0))
        floors[pk] = (times, highest)

    def due(pk: int, instant: int) -> int:
        times, highest = floors.get(pk, ([], []))
        index = bisect_left(times, instant)
        return highest[index - 1] if index else 0

    stale = sum(
        any(version < due(pk, started) for pk, version in zip(seen[::2], seen[1::2], strict=True))
        for started, *seen in reads
    )
    return len(reads), stale


if __name__ == "__main__":
    parser = argparse.ArgumentParser(prog="python -m benchmarks.staleness")
    parser.add_argument("strategies", nargs="*", choices=[[], *NAMES], default=[])
    parser.add_argument("--seconds", type=float, default=10)
    parser.add_argument("--crash", type=float, default=0, help="chance that a commit is its process's last deed")
    parser.add_argument("--no-naps", action="store_true", help="do not hold the windows open")
    given = parser.parse_args()
    bench = Bench(given.seconds, given.crash, not given.no_naps)
    try:
        bench.run(given.strategies or NAMES)
    finally:
        bench.stop()
