"""What every receiver is asked before it rings, and what happens when its ring fails.

`guarded`: the write goes on without it. The ring runs in a savepoint of its own, because a swallowed database error
without one leaves the whole transaction aborted; a failure is logged once, counted, kept in `ReceiverFailure`, and rung
again by the worker until it succeeds.

`required`: a promise rests on it. Its failure makes the write fail, also when somebody above swallows the exception.
"""

import logging
from collections.abc import Callable
from functools import wraps
from typing import Any

from django.apps import apps
from django.db import connections, models, transaction

from inventory import conf
from inventory.context import current_actor, current_request_id, is_muted
from inventory.metrics import receiver_failures, receiver_retries
from inventory.operations import failures
from inventory.signals import StockChange

log = logging.getLogger("inventory.receivers")

Receiver = Callable[..., None]

#: Every decorated receiver by its name `module.function`: its switch, its kind, and how a failed ring is replayed.
REGISTRY: dict[str, "Bell"] = {}


class Bell:
    def __init__(self, receiver: Receiver, switch: str, required: bool, replay: Receiver | None) -> None:
        self.receiver = receiver
        self.switch = switch
        self.required = required
        self.replay = replay
        self.name = f"{receiver.__module__.rpartition('.')[2]}.{receiver.__name__}"

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
                with transaction.atomic(using=kwargs.get("using")):
                    receiver(sender=sender, **kwargs)
            except Exception as error:
                _survive(bell, sender, kwargs, error)

        return ring

    return decorate


def required(*, switch: str, also_raw: bool = False) -> Callable[[Receiver], Receiver]:
    """Let the receiver ring while `switch` is on; its failure rolls the write back. `also_raw`: for fixtures, too."""

    def decorate(receiver: Receiver) -> Receiver:
        bell = _registered(Bell(receiver, switch, True, None))

        @wraps(receiver)
        def ring(sender: Any, raw: bool = False, **kwargs: Any) -> None:
            if (raw and not also_raw) or bell.silent:
                return
            try:
                receiver(sender=sender, **kwargs)
            except BaseException:
                connection = connections[kwargs.get("using") or "default"]
                if connection.in_atomic_block:
                    # A caller that swallows this inside its own atomic() must not commit what rests on the promise.
                    connection.set_rollback(True)
                raise

        return ring

    return decorate


def ring_again(name: str, arguments: dict[str, Any]) -> None:
    """Repeat a failed ring with the arguments that were kept; a row that is gone meanwhile needs none."""
    bell = REGISTRY[name]
    kwargs = _revived(arguments)
    if kwargs is None:
        return
    try:
        (bell.replay or bell.receiver)(**kwargs)
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


def _survive(bell: Bell, sender: Any, kwargs: dict[str, Any], error: Exception) -> None:
    receiver_failures.labels(bell.name).inc()
    log.exception(
        "receiver failed; its work is kept and will be tried again",
        extra={
            "receiver": bell.name,
            "sender": getattr(sender, "__name__", str(sender)),
            "pk": str(getattr(kwargs.get("instance"), "pk", "")),
            "actor": str(current_actor()),
            "request_id": current_request_id(),
        },
    )
    # Not guarded: work that can neither be done nor kept would be lost, so then the write fails.
    failures.keep(bell.name, _kept(sender, kwargs), error)


def _kept(sender: Any, kwargs: dict[str, Any]) -> dict[str, Any]:
    kept: dict[str, Any] = {"sender": sender._meta.label}
    if isinstance(kwargs.get("instance"), models.Model):
        kept |= {"pk": str(kwargs["instance"].pk), "created": kwargs.get("created")}
    if kwargs.get("update_fields") is not None:
        kept["update_fields"] = sorted(kwargs["update_fields"])
    if "changes" in kwargs:
        kept["changes"] = [change.as_dict() for change in kwargs["changes"] if isinstance(change, StockChange)]
        kept["pks"] = [str(change.pk) for change in kwargs["changes"] if not isinstance(change, StockChange)]
    if "alerts" in kwargs:
        kept["alerts"] = [str(alert.pk) for alert in kwargs["alerts"]]
    return kept


def _revived(kept: dict[str, Any]) -> dict[str, Any] | None:
    from inventory.signals import RowChange

    model: type[models.Model] = apps.get_model(kept["sender"])
    kwargs: dict[str, Any] = {"sender": model, "using": "default"}
    if "pk" in kept:
        instance = model._base_manager.filter(pk=kept["pk"]).first()
        if instance is None:
            return None
        update_fields = frozenset(kept["update_fields"]) if "update_fields" in kept else None
        kwargs |= {"instance": instance, "created": kept["created"], "update_fields": update_fields}
    if "changes" in kept:
        rows = model._base_manager.filter(pk__in=kept["pks"]).values() if kept["pks"] else []
        kwargs["changes"] = [StockChange(**change) for change in kept["changes"]]
        kwargs["changes"] += [RowChange(row["id"], row, row) for row in rows]
    if "alerts" in kept:
        kwargs["alerts"] = list(model._base_manager.filter(pk__in=kept["alerts"]))
    return kwargs
