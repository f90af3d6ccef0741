"""What every receiver is asked before it rings, and what happens when its ring fails.

`guarded`: the write goes on without it. What the ring does in the database stands in a savepoint of its own, because a
swallowed database error without one leaves the whole transaction aborted; a failure is logged once, counted, kept in
`ReceiverFailure`, and rung again by the worker until it succeeds.

`required`: a promise rests on it. Its failure makes the write fail, also when somebody above swallows the exception.
"""

import logging
from collections.abc import Callable
from functools import wraps
from typing import Any

from django.db import connections

from inventory import conf
from inventory.context import current_actor, current_request_id, is_muted
from inventory.gathering import is_gathering
from inventory.metrics import receiver_failures, receiver_retries
from inventory.operations import failures

from .keeping import kept, revived
from .savepoints import LazySavepoint, undone_on_failure

log = logging.getLogger("inventory.receivers")

Receiver = Callable[..., None]

#: Every decorated receiver by its name: `alerts.review_stock` for ours, the full dotted path for a deployment's own.
REGISTRY: dict[str, "Bell"] = {}

# Foreign keys are checked at COMMIT, where it is too late to survive a receiver's mistake.
CHECK_FOREIGN_KEYS = """DO $$
DECLARE names text := (
    SELECT string_agg(format('%I.%I', n.nspname, c.conname), ', ') FROM pg_constraint c
      JOIN pg_namespace n ON n.oid = c.connamespace
     WHERE c.condeferred AND c.contype IN ('f', 'u', 'x') AND n.nspname = current_schema());
BEGIN
    EXECUTE 'SET CONSTRAINTS ' || names || ' IMMEDIATE';
    EXECUTE 'SET CONSTRAINTS ' || names || ' DEFERRED';
END $$"""


class Swallowed(Exception):
    """A receiver caught a database error outside a savepoint: what it did, and the write itself, are lost with it."""


class Bell:
    """A decorated receiver: its switch, its kind, and how a failed ring is replayed."""

    def __init__(self, receiver: Receiver, switch: str, required: bool, replay: Receiver | None) -> None:
        self.receiver = receiver
        self.switch = switch
        self.required = required
        self.replay = replay
        self.name = f"{receiver.__module__}.{receiver.__name__}".removeprefix("inventory.receivers.")

    @property
    def silent(self) -> bool:
        return is_muted(self.switch) or not conf.is_on(self.switch)


def guarded(*, switch: str, replay: Receiver | None = None) -> Callable[[Receiver], Receiver]:
    """Let the receiver ring for real saves only, while `switch` is on; survive its failure and ring it again later.

    `replay` is called with the same arguments instead of the receiver when the ring is repeated, for deeds that must
    look at the present first.
    """

    def decorate(receiver: Receiver) -> Receiver:
        bell = _registered(Bell(receiver, switch, False, replay))

        @wraps(receiver)
        def ring(sender: Any, raw: bool = False, **kwargs: Any) -> None:
            # raw: loaddata is writing, and the rows this one points at may not exist yet.
            if raw or bell.silent:
                return
            try:
                with undone_on_failure(kwargs.get("using")) as undo:
                    _ring_out(bell.receiver, sender, kwargs, undo)
            except Exception as error:
                if is_gathering():
                    raise  # the requests that share this transaction are served one by one, and then it is survived
                _survive(bell, sender, kwargs, error)

        return ring

    return decorate


def required(*, switch: str, also_raw: bool = False, always: bool = False) -> Callable[[Receiver], Receiver]:
    """Let the receiver ring while `switch` is on; its failure rolls the write back.

    `also_raw`: for fixtures, too. `always`: also while the switch is off; what is called asks the switch itself.
    """

    def decorate(receiver: Receiver) -> Receiver:
        bell = _registered(Bell(receiver, switch, True, None))

        @wraps(receiver)
        def ring(sender: Any, raw: bool = False, **kwargs: Any) -> None:
            if (raw and not also_raw) or (bell.silent and not always):
                return
            connection = connections[kwargs.get("using") or "default"]
            try:
                bell.receiver(sender=sender, **kwargs)
                if connection.needs_rollback:
                    raise Swallowed(f"{bell.name} caught a database error outside a savepoint.")
            except BaseException:
                if connection.in_atomic_block:
                    # A caller that swallows this inside its own atomic() must not commit what rests on the promise.
                    connection.set_rollback(True)
                raise

        return ring

    return decorate


def ring_again(name: str, arguments: dict[str, Any]) -> None:
    """Repeat a failed ring with the arguments that were kept; a row that is gone meanwhile needs none."""
    bell = REGISTRY[name]
    kwargs = revived(arguments)
    if kwargs is None:
        return
    try:
        with undone_on_failure(kwargs["using"]) as undo:
            _ring_out(bell.replay or bell.receiver, kwargs.pop("sender"), kwargs, undo)
    except Exception:
        receiver_retries.labels(name, "failed").inc()
        raise
    receiver_retries.labels(name, "succeeded").inc()


def retry_due() -> tuple[int, int]:
    """Ring every failure that is due. Returns (succeeded, failed)."""
    return failures.retry_due(ring_again)


def _registered(bell: Bell) -> Bell:
    REGISTRY[bell.name] = bell
    return bell


def _ring_out(receiver: Receiver, sender: Any, kwargs: dict[str, Any], undo: LazySavepoint) -> None:
    """Ring, and fail here with what would else come out at COMMIT only."""
    receiver(sender=sender, **kwargs)
    if undo.begun:
        # Fails as well where the receiver has swallowed a database error.
        with undo.connection.cursor() as cursor:
            cursor.execute(CHECK_FOREIGN_KEYS)


def _survive(bell: Bell, sender: Any, kwargs: dict[str, Any], error: Exception) -> None:
    receiver_failures.labels(bell.name).inc()
    log.error(
        "receiver failed; its work is kept and will be tried again",
        exc_info=error,
        extra={
            "receiver": bell.name,
            "sender": getattr(sender, "__name__", str(sender)),
            "pk": str(getattr(kwargs.get("instance"), "pk", "")),
            "actor": str(current_actor()),
            "request_id": current_request_id(),
        },
    )
    # Not guarded: work that can neither be done nor kept would be lost, so then the write fails.
    failures.keep(bell.name, kept(sender, kwargs), error)
