"""The first answer to an `Idempotency-Key`, kept in the same transaction as the effect that it reports."""

from django.db import models
from django.db.models.functions import Now


class IdempotencyRecord(models.Model):
    """One answered request of one principal.

    `fingerprint` is the SHA-256 of method, path, query and raw body. `body` is the answer byte for byte, `headers` the
    answer's own headers that a replay repeats (`ETag`, `Location`, `Content-Type`).
    """

    principal = models.CharField(max_length=100)
    key = models.CharField(max_length=255)
    fingerprint = models.BinaryField(max_length=32)
    status = models.PositiveSmallIntegerField()
    body = models.BinaryField()
    headers = models.JSONField(default=dict)
    created_at = models.DateTimeField(db_default=Now())

    class Meta:
        indexes = [models.Index(fields=["created_at"], name="idempotency_created")]
        constraints = [models.UniqueConstraint(fields=["principal", "key"], name="idempotency_once")]

    def __str__(self) -> str:
        return f"{self.principal} {self.key}"
