"""A savepoint that is made when it is needed: a ring that asks the database nothing has nothing to undo."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager, nullcontext
from typing import Any

from django.db import connections, transaction


class LazySavepoint:
    """Made before the first statement. Not one of Django's own, so its blocks may begin and end across it.

    COPY and statements past Django's cursors go by unseen: a receiver that uses them opens a block of its own.
    """

    def __init__(self, using: str | None) -> None:
        self.connection = connections[using or "default"]
        self.begun = False
        self._sid: str | None = None
        self._callbacks = len(self.connection.run_on_commit)
        self._doomed = self.connection.needs_rollback

    def __call__(self, execute: Callable[..., Any], *statement: Any) -> Any:
        if not self.begun:
            self.begun = True  # first: the savepoint's own statement comes by here, too
            with self._unseen_within():
                self._sid = self.connection.savepoint()
        return execute(*statement)

    @contextmanager
    def _unseen_within(self) -> Iterator[None]:
        # A ring within this one would make its own savepoint first and, giving it up, take this one along.
        wrappers = self.connection.execute_wrappers
        within = wrappers[wrappers.index(self) + 1 :]
        del wrappers[wrappers.index(self) + 1 :]
        try:
            yield
        finally:
            wrappers.extend(within)

    def release(self) -> None:
        if self._sid is not None:
            self.connection.savepoint_commit(self._sid)

    def undo(self) -> None:
        """Forget what was done since. If even that fails, the transaction can only be rolled back."""
        connection = self.connection
        del connection.run_on_commit[self._callbacks :]
        # The savepoint is older than whatever demanded a rollback since, and undoes that as well.
        connection.needs_rollback = self._doomed
        if not self.begun:
            return
        try:
            if self._sid is None:
                raise transaction.TransactionManagementError("The savepoint could not be made.")
            connection.savepoint_rollback(self._sid)
            connection.savepoint_commit(self._sid)
        except Exception:
            connection.needs_rollback = True


@contextmanager
def undone_on_failure(using: str | None) -> Iterator[LazySavepoint]:
    """Undo what the block did in the database if it fails; outside a transaction, in one of its own."""
    connection = connections[using or "default"]
    with nullcontext() if connection.in_atomic_block else transaction.atomic(using=using):
        undo = LazySavepoint(using)
        try:
            with connection.execute_wrapper(undo):
                yield undo
                if connection.needs_rollback:
                    raise transaction.TransactionManagementError("The receiver asked for a rollback.")
        except BaseException:
            undo.undo()
            raise
        undo.release()
