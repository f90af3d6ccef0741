"""Shapes of what happened: activity, the archive, alerts."""

from typing import Any

from rest_framework import serializers

from inventory.models import AlertState, ArchivedObject, Severity, StockAlert

from .fields import Moment, StrictSerializer


class ActivitySerializer(serializers.Serializer):
    """One change of one object; `changes` maps each field to [before, after]."""

    id = serializers.UUIDField()
    action = serializers.CharField(help_text="created, updated, deleted; more may come.")
    object_type = serializers.CharField()
    object_id = serializers.CharField()
    object_repr = serializers.CharField()
    changes = serializers.DictField(child=serializers.ListField(min_length=2, max_length=2))
    actor = serializers.CharField()
    request_id = serializers.CharField()
    created_at = Moment()


class ArchivedSerializer(serializers.Serializer):
    """A deleted object as it was; POST …/restore brings it back."""

    id = serializers.UUIDField()
    object_type = serializers.CharField()
    object_id = serializers.UUIDField()
    object_repr = serializers.CharField()
    snapshot = serializers.SerializerMethodField()
    actor = serializers.CharField()
    request_id = serializers.CharField()
    archived_at = Moment()
    restored_at = Moment(allow_null=True)

    def get_snapshot(self, archived: ArchivedObject) -> dict[str, Any]:
        return {name.removesuffix("_id"): value for name, value in archived.snapshot.items()}


class RestoredSerializer(serializers.Serializer):
    """What was restored, under its old id."""

    id = serializers.UUIDField(help_text="Of the archive entry.")
    object_type = serializers.CharField()
    object_id = serializers.UUIDField()
    restored_at = Moment()


class AlertSerializer(serializers.Serializer):
    """One fall below a reorder point. `location` null: the product's total over all locations."""

    id = serializers.UUIDField()
    product = serializers.UUIDField(source="product_id")
    sku = serializers.CharField()
    location = serializers.SerializerMethodField()
    severity = serializers.ChoiceField(choices=Severity.choices)
    state = serializers.ChoiceField(choices=AlertState.choices)
    reorder_point = serializers.IntegerField(min_value=0)
    available = serializers.IntegerField(help_text="When it opened, or last changed its severity.")
    suggested_quantity = serializers.IntegerField(min_value=0)
    opened_at = Moment()
    resolved_at = Moment(allow_null=True)
    acknowledged_by = serializers.CharField()
    snoozed_until = Moment(allow_null=True)

    def get_location(self, alert: StockAlert) -> str | None:
        return alert.location.code if alert.location is not None else None


class SnoozeSerializer(StrictSerializer):
    """Until when the alert shall be quiet."""

    until = Moment()
