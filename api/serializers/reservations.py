"""Shapes of reservations and of the plans behind them."""

from typing import Any

from rest_framework import serializers

from inventory.models import ReservationState

from .fields import SKU, Flag, LocationCode, Moment, Quantity, StrictSerializer, Text, Whole
from .stock import MAX_LINES, ProductLine

STRATEGIES = (("priority", "priority"), ("fewest_splits", "fewest_splits"), ("most_stock", "most_stock"))
LONGEST_HOLD_S = 2_592_000


class ReservationRequestLineSerializer(ProductLine):
    quantity = Quantity(min_value=1)
    location = LocationCode(required=False, allow_null=True, help_text="Null or absent: planned over all locations.")


class PlanRequestSerializer(StrictSerializer):
    """What would be held where."""

    strategy = serializers.ChoiceField(choices=STRATEGIES, required=False, help_text="Default: the service's setting.")
    lines = serializers.ListField(child=ReservationRequestLineSerializer(), min_length=1, max_length=MAX_LINES)


class NewReservationSerializer(PlanRequestSerializer):
    """Pieces to hold."""

    reference = Text(required=False, allow_blank=True, max_length=255, help_text="The caller's own order number.")
    owner = Text(required=False, allow_blank=True, max_length=255, help_text="For whom, such as a cart or a customer.")
    expires_in = Whole(
        required=False, min_value=1, max_value=LONGEST_HOLD_S, help_text="Seconds; 900 without it, at most 30 days."
    )
    partial = Flag(required=False, help_text="Hold what there is instead of refusing.")  # type: ignore[assignment]


class ExtensionSerializer(StrictSerializer):
    """How long the hold shall last from now."""

    expires_in = Whole(min_value=1, max_value=LONGEST_HOLD_S, help_text="Seconds from now.")


class FulfilmentLineSerializer(StrictSerializer):
    sku = SKU()
    location = LocationCode(required=False, allow_null=True)
    quantity = Quantity(min_value=1)


class FulfilmentSerializer(StrictSerializer):
    """What has left; without `lines`, everything."""

    lines = serializers.ListField(child=FulfilmentLineSerializer(), required=False, min_length=1, max_length=MAX_LINES)


class ReleaseSerializer(StrictSerializer):
    """Whose holds to release: by `owner`, by `reference`, or both."""

    json_schema = {"minProperties": 1}

    owner = Text(required=False, min_length=1, max_length=255)
    reference = Text(required=False, min_length=1, max_length=255)

    def validate(self, attrs: dict[str, Any]) -> dict[str, Any]:
        if not attrs:
            raise serializers.ValidationError("Give owner or reference.", code="required")
        return attrs


class ReservationLineSerializer(serializers.Serializer):
    product = serializers.UUIDField(source="product_id")
    sku = serializers.CharField()
    location = serializers.CharField(source="location.code")
    quantity = serializers.IntegerField(min_value=1)
    fulfilled = serializers.IntegerField(min_value=0)


class ReservationSerializer(serializers.Serializer):
    """A promise to one owner. `expires_at` is null once it is confirmed."""

    id = serializers.UUIDField()
    state = serializers.ChoiceField(choices=ReservationState.choices)
    reference = serializers.CharField()
    owner = serializers.CharField()
    expires_at = Moment(allow_null=True)
    confirmed_late = serializers.BooleanField(help_text="It was confirmed after its expiry; the stock was still free.")
    lines = ReservationLineSerializer(many=True)
    actor = serializers.CharField()
    version = serializers.IntegerField(min_value=1)
    created_at = Moment()
    updated_at = Moment()


class ReleasedSerializer(serializers.Serializer):
    """The reservations that were released."""

    released = ReservationSerializer(many=True)


class ShareSerializer(serializers.Serializer):
    location = serializers.CharField(source="code")
    quantity = serializers.IntegerField(min_value=1)
    available = serializers.IntegerField(source="free", help_text="What could be promised there before this line.")
    reason = serializers.CharField(source="why", help_text="Why this location.")


class PlannedLineSerializer(serializers.Serializer):
    sku = serializers.CharField(source="want.sku")
    requested = serializers.IntegerField(source="want.quantity")
    planned = serializers.IntegerField(source="quantity")
    available = serializers.IntegerField(source="free")
    complete = serializers.BooleanField()
    allocations = ShareSerializer(many=True, source="shares")


class PlanSerializer(serializers.Serializer):
    """Where the pieces would come from, and why."""

    strategy = serializers.CharField()
    complete = serializers.BooleanField()
    lines = PlannedLineSerializer(many=True)
