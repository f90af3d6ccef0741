"""The ground that benchmarks stand on: a durable PostgreSQL and a Valkey of their own, Django set up on them.

Nothing is shared with `make run` or the tests, and disk flushes are on: what is measured is what is promised.
"""

import os
import shutil
import signal
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import psutil

from config.supervisor.postgres import Postgres
from config.supervisor.processes import Keeper
from config.supervisor.valkey import Valkey

SECRET_KEY = "a-key-for-benchmarks-that-is-long-enough-and-has-never-been-a-secret-0123456789"


@dataclass(frozen=True)
class Ground:
    """Where the servers are; `postgres` and `valkey` are the ids of their processes."""

    database_url: str
    redis_url: str
    postgres: int
    valkey: int
    folder: Path

    def environment(self) -> dict[str, str]:
        """What a process of the service is told."""
        return {
            "DATABASE_URL": self.database_url,
            "REDIS_URL": self.redis_url,
            "LIMITS_REDIS_URL": self.redis_url.replace("db=0", "db=1"),
            "SECRET_KEY": SECRET_KEY,
            "ALLOWED_HOSTS": "127.0.0.1",
            "DJANGO_SETTINGS_MODULE": "config.settings",
            "LOG_LEVEL": "ERROR",
            "API_RATE_LIMIT": "1000000000",
            "API_CONCURRENT_REQUESTS": "10000",
            "DATABASE_POOL_MAX": "32",
        }


@contextmanager
def ground(durable: bool = True) -> Iterator[Ground]:
    """Servers that live as long as the block, and Django on an empty, migrated database."""
    folder = Path(tempfile.mkdtemp(prefix="stockroom-bench-", dir="/tmp"))
    folder.chmod(0o711)
    signal.signal(signal.SIGTERM, lambda *_: (_ for _ in ()).throw(SystemExit(143)))
    keeper = Keeper()
    keeper.clean_up_later(folder)
    try:
        postgres, valkey = Postgres(folder, folder, durable=durable, connections=200), Valkey(folder, folder)
        database, cache = postgres.start(keeper), valkey.start(keeper)
        found = Ground(postgres.url, valkey.url(), database.pid, cache.pid, folder)
        os.environ.update(found.environment())
        _migrate()
        yield found
    finally:
        keeper.stop()
        shutil.rmtree(folder, ignore_errors=True)


def _migrate() -> None:
    import django

    django.setup()
    from django.core.management import call_command

    call_command("migrate", verbosity=0)


def cpu_s(*roots: int) -> float:
    """Processor seconds that these processes and everything below them have used, user and system.

    Also those of children that have ended, as far as their parents waited for them.
    """
    total = 0.0
    for root in roots:
        try:
            family = [psutil.Process(root), *psutil.Process(root).children(recursive=True)]
        except psutil.NoSuchProcess:
            continue
        for process in family:
            try:
                times = process.cpu_times()
            except psutil.NoSuchProcess:
                continue
            total += times.user + times.system + times.children_user + times.children_system
    return total
