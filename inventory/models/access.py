"""Who may call: API keys, kept as hashes, with scopes, locations, an expiry and a rotation that overlaps."""

from datetime import datetime

from django.contrib.postgres.fields import ArrayField
from django.db import models
from django.db.models import Q
from django.db.models.functions import Now
from uuid_utils.compat import uuid7


class Scope(models.TextChoices):
    """What a key may do. `admin` includes every other scope."""

    CATALOG_READ = "catalog:read", "Read products, categories and locations"
    CATALOG_WRITE = "catalog:write", "Write products, categories and locations"
    STOCK_READ = "stock:read", "Read stock levels, movements and reservations"
    STOCK_WRITE = "stock:write", "Adjust, count, transfer and reserve stock"
    ALERTS_WRITE = "alerts:write", "Acknowledge and snooze alerts"
    WEBHOOKS_WRITE = "webhooks:write", "Manage webhooks"
    AUDIT_READ = "audit:read", "Read the activity log and the archive"
    ADMIN = "admin", "Everything, API keys included"


class ApiKeyQuerySet(models.QuerySet["ApiKey"]):
    def usable(self, at: datetime | Now) -> "ApiKeyQuerySet":
        """Keys that are neither revoked nor expired at `at`."""
        return self.filter(Q(expires_at=None) | Q(expires_at__gt=at), revoked_at=None)

    def holding(self, digest: bytes, at: datetime | Now) -> "ApiKeyQuerySet":
        """Usable keys with this SHA-256 digest, the digest before a rotation included while it still overlaps."""
        overlapping = Q(previous_digest=digest, previous_expires_at__gt=at)
        return self.usable(at).filter(Q(digest=digest) | overlapping)


class ApiKey(models.Model):
    """One caller. The key itself is shown once and never stored: `digest` is the SHA-256 of its UTF-8 bytes.

    `previous_digest` still answers until `previous_expires_at`, so that a rotation has an overlap.
    `locations` limits the key to these location ids; empty means every location.
    `rate_limit` is in requests per minute; null means the service's default.
    """

    id = models.UUIDField(primary_key=True, default=uuid7, editable=False)
    name = models.CharField(max_length=200)
    prefix = models.CharField(max_length=32, editable=False)
    digest = models.BinaryField(max_length=32, unique=True, editable=False)
    previous_digest = models.BinaryField(max_length=32, unique=True, null=True, editable=False)
    previous_expires_at = models.DateTimeField(null=True, editable=False)
    scopes = ArrayField(models.CharField(max_length=32, choices=Scope.choices), default=list)
    locations = ArrayField(models.UUIDField(), default=list, blank=True)
    rate_limit = models.PositiveIntegerField(null=True, blank=True)
    expires_at = models.DateTimeField(null=True, blank=True)
    revoked_at = models.DateTimeField(null=True, editable=False)
    last_used_at = models.DateTimeField(null=True, editable=False)
    version = models.PositiveIntegerField(default=1, editable=False)
    created_at = models.DateTimeField(db_default=Now(), editable=False)
    updated_at = models.DateTimeField(db_default=Now(), editable=False)

    objects = ApiKeyQuerySet.as_manager()

    class Meta:
        verbose_name = "API key"
        ordering = ["-created_at", "-id"]
        indexes = [models.Index(fields=["created_at", "id"], name="api_key_created")]
        constraints = [
            models.CheckConstraint(condition=Q(scopes__len__gt=0), name="api_key_has_scope"),
            models.CheckConstraint(condition=~Q(name=""), name="api_key_has_name"),
        ]

    def __str__(self) -> str:
        return f"{self.name} ({self.prefix}…)"
