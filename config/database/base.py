"""The commit guard: a transaction that PostgreSQL has aborted never looks like a committed one."""

from django.db import DatabaseError
from django.db.backends.postgresql import base
from psycopg.pq import TransactionStatus


class AbortedTransaction(DatabaseError):
    """COMMIT was asked of a transaction in which a statement had failed; PostgreSQL would answer with ROLLBACK."""


class DatabaseWrapper(base.DatabaseWrapper):
    def _commit(self) -> None:
        # PostgreSQL turns COMMIT of a failed transaction into ROLLBACK and reports success. A receiver that swallows a
        # database error without its own savepoint would so answer 201 for a row that does not exist.
        if self.connection is not None and self.connection.info.transaction_status == TransactionStatus.INERROR:
            raise AbortedTransaction(
                "A statement of this transaction failed and its error was swallowed; nothing was committed. "
                "Catch database errors outside a savepoint: `try: with transaction.atomic(): ...`."
            )
        super()._commit()  # type: ignore[misc]
