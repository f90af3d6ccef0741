"""The supervisor as a person or a script meets it: one process to start, one to stop."""

import signal
import socket
import stat
from pathlib import Path

import pytest

from config.supervisor.environment import kept_secret

from .service import KEY, Service, all_gone, eventually


@pytest.mark.slow
@pytest.mark.timeout(240)
def test_a_start_answers_keeps_its_secrets_and_refuses_a_second_one(home: Path) -> None:
    with Service(home / "data", BOOTSTRAP_API_KEY=KEY) as service:
        service.ready()

        again = Service(home / "data", PORT=str(service.port))
        said_again = again.refused()

        me = service.get("me", KEY)
        family = [process.pid for process in service.family().values()]
        code = service.stop(signal.SIGTERM)

    assert f"{home / 'data'} is in use" in said_again
    assert f"process {service.process.pid}" in said_again
    assert "admin" in me["scopes"]
    assert kept_secret(home / "data" / "demo_key") in service.said()
    assert KEY not in service.said()
    for name in ("secret_key", "demo_key", "env"):
        assert stat.S_IMODE((home / "data" / name).stat().st_mode) == 0o600, name
    assert code == 0
    assert len(family) > 5
    assert all_gone(family)


@pytest.mark.slow
@pytest.mark.timeout(240)
def test_what_was_killed_comes_back_and_nothing_outlives_the_supervisor(home: Path) -> None:
    with Service(home / "data") as service:
        service.ready()
        first = service.family()

        for kind in ("web", "valkey", "postgres"):
            first[kind].kill()
        assert eventually(lambda: all(not first[kind].is_running() for kind in ("web", "valkey", "postgres")))
        service.ready()
        assert eventually(lambda: {"web", "valkey", "postgres", "worker"} <= set(service.family()))
        second = [process.pid for process in service.family().values()]
        service.stop(signal.SIGKILL)

    assert all_gone([*second, *(process.pid for process in first.values())])
    with Service(home / "data", PORT=str(service.port)) as after:
        after.ready()
        family = [process.pid for process in after.family().values()]
        assert after.stop(signal.SIGINT) == 0
    assert all_gone(family)


def test_a_port_that_is_taken_is_named_and_nothing_stays_behind(home: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]

        said = Service(home / "data", PORT=str(port)).refused()

    assert f"Port {port} of 127.0.0.1 cannot be used" in said
    assert "PORT=" in said
    assert not (home / "data" / "postgres").exists()


def test_every_wrong_variable_is_named_at_once(home: Path) -> None:
    said = Service(home / "data", BOOTSTRAP_API_KEY="short", WEB_WORKERS="many", DEMO="perhaps").refused()

    assert "BOOTSTRAP_API_KEY needs at least 32" in said
    assert "WEB_WORKERS must be a number from 1 to 64, not 'many'" in said
    assert "DEMO must be 0 or 1" in said
    assert not (home / "data").exists()
