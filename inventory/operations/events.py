"""Events: appended in the transaction of what happened, numbered after it, read in the order of their numbers."""

from collections.abc import Mapping, Sequence
from typing import Any

from django.db import connection, transaction
from uuid_utils.compat import uuid7

from inventory.context import current_actor, current_request_id
from inventory.gathering import put_off
from inventory.values import as_json

BATCH = 1_000  # a bulk write may be of a million rows, and PostgreSQL takes no JSON above 256 MB
# `position` follows the order of the list.
APPEND = """
    INSERT INTO inventory_event (id, type, key, data, actor, request_id, occurred_at)
    SELECT e.id, e.type, e.key, e.data, e.actor, e.request_id, clock_timestamp()
      FROM ROWS FROM (jsonb_to_recordset(%s::jsonb)
                      AS (id uuid, type text, key text, data jsonb, actor text, request_id text)) WITH ORDINALITY
           AS e(id, type, key, data, actor, request_id, n)
     ORDER BY e.n
"""
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
    """Write events (type, key, data) in this order, in the caller's transaction, by one statement per `BATCH`."""
    author = {"actor": str(current_actor()), "request_id": current_request_id()}
    rows = [{"id": uuid7(), "type": type, "key": str(key), "data": data, **author} for type, key, data in happened]
    put_off(_write, rows)


def _write(rows: Sequence[Any]) -> None:
    for first in range(0, len(rows), BATCH):
        with connection.cursor() as cursor:
            cursor.execute(APPEND, [as_json(rows[first : first + BATCH])])


def number() -> int:
    """Give every committed event its sequence. Returns how many got one.

    One numberer at a time, each starting when the last one has committed: so numbers have no holes, and whoever has
    read up to n never finds a smaller one later.
    """
    with transaction.atomic(), connection.cursor() as cursor:
        cursor.execute("SELECT pg_advisory_xact_lock(hashtext('inventory_event.sequence'))")
        cursor.execute(NUMBER)
        return int(cursor.rowcount)
