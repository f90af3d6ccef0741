"""The embedded PostgreSQL where it is difficult: strange folders, interrupted starts, numbers of dead processes."""

import os
from collections.abc import Iterator
from pathlib import Path

import psycopg
import pytest

from config.supervisor.postgres import Postgres
from config.supervisor.processes import Keeper


@pytest.fixture
def keeper(home: Path) -> Iterator[Keeper]:
    keeper = Keeper()
    yield keeper
    keeper.stop()


def folders(data: Path, run: Path) -> tuple[Path, Path]:
    """A DATA_DIR and a folder for sockets, as a start makes them."""
    for folder in (data, run):
        folder.mkdir(parents=True)
        folder.chmod(0o711)
    return data, run


def test_a_folder_that_others_may_not_enter_and_whose_path_is_too_long_for_a_socket(home: Path, keeper: Keeper) -> None:
    closed = home / ("long-" * 20)
    data, run = folders(closed / "data", home / "run")
    closed.chmod(0o700)

    server = Postgres(data, run, durable=False)
    server.start(keeper)

    with psycopg.connect(server.url) as connection:
        shown = connection.execute(
            "SELECT current_setting('listen_addresses'), datcollate, datlocale FROM pg_database "
            "WHERE datname = current_database()"
        ).fetchone()
    assert shown == ("", "C", "C.UTF-8")
    assert closed.stat().st_mode & 0o777 == 0o700


def test_an_interrupted_first_start_and_a_number_that_is_now_somebody_elses(home: Path, keeper: Keeper) -> None:
    data, run = folders(home / "data", home / "run")
    (data / "postgres.new").mkdir()
    (data / "postgres.new" / "PG_VERSION").write_text("half")
    server = Postgres(data, run, durable=False)
    child = server.start(keeper)
    child.process.kill()
    child.process.wait()
    recorded = server.data / "postmaster.pid"
    recorded.write_text("\n".join([str(os.getppid()), *recorded.read_text().splitlines()[1:]]))
    keeper.tend(lambda text: None)

    again = Postgres(data, run, durable=False)
    again.start(keeper)

    with psycopg.connect(again.url) as connection:
        assert connection.execute("SELECT 1").fetchone() == (1,)
