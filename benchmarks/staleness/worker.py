"""One process of a run: python -m benchmarks.staleness.worker ROLE SECONDS CRASH NAPS LOG (STRATEGY by environment)."""

import os
import random
import sys
import time
from pathlib import Path
from typing import Any

import django

ROWS, SHELVES = 8, 2
now = time.monotonic_ns


def main(role: str, seconds: float, crash: float, naps: bool, log: Path) -> None:
    django.setup()
    from django.conf import settings

    from .strategies import STRATEGIES

    strategy = STRATEGIES[settings.STRATEGY]()
    strategy.install()
    strategy.row(1)
    hold_windows_open(role, crash, naps)
    with log.open("a", buffering=1) as lines:
        until = time.monotonic() + seconds
        while time.monotonic() < until:
            if role == "writer":
                write(lines)
            else:
                read(strategy, lines)
    if role == "checker":
        check(strategy, log)


def hold_windows_open(role: str, crash: float, naps: bool) -> None:
    from django.db import connection
    from django.db.backends.postgresql.base import DatabaseWrapper

    def nap() -> None:
        if naps and random.random() < 0.5:
            time.sleep(random.random() * 0.003)

    commit = DatabaseWrapper._commit

    def slow_commit(self: Any) -> None:
        nap()
        commit(self)
        if random.random() < crash:
            os._exit(9)
        nap()

    def slow_select(execute: Any, sql: str, *rest: Any) -> Any:
        found = execute(sql, *rest)
        if "staleness_thing" in sql:
            nap()
        return found

    if role == "writer":
        DatabaseWrapper._commit = slow_commit
    elif role == "reader":
        connection.ensure_connection()
        connection.execute_wrappers.append(slow_select)


def write(lines: Any) -> None:
    from django.db import transaction

    from .models import Thing

    with transaction.atomic():
        thing = Thing.objects.select_for_update().get(pk=random.randint(1, ROWS))
        thing.version += 1
        thing.save(update_fields=["version"])
        if random.random() < 0.15:
            transaction.set_rollback(True)
            return
    lines.write(f"w {now()} {thing.pk} {thing.version}\n")
    time.sleep(random.random() * 0.01)


def read(strategy: Any, lines: Any) -> None:
    started = now()
    one = random.random() < 0.7
    seen = strategy.row(random.randint(1, ROWS)) if one else strategy.shelf(random.randint(1, SHELVES))
    lines.write(f"r {started} {' '.join(f'{pk} {version}' for pk, version in seen.items())}\n")


def check(strategy: Any, log: Path) -> None:
    """Everybody else has finished: which answers are wrong now, and would stay so?"""
    from .strategies import rows

    wrong = sum(strategy.row(pk) != dict(rows(id=pk)) for pk in range(1, ROWS + 1))
    wrong += sum(strategy.shelf(shelf) != dict(rows(shelf=shelf)) for shelf in range(1, SHELVES + 1))
    log.write_text(str(wrong))


if __name__ == "__main__":
    role, seconds, crash, naps, log = sys.argv[1:]
    main(role, float(seconds), float(crash), naps == "1", Path(log))
