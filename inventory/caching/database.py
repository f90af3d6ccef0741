"""PostgreSQL's part of the protocol: the locks that span a commit, and the row that says whether Redis is trusted.

The functions called here come with migration `0002_cache_trust`, which explains them.
"""

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from typing import Any, Literal

import psycopg
from django.db import DatabaseError, connections

_HOLD = "select epoch, process, state, wait_s from inventory_cache_hold(%s::text[])"
_QUIET = "select inventory_cache_quiet(%s::text[])"
_TRUSTED = "select epoch, process, state, wait_s from inventory_cache_trusted()"
_SWITCH_OFF = """
update inventory_cache_trust
set enabled = false, off_since = null, server = inventory_cache_server(), epoch = substr(gen_random_uuid()::text, 25)
where id = 1 and epoch = %s
and (enabled or server <> inventory_cache_server() or off_since > clock_timestamp())"""
_STAMP = """
update inventory_cache_trust set off_since = clock_timestamp() where id = 1 and not enabled and off_since is null"""
_RESTORE = """
update inventory_cache_trust set enabled = true, process = %s
where id = 1 and epoch = %s and not enabled and server = inventory_cache_server()
and off_since + patience < clock_timestamp()"""


@dataclass(frozen=True, slots=True)
class TrustRow:
    """Keys live under `epoch`; while `state` is `on`, the Redis server `process` may answer for them.

    `off`: nobody may believe Redis any more, once `wait_s` seconds are over. `unsettled`: somebody has to `distrust`.
    """

    epoch: str
    process: str
    state: Literal["on", "off", "unsettled"]
    wait_s: float


class Database:
    def __init__(self, using: str = "default") -> None:
        self._using = using

    def in_transaction(self) -> bool:
        """Is a transaction open, so that a statement's locks would outlive it and reads may see uncommitted rows?"""
        connection = connections[self._using]
        if connection.connection is None:  # a hit needs no connection, so none is opened for the question
            return connection.in_atomic_block or not connection.settings_dict["AUTOCOMMIT"]
        return connection.in_atomic_block or not connection.autocommit

    def hold(self, keys: Sequence[str]) -> TrustRow:
        """Take the keys' locks, shared, until this transaction ends; then look at the trust row. One statement."""
        return self._trust_row(_HOLD, [list(keys)])

    def quiet(self, keys: Sequence[str]) -> Collection[str]:
        """Those of `keys` that no open transaction holds. The rows read after this call include its predecessors'."""
        with connections[self._using].cursor() as cursor:
            cursor.execute(_QUIET, [list(keys)])
            return {row[0] for row in cursor.fetchall()}

    def trusted(self) -> TrustRow:
        return self._trust_row(_TRUSTED, [])

    def distrust(self, epoch: str) -> None:
        """Stop everybody from believing what is cached under `epoch`. Commits by itself, on a connection of its own.

        Fails with Django's errors as everything here does, or the caller would be answered 500 instead of 503.
        """
        main = connections[self._using]
        with main.wrap_database_errors, psycopg.connect(**main.get_connection_params(), autocommit=True) as connection:
            connection.execute(_SWITCH_OFF, [epoch])
            # A statement of its own: whoever believed the row as it was has looked at it before this moment.
            connection.execute(_STAMP)

    def restore(self, epoch: str, process: str) -> bool:
        """Trust `process` from now on, if nobody can still believe an older epoch."""
        with connections[self._using].cursor() as cursor:
            cursor.execute(_RESTORE, [process, epoch])
            return cursor.rowcount == 1

    def _trust_row(self, sql: str, parameters: list[Any]) -> TrustRow:
        with connections[self._using].cursor() as cursor:
            cursor.execute(sql, parameters)
            row = cursor.fetchone()
        if row is None:
            raise DatabaseError("The table inventory_cache_trust has lost its row.")
        return TrustRow(*row)
