"""Shapes of the catalogue: categories, products, locations."""

from typing import Any

from rest_framework import serializers

from inventory.models import State, Status

from .fields import (
    SKU,
    Currency,
    Flag,
    FreeObject,
    Id,
    LocationCode,
    Moment,
    Money,
    Name,
    Quantity,
    StrictSerializer,
    Text,
)


class Stamped(StrictSerializer):
    id = Id(read_only=True)
    version = serializers.IntegerField(read_only=True, min_value=1, help_text="Counts the changes; stands in the ETag.")
    created_at = Moment(read_only=True)
    updated_at = Moment(read_only=True)
    last_modified_by = serializers.CharField(read_only=True)


class CategorySerializer(Stamped):
    """A shelf of the catalogue; its policies count for all products below that have none of their own."""

    name = Name()
    slug = serializers.CharField(read_only=True, help_text="Made from the name, unique, stable.")
    description = Text(required=False, allow_blank=True, max_length=20_000)
    parent = Id(  # type: ignore[assignment]
        source="parent_id", required=False, allow_null=True, help_text="The category above; null at the top."
    )
    reorder_point = Quantity(required=False, allow_null=True)
    safety_stock = Quantity(required=False, allow_null=True)

    DEFAULTS: dict[str, Any] = {"description": "", "parent_id": None, "reorder_point": None, "safety_stock": None}


class LocationSerializer(Stamped):
    """A place that holds stock."""

    code = LocationCode(help_text="How stock requests name this place.")
    name = Name()
    address = Text(required=False, allow_blank=True, max_length=2_000)
    priority = Quantity(required=False, help_text="Smaller is asked first.")
    is_active = Flag(required=False)
    is_default = Flag(required=False, help_text="The place meant where a request names none. There is exactly one.")

    DEFAULTS: dict[str, Any] = {"address": "", "priority": 100, "is_active": True}


class ProductStockSerializer(serializers.Serializer):
    """Stock in pieces over all locations: available = on_hand − unavailable − allocated − reserved − safety_stock."""

    on_hand = serializers.IntegerField()
    unavailable = serializers.IntegerField()
    allocated = serializers.IntegerField()
    reserved = serializers.IntegerField()
    safety_stock = serializers.IntegerField()
    available = serializers.IntegerField()
    incoming = serializers.IntegerField()
    state = serializers.ChoiceField(choices=State.choices)


class ProductSerializer(Stamped):
    """Something that is kept in stock. Stock moves under /stock, never through a product."""

    sku = SKU(help_text="Unique without regard to case.")
    name = Name()
    slug = serializers.CharField(read_only=True, help_text="Made from the name, unique, stable.")
    description = Text(required=False, allow_blank=True, max_length=20_000)
    category = Id(source="category_id", required=False, allow_null=True)
    variant_of = Id(source="variant_of_id", required=False, allow_null=True)
    options = FreeObject(required=False, help_text='What distinguishes a variant, such as {"size": "L"}.')
    barcode = Text(required=False, allow_blank=True, max_length=64)
    price = Money(required=False)
    currency = Currency(required=False, help_text="ISO 4217.")
    status = serializers.ChoiceField(choices=Status.choices, required=False)
    attributes = FreeObject(required=False)
    track_stock = Flag(required=False)
    backorder_limit = Quantity(required=False, help_text="How many more may be promised than there are.")
    reorder_point = Quantity(required=False, allow_null=True, help_text="Null: as the category says.")
    reorder_quantity = Quantity(required=False, allow_null=True)
    stock = ProductStockSerializer(read_only=True)

    DEFAULTS: dict[str, Any] = {
        "description": "",
        "category_id": None,
        "variant_of_id": None,
        "options": {},
        "barcode": "",
        "price": 0,
        "currency": "EUR",
        "status": Status.ACTIVE,
        "attributes": {},
        "track_stock": True,
        "backorder_limit": 0,
        "reorder_point": None,
        "reorder_quantity": None,
    }
