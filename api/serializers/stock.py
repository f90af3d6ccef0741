"""Shapes of stock: levels, the ledger, and the requests that move pieces."""

from typing import Any

from drf_spectacular.utils import extend_schema_field
from rest_framework import serializers

from inventory.models import Kind, Reason, State, StockLevel, TransferState
from inventory.values import Line

from .fields import SKU, Delta, Flag, Id, LocationCode, Moment, Quantity, StrictSerializer, Text

MAX_LINES = 1_000


class LevelSerializer(StrictSerializer):
    """The stock of one product at one location, in pieces. Null policies are inherited; only they can be written."""

    id = Id(read_only=True)
    product = serializers.UUIDField(source="product_id", read_only=True)
    sku = serializers.CharField(source="product.sku", read_only=True)
    location = serializers.CharField(source="location.code", read_only=True)
    on_hand = serializers.IntegerField(read_only=True)
    unavailable = serializers.IntegerField(read_only=True)
    allocated = serializers.IntegerField(read_only=True)
    reserved = serializers.IntegerField(read_only=True)
    incoming = serializers.IntegerField(read_only=True)
    available = serializers.IntegerField(read_only=True)
    state = serializers.SerializerMethodField()
    reorder_point = Quantity(required=False, allow_null=True)
    safety_stock = Quantity(required=False, allow_null=True)
    backorder_limit = Quantity(required=False, allow_null=True)
    sequence = serializers.IntegerField(read_only=True, help_text="The number of its last ledger row.")
    version = serializers.IntegerField(read_only=True, min_value=1)
    updated_at = Moment(read_only=True)

    @extend_schema_field(serializers.ChoiceField(choices=State.choices))
    def get_state(self, level: StockLevel) -> str:
        return level.state


class PolicySerializer(StrictSerializer):
    """A level's own policies; null inherits from product, category and service."""

    reorder_point = Quantity(required=False, allow_null=True)
    safety_stock = Quantity(required=False, allow_null=True)
    backorder_limit = Quantity(required=False, allow_null=True)


class DeltasSerializer(serializers.Serializer):
    on_hand = serializers.IntegerField(source="delta_on_hand")
    unavailable = serializers.IntegerField(source="delta_unavailable")
    allocated = serializers.IntegerField(source="delta_allocated")
    reserved = serializers.IntegerField(source="delta_reserved")


class BalanceSerializer(serializers.Serializer):
    on_hand = serializers.IntegerField(source="balance_on_hand")
    unavailable = serializers.IntegerField(source="balance_unavailable")
    allocated = serializers.IntegerField(source="balance_allocated")
    reserved = serializers.IntegerField(source="balance_reserved")
    available = serializers.IntegerField(source="balance_available")


class MovementSerializer(serializers.Serializer):
    """A ledger row: what moved (`delta`) and what that left (`balance`), numbered without gaps per level."""

    id = serializers.UUIDField()
    sequence = serializers.IntegerField(min_value=1)
    product = serializers.UUIDField(source="product_id")
    sku = serializers.CharField()
    location = serializers.CharField(source="location_code")
    kind = serializers.ChoiceField(choices=Kind.choices)
    reason = serializers.CharField(help_text="One of the adjustment reasons, or empty.")
    delta = DeltasSerializer(source="*")
    balance = BalanceSerializer(source="*")
    reference = serializers.CharField()
    note = serializers.CharField()
    actor = serializers.CharField()
    request_id = serializers.CharField()
    occurred_at = Moment()
    recorded_at = Moment()


class BookingSerializer(serializers.Serializer):
    """What a stock request did."""

    id = serializers.UUIDField()
    movements = MovementSerializer(many=True)
    levels = LevelSerializer(many=True)


class Noted(StrictSerializer):
    reference = Text(required=False, allow_blank=True, max_length=255, help_text="The caller's own document number.")
    note = Text(required=False, allow_blank=True, max_length=2_000)


class ProductLine(StrictSerializer):
    """One product, by `sku` or by `product` id; one of the two."""

    #: The same rule for the published schema.
    json_schema = {
        "if": {"properties": {"sku": {}}, "required": ["sku"]},
        "then": {"not": {"properties": {"product": {}}, "required": ["product"]}},
        "else": {"properties": {"product": {}}, "required": ["product"]},
    }

    sku = SKU(required=False)
    product = Id(required=False)

    def validate(self, attrs: dict[str, Any]) -> dict[str, Any]:
        if ("sku" in attrs) == ("product" in attrs):
            raise serializers.ValidationError("Give sku or product, one of the two.", code="required")
        return attrs


