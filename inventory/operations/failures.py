"""Failed receivers: kept with what they were told, rung again until they succeed."""

from collections.abc import Callable
from datetime import timedelta
from typing import Any

from django.db import transaction
from django.utils import timezone

from inventory.context import Actor, acting_as, answering, current_actor, current_request_id
from inventory.models import ReceiverFailure

BATCH = 100
LONGEST_WAIT = timedelta(hours=1)


def keep(receiver: str, arguments: dict[str, Any], error: BaseException) -> None:
    """Remember a failed ring, in the transaction that it belongs to."""
    ReceiverFailure.objects.create(
        receiver=receiver,
        arguments=arguments,
        error=f"{type(error).__name__}: {error}"[:2000],
        actor=str(current_actor()),
        request_id=current_request_id(),
    )


def retry_due(ring: Callable[[str, dict[str, Any]], None]) -> tuple[int, int]:
    """Ring every failure that is due again, each in its own transaction. Returns (succeeded, failed)."""
    succeeded = failed = 0
    for pk in ReceiverFailure.objects.filter(due_at__lte=timezone.now()).values_list("pk", flat=True)[:BATCH]:
        with transaction.atomic():
            failure = ReceiverFailure.objects.select_for_update(skip_locked=True).filter(pk=pk).first()
            if failure is None:
                continue
            if _ring(ring, failure):
                failure.delete()
                succeeded += 1
            else:
                failed += 1
    return succeeded, failed


def _ring(ring: Callable[[str, dict[str, Any]], None], failure: ReceiverFailure) -> bool:
    try:
        with acting_as(Actor("system", name=failure.actor)), answering(failure.request_id), transaction.atomic():
            ring(failure.receiver, failure.arguments)
    except Exception as error:
        failure.attempts += 1
        failure.error = f"{type(error).__name__}: {error}"[:2000]
        failure.due_at = timezone.now() + min(LONGEST_WAIT, timedelta(seconds=2 ** min(failure.attempts, 12)))
        failure.save(update_fields=["attempts", "error", "due_at"])
        return False
    return True
