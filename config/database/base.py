"""The commit guard: a transaction that was rolled back never looks like a committed one. And a pool that asks the
operating system, not PostgreSQL, whether a connection is alive."""

import select
import sys
from typing import Any

from django.db.backends.base.base import NO_DB_ALIAS
from django.db.backends.postgresql import base
from psycopg import Connection
from psycopg.pq import TransactionStatus
from psycopg_pool import ConnectionPool

EXPLANATION = (
    "A statement of this transaction failed and its error was swallowed; nothing was committed. "
    "Catch database errors outside a savepoint: `try: with transaction.atomic(): ...`."
)


class AbortedTransaction(Exception):
    """The block ended as if all were well, and its work is gone. Neither a 2xx nor an `on_commit` callback follows."""


def check_idle(connection: Connection[Any]) -> None:
    """Raise if the server has closed this connection. Asks PostgreSQL only where it has said something unasked.

    A server that ends closes its sockets, and that shows here without a round trip; what does not show (a network that
    went silent) would not let a question come back either.
    """
    poll = select.poll()
    poll.register(connection.fileno(), select.POLLIN | select.POLLHUP | select.POLLERR)
    if poll.poll(0):
        ConnectionPool.check_connection(connection)


class DatabaseWrapper(base.DatabaseWrapper):
    """Django's PostgreSQL backend, with two silences broken.

    PostgreSQL turns COMMIT of a failed transaction into ROLLBACK and reports success; and Django rolls back without a
    word at the end of `atomic()` when an error inside it was swallowed. A receiver that swallows a database error
    without a savepoint of its own would so answer 201 for a row that does not exist.
    """

    _connection_pools: dict[str, Any]
    _configure_connection: Any

    #: Somebody asked for the rollback: `set_rollback(True)` with no error about, or transactions managed by hand.
    _rollback_is_meant = True
    #: What was being handled when the transaction began: no news about the transaction.
    _handled_before: BaseException | None = None

    @property
    def pool(self) -> Any:
        options = self.settings_dict["OPTIONS"].get("pool")
        if options and self.alias != NO_DB_ALIAS and self.alias not in self._connection_pools:
            pool: ConnectionPool[Any] = ConnectionPool(
                kwargs={**self.get_connection_params(), "autocommit": True},
                open=False,
                configure=self._configure_connection,
                check=check_idle,
                **options,
            )
            self._connection_pools.setdefault(self.alias, pool)  # of two threads the first one wins
        return super().pool

    def set_autocommit(self, autocommit: bool, force_begin_transaction_with_broken_autocommit: bool = False) -> None:
        super().set_autocommit(autocommit, force_begin_transaction_with_broken_autocommit)
        self._handled_before = None if autocommit else sys.exc_info()[1]
        # Only `atomic()` forces the beginning.
        self._rollback_is_meant = not force_begin_transaction_with_broken_autocommit

    def set_rollback(self, rollback: bool) -> None:
        super().set_rollback(rollback)
        self._rollback_is_meant = rollback and not self._is_failing()

    def rollback(self) -> None:
        swallowed = not self._rollback_is_meant and not self._is_failing()
        super().rollback()
        if swallowed:
            raise AbortedTransaction(EXPLANATION)

    def _commit(self) -> Any:
        if self.connection is not None and self.connection.info.transaction_status == TransactionStatus.INERROR:
            super().rollback()
            raise AbortedTransaction(EXPLANATION)
        return super()._commit()  # type: ignore[misc]

    def _is_failing(self) -> bool:
        """Is an exception on its way out of the transaction?"""
        return sys.exc_info()[1] is not self._handled_before