class AdjustmentLineSerializer(ProductLine):
    location = LocationCode(required=False, allow_null=True, help_text="Null or absent: the default location.")
    delta = Delta(help_text="Pieces to add; negative takes away.")
    expected_on_hand = Quantity(required=False, allow_null=True, help_text="Refuse unless this many are on hand.")


class AdjustmentSerializer(Noted):
    """Deltas with a reason. All lines apply, or none."""

    reason = serializers.ChoiceField(choices=Reason.choices)
    occurred_at = Moment(required=False, allow_null=True, help_text="When it happened; null: now.")
    lines = serializers.ListField(child=AdjustmentLineSerializer(), min_length=1, max_length=MAX_LINES)


class CountLineSerializer(ProductLine):
    location = LocationCode(required=False, allow_null=True, help_text="Null or absent: the default location.")
    counted = Quantity(help_text="Pieces that are really there.")
    expected_on_hand = Quantity(
        required=False, allow_null=True, help_text="Pieces that you believe the system has. Without it: 428."
    )


class CountSerializer(Noted):
    """Absolute figures, each with the figure that the counter saw before."""

    occurred_at = Moment(required=False, allow_null=True)
    lines = serializers.ListField(child=CountLineSerializer(), min_length=1, max_length=MAX_LINES)


class TransferRequestLineSerializer(ProductLine):
    quantity = Quantity(min_value=1)


class NewTransferSerializer(Noted):
    """Goods from one location to another; at once, or in transit until they are received."""

    from_location = LocationCode()
    to_location = LocationCode()
    in_transit = Flag(required=False)
    lines = serializers.ListField(child=TransferRequestLineSerializer(), min_length=1, max_length=MAX_LINES)


class ReceiptLineSerializer(StrictSerializer):
    sku = SKU()
    quantity = Quantity()


class ReceiptSerializer(StrictSerializer):
    """What has arrived; without `lines`, everything. `close` (default true) records the rest as shortfall."""

    lines = serializers.ListField(child=ReceiptLineSerializer(), required=False, min_length=1, max_length=MAX_LINES)
    close = Flag(required=False)


class NothingSerializer(StrictSerializer):
    """An empty object."""


class TransferLineSerializer(serializers.Serializer):
    product = serializers.UUIDField(source="product_id")
    sku = serializers.CharField()
    quantity = serializers.IntegerField(min_value=1)
    received = serializers.IntegerField(min_value=0)
    shortfall = serializers.IntegerField(min_value=0)


class TransferSerializer(serializers.Serializer):
    """A shipment between two locations."""

    id = serializers.UUIDField()
    from_location = serializers.CharField(source="from_location.code")
    to_location = serializers.CharField(source="to_location.code")
    state = serializers.ChoiceField(choices=TransferState.choices)
    lines = TransferLineSerializer(many=True)
    reference = serializers.CharField()
    note = serializers.CharField()
    actor = serializers.CharField()
    version = serializers.IntegerField(min_value=1)
    created_at = Moment()
    closed_at = Moment(allow_null=True)


class ProductLevelsSerializer(serializers.Serializer):
    """The stock of one product: totals, and each location's level."""

    product = serializers.UUIDField()
    sku = serializers.CharField()
    as_of = Moment(allow_null=True, help_text="The instant asked for; null: now.")
    on_hand = serializers.IntegerField()
    unavailable = serializers.IntegerField()
    allocated = serializers.IntegerField()
    reserved = serializers.IntegerField()
    safety_stock = serializers.IntegerField()
    available = serializers.IntegerField()
    incoming = serializers.IntegerField()
    state = serializers.ChoiceField(choices=State.choices)
    levels = LevelSerializer(many=True)


def lines_of(items: list[dict[str, Any]], quantity: str) -> list[Line]:
    """The lines of a validated body, each with its pointer; `quantity` names the field that counts pieces."""
    return [
        Line(
            sku=item.get("sku"),
            product=item.get("product"),
            location=item.get("location"),
            quantity=item[quantity],
            expected=item.get("expected_on_hand"),
            pointer=f"/lines/{n}",
        )
        for n, item in enumerate(items)
    ]
