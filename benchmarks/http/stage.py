"""Everything that a sample needs: the shop, the servers, the keys; and the taking of one sample."""

import json
import resource
import subprocess
import sys
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from uuid import UUID

import psutil

from benchmarks import shop
from benchmarks.ground import Ground, cpu_s
from benchmarks.load import Load, Report
from config.supervisor.child import HERE

from .fill import furnished
from .servers import Server, Wish, running

#: `client busy`: the share of a processor that the client used; `others`: processors that the rest of the machine used.
FIGURES = {
    "per second": "{:,.0f}",
    "server µs": "{:,.0f}",
    "database µs": "{:,.0f}",
    "p50 ms": "{:.2f}",
    "p99 ms": "{:.1f}",
    "client busy": "{:.0%}",
    "others": "{:.1f}",
}
REFERENCES = ("const", "redis_py", "raw", "bpg", "cte", "drf")


@dataclass(frozen=True)
class Stage:
    ground: Ground
    servers: Mapping[str, Server]
    skus: list[str]
    ids: list[UUID]
    category: UUID
    key: str
    token: str
    threads: Sequence[int]

    def sample(self, server: str, load: Load) -> tuple[Report, dict[str, float]]:
        """Send the load to this server, and see what it costs whom."""
        process = self.servers[server].pid
        load.port = self.servers[server].port
        started, before = time.perf_counter(), self._spent(process)
        report = _send(load)
        spent = [after - start for start, after in zip(before, self._spent(process), strict=True)]
        everybody, server, database, *ours = spent
        count = report.requests
        return report, {
            "per second": count / report.seconds,
            "server µs": server / count * 1e6,
            "database µs": database / count * 1e6,
            "p50 ms": report.p50_ms,
            "p99 ms": report.p99_ms,
            "client busy": report.cpu_s / report.seconds,
            "others": (everybody - server - database - sum(ours)) / (time.perf_counter() - started),
        }

    def _spent(self, server: int) -> list[float]:
        """Processor seconds so far: the whole machine, the server, PostgreSQL, Valkey, the clients, this process."""
        machine, children = psutil.cpu_times(), resource.getrusage(resource.RUSAGE_CHILDREN)
        return [
            machine.user + machine.nice + machine.system,
            cpu_s(server),
            cpu_s(self.ground.postgres),
            cpu_s(self.ground.valkey),
            children.ru_utime + children.ru_stime,
            time.process_time(),
        ]


@contextmanager
def staged(ground: Ground, products: int, threads: Sequence[int]) -> Iterator[Stage]:
    skus = shop.furnish(products)
    filled = furnished(ground, skus)
    wishes = {f"{name} ×{n}": _wish(name, n, ground) for name in REFERENCES for n in threads}
    wishes["ours"] = Wish(None, ground.environment() | {"PROMETHEUS_MULTIPROC_DIR": str(ground.folder / "metrics")})
    with running(wishes, ground.folder) as servers:
        yield Stage(ground, servers, skus, filled.ids, filled.category, filled.key, filled.token, threads)


def _wish(name: str, threads: int, ground: Ground) -> Wish:
    module = f"{name}.wsgi" if name == "drf" else name
    environment = ground.environment() | {
        "WEB_THREADS": str(threads),
        "REDIS_URL": ground.redis_url.replace("db=0", "db=3"),
        "BODIES": str(ground.folder / "bodies"),
    }
    if name == "drf":
        environment["DJANGO_SETTINGS_MODULE"] = "benchmarks.references.drf.settings"
    return Wish(f"benchmarks.references.{module}:application", environment)


def _send(load: Load) -> Report:
    """In a process of its own: this one watches, and its interpreter lock is none of the client's business."""
    done = subprocess.run(
        [sys.executable, "-m", "benchmarks.load"],
        input=json.dumps(asdict(load)),
        capture_output=True,
        text=True,
        timeout=load.seconds + 60,
        cwd=HERE.parent.parent,
        check=False,
    )
    if done.returncode:
        raise AssertionError(done.stderr.strip().splitlines()[-1])
    return Report(**json.loads(done.stdout))


def serial() -> str:
    """The beginning of Idempotency-Keys that nobody has sent before."""
    return f"{time.time_ns():x}"
