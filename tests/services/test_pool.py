"""The pool of database connections: dead ones are noticed before a request gets them, at no cost to the others."""

from typing import Any

import psycopg
import pytest
from django.db import connection

from config.database.base import check_idle

pytestmark = pytest.mark.django_db(transaction=True)


def backend() -> int:
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_backend_pid()")
        return int(cursor.fetchone()[0])


def from_outside(sql: str, pid: int) -> Any:
    with psycopg.connect(**{**connection.get_connection_params(), "autocommit": True}) as other:
        return other.execute(sql, [pid]).fetchone()[0]


def end(pid: int) -> None:
    from_outside("SELECT pg_terminate_backend(%s, 5000)", pid)


def last_heard_of(pid: int) -> Any:
    return from_outside("SELECT state_change FROM pg_stat_activity WHERE pid = %s", pid)


def test_a_connection_that_the_server_has_closed_is_never_handed_out() -> None:
    before = {backend()}
    connection.close()  # back into the pool
    for pid in before:
        end(pid)

    after = backend()

    assert after not in before


def test_a_connection_that_is_well_is_not_asked() -> None:
    pid = backend()
    before = last_heard_of(pid)

    check_idle(connection.connection)

    assert last_heard_of(pid) == before


def test_a_connection_whose_server_is_gone_is_noticed() -> None:
    pid = backend()
    end(pid)

    with pytest.raises(psycopg.OperationalError):
        check_idle(connection.connection)
    connection.close()
