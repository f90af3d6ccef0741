"""The real PostgreSQL and the real Redis-protocol server that the suite runs against.

`provide()` is called by `tests/settings.py` before any setting is read. The first process of a run (pytest itself, the
controller under xdist) starts both servers and stops them when it exits; a guardian stops them if it is killed. The
workers of xdist inherit their addresses. DATABASE_URL and REDIS_URL, where set, win over the embedded servers.

Each worker has its own database (`test_stockroom_gw0`, …) and two logical databases of Redis: cache and rate limits.
"""

import atexit
import os
import re
import shutil
import tempfile
from pathlib import Path

from config.supervisor.accounts import forget_shelter
from config.supervisor.postgres import Postgres
from config.supervisor.processes import Keeper
from config.supervisor.valkey import Valkey

STARTED_BY = "STOCKROOM_TEST_SERVERS"
PROCESSORS = os.cpu_count() or 1
LOGICAL_DATABASES = max(64, 2 * PROCESSORS + 2)
CONNECTIONS = 150 + 30 * PROCESSORS  # tests of races open many at a time


def provide() -> None:
    """Make DATABASE_URL, REDIS_URL and LIMITS_REDIS_URL true for this process."""
    if STARTED_BY not in os.environ:
        _start_what_is_missing()
        os.environ[STARTED_BY] = str(os.getpid())
        os.environ["STOCKROOM_TEST_REDIS"] = os.environ["REDIS_URL"]
    base = os.environ["STOCKROOM_TEST_REDIS"]
    worker = int(os.environ.get("PYTEST_XDIST_WORKER", "gw0").removeprefix("gw"))
    os.environ["REDIS_URL"] = logical_database(base, 2 * worker)
    os.environ["LIMITS_REDIS_URL"] = logical_database(base, 2 * worker + 1)


def logical_database(url: str, number: int) -> str:
    """The same Redis, another logical database."""
    if url.startswith("unix://"):
        return f"{url.partition('?')[0]}?db={number}"
    address, question, query = url.partition("?")
    return re.sub(r"(?<=[^/:])(/\d*)?$", f"/{number}", address) + question + query


def _start_what_is_missing() -> None:
    wanted = {name for name in ("DATABASE_URL", "REDIS_URL") if not os.environ.get(name)}
    if not wanted:
        return
    # The path of a socket may have 100 bytes, which the usual temporary folder of macOS alone nearly uses up.
    folder = Path(tempfile.mkdtemp(prefix="stockroom-test-", dir="/tmp"))
    folder.chmod(0o711)
    keeper = Keeper()
    keeper.clean_up_later(folder)
    atexit.register(_stop, keeper, folder, os.getpid())
    if "DATABASE_URL" in wanted:
        postgres = Postgres(folder, folder, durable=False, connections=CONNECTIONS)
        if (folder / "shelter").is_symlink():
            keeper.clean_up_later((folder / "shelter").resolve())
        postgres.start(keeper)
        os.environ["DATABASE_URL"] = postgres.url
    if "REDIS_URL" in wanted:
        valkey = Valkey(folder, folder, databases=LOGICAL_DATABASES)
        valkey.start(keeper)
        os.environ["REDIS_URL"] = valkey.url()


def _stop(keeper: Keeper, folder: Path, owner: int) -> None:
    if os.getpid() != owner:  # a fork of ours that ends
        return
    keeper.stop()
    forget_shelter(folder)
    shutil.rmtree(folder, ignore_errors=True)
