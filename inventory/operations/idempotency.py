"""At most one effect per `Idempotency-Key`: the answer is recorded in the transaction of the effect itself."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Any

import orjson
from django.db import connection, transaction
from django.db.models.functions import Now

from inventory.errors import InProgress, KeyReused
from inventory.models.idempotency import IdempotencyRecord
from inventory.operations.base import in_transaction
from inventory.seals import seal, unseal
from inventory.values import as_json

KEPT_FOR = timedelta(hours=48)
PRUNE_BATCH = 5_000
# Every POST passes here: statements as they are, for the ORM takes longer to build them than PostgreSQL to run them.
CLAIM = "SELECT state, fingerprint, status, headers, body FROM idempotency_claim(%s::text[], %s::text[])"
CLAIM_MANY = """
    SELECT state FROM set_config('lock_timeout', %s, true), idempotency_claim(%s::text[], %s::text[])
"""
RECORD = """
    INSERT INTO inventory_idempotencyrecord (principal, key, fingerprint, status, body, headers)
    VALUES (%s, %s, %s, %s, %s, %s::jsonb)
"""
RECORD_MANY = """
    INSERT INTO inventory_idempotencyrecord (principal, key, fingerprint, status, body, headers)
    SELECT a.principal, a.key, decode(a.fingerprint, 'hex'), a.status, convert_to(a.body, 'UTF8'), a.headers
      FROM jsonb_to_recordset(%s::jsonb)
           AS a(principal text, key text, fingerprint text, status smallint, body text, headers jsonb)
"""


@dataclass(frozen=True, slots=True)
class Answer:
    """What the caller is told. `headers` are those of the answer itself, not of the connection."""

    status: int
    body: bytes
    headers: dict[str, str] = field(default_factory=dict)

    @property
    def succeeded(self) -> bool:
        return 200 <= self.status < 300


@dataclass(frozen=True, slots=True)
class Claim:
    """Whose key this is, and 32 bytes that stand for the whole request."""

    principal: str
    key: str
    fingerprint: bytes


def once(
    *, principal: str, key: str, fingerprint: bytes, effect: Callable[[], Answer], sealed: bool = False
) -> tuple[Answer, bool]:
    """Run `effect` unless this key was answered before. Returns the answer and whether it is a replay.

    `fingerprint` is 32 bytes that stand for the whole request. `sealed` encrypts the body at rest: it shows a secret.
    Only a success is recorded: any other answer is rolled back with everything that `effect` did, so that trying again
    is safe.
    Raises InProgress while a twin runs, KeyReused when the key stood for another request.
    """

    def work() -> tuple[Answer, bool]:
        earlier = _claimed(principal, key, fingerprint)
        if earlier is not None:
            return earlier, True
        answer = effect()
        if answer.succeeded:
            _record(principal, key, fingerprint, answer, sealed)
        else:
            transaction.set_rollback(True)
        return answer, False

    return in_transaction(work)


def claim(claims: Sequence[Claim], patience_ms: int) -> list[bool]:
    """Take keys for this transaction, no key twice. True: this one was free, and is ours.

    From here on the transaction waits for no lock longer than `patience_ms`.
    """
    with connection.cursor() as cursor:
        keys = [claim.principal for claim in claims], [claim.key for claim in claims]
        cursor.execute(CLAIM_MANY, [str(patience_ms), *keys])
        return [state == "free" for (state,) in cursor.fetchall()]


def record(answers: Sequence[tuple[Claim, Answer]]) -> None:
    """Write down what was answered, in UTF-8, to keys that this transaction holds."""
    rows = [
        {
            "principal": claim.principal,
            "key": claim.key,
            "fingerprint": claim.fingerprint.hex(),
            "status": answer.status,
            "body": answer.body.decode(),
            "headers": answer.headers,
        }
        for claim, answer in answers
    ]
    with connection.cursor() as cursor:
        cursor.execute(RECORD_MANY, [as_json(rows)])


def prune(older_than: timedelta = KEPT_FOR) -> int:
    """Forget records older than `older_than`, in short transactions. Returns how many."""
    total = 0
    while True:
        old = IdempotencyRecord.objects.filter(created_at__lt=Now() - older_than).order_by("created_at")
        batch = list(old.values_list("pk", flat=True)[:PRUNE_BATCH])
        total += IdempotencyRecord.objects.filter(pk__in=batch).delete()[0] if batch else 0
        if len(batch) < PRUNE_BATCH:
            return total


def _claimed(principal: str, key: str, fingerprint: bytes) -> Answer | None:
    """The answer that `key` has got already; None: the key is this transaction's, and free."""
    with connection.cursor() as cursor:
        cursor.execute(CLAIM, [[principal], [key]])
        row: Any = cursor.fetchone()
    state, answered, status, headers, body = row
    if state == "busy":
        raise InProgress("A request with this Idempotency-Key is still running; ask again in a second.")
    if state == "free":
        return None
    if bytes(answered) != fingerprint:
        raise KeyReused("This Idempotency-Key was used for another request. Use a new key for a new request.")
    return Answer(status, unseal(bytes(body)), orjson.loads(headers))


def _record(principal: str, key: str, fingerprint: bytes, answer: Answer, sealed: bool) -> None:
    body = seal(answer.body) if sealed else answer.body
    with connection.cursor() as cursor:
        cursor.execute(RECORD, [principal, key, fingerprint, answer.status, body, as_json(answer.headers)])
