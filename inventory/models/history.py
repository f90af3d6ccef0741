"""What happened: the activity log, the archive of what was deleted, and receivers that failed."""

from django.core.serializers.json import DjangoJSONEncoder
from django.db import models
from django.utils import timezone

from .base import Identified


class Activity(Identified):
    """One change of one object: `changes` maps field → [before, after]; written in the change's own transaction."""

    action = models.CharField(max_length=32)
    object_type = models.CharField(max_length=32)
    object_id = models.CharField(max_length=64)
    object_repr = models.CharField(max_length=350)
    changes = models.JSONField(default=dict, encoder=DjangoJSONEncoder)
    actor = models.CharField(max_length=255)
    request_id = models.CharField(max_length=128, blank=True, default="")
    created_at = models.DateTimeField(default=timezone.now)

    class Meta:
        verbose_name_plural = "activity"
        ordering = ("-id",)
        indexes = [
            models.Index(fields=["object_type", "object_id", "id"], name="activity_object"),
            models.Index(fields=["request_id"], name="activity_request"),
        ]

    def __str__(self) -> str:
        return f"{self.actor} {self.action} {self.object_repr}"


class ArchivedObject(Identified):
    """A deleted object as it was, ready to be restored. `restored_at` is None while it can be."""

    object_type = models.CharField(max_length=32)
    object_id = models.UUIDField()
    object_repr = models.CharField(max_length=350)
    snapshot = models.JSONField(encoder=DjangoJSONEncoder)
    actor = models.CharField(max_length=255)
    request_id = models.CharField(max_length=128, blank=True, default="")
    archived_at = models.DateTimeField(default=timezone.now)
    restored_at = models.DateTimeField(null=True)

    class Meta:
        ordering = ("-id",)
        indexes = [models.Index(fields=["object_type", "object_id"], name="archived_object")]

    def __str__(self) -> str:
        return self.object_repr


class ReceiverFailure(Identified):
    """A guarded receiver that failed: enough to ring it again until it succeeds."""

    receiver = models.CharField(max_length=255)
    arguments = models.JSONField(encoder=DjangoJSONEncoder)
    error = models.TextField()
    attempts = models.PositiveIntegerField(default=1)
    actor = models.CharField(max_length=255, blank=True, default="")
    request_id = models.CharField(max_length=128, blank=True, default="")
    created_at = models.DateTimeField(default=timezone.now)
    due_at = models.DateTimeField(default=timezone.now, db_index=True)

    class Meta:
        ordering = ("id",)

    def __str__(self) -> str:
        return f"{self.receiver} failed {self.attempts} times"
