"""Events: appended in the transaction of what happened, numbered after it, read in the order of their numbers."""

from collections.abc import Mapping, Sequence
from typing import Any

from django.db import connection, transaction

from inventory.context import current_actor, current_request_id
from inventory.models import Event

NUMBER = """
    WITH last AS (SELECT COALESCE(max(sequence), 0) AS n FROM inventory_event),
         fresh AS (SELECT position, row_number() OVER (ORDER BY position) AS n
                     FROM (SELECT position FROM inventory_event WHERE sequence IS NULL ORDER BY position LIMIT 10000) q)
    UPDATE inventory_event e SET sequence = last.n + fresh.n FROM last, fresh WHERE e.position = fresh.position
"""


def append(type: str, key: Any, data: Mapping[str, Any]) -> None:
    """Write one event, in the caller's transaction."""
    append_many([(type, key, data)])


def append_many(happened: Sequence[tuple[str, Any, Mapping[str, Any]]]) -> None:
    """Write events (type, key, data) in this order, in the caller's transaction."""
    actor, request_id = str(current_actor()), current_request_id()
    Event.objects.bulk_create(
        [
            Event(type=type, key=str(key), data=dict(data), actor=actor, request_id=request_id)
            for type, key, data in happened
        ],
        batch_size=1000,
    )


def number() -> int:
    """Give every committed event its sequence. Returns how many got one.

    One numberer at a time, each starting when the last one has committed: so numbers have no holes, and whoever has
    read up to n never finds a smaller one later.
    """
    with transaction.atomic(), connection.cursor() as cursor:
        cursor.execute("SELECT pg_advisory_xact_lock(hashtext('inventory_event.sequence'))")
        cursor.execute(NUMBER)
        return int(cursor.rowcount)
