"""The tutorial's viewsets, without its mistakes: no query per row, no lost update."""

from typing import Any

from django.db import transaction
from rest_framework import mixins, serializers, viewsets

from .models import Category, Level, Movement, Product


class CategorySerializer(serializers.ModelSerializer):
    class Meta:
        model = Category
        fields = ["id", "name"]


class LevelSerializer(serializers.ModelSerializer):
    class Meta:
        model = Level
        fields = ["on_hand", "reserved"]


class ProductSerializer(serializers.ModelSerializer):
    category = CategorySerializer(read_only=True)
    stock = LevelSerializer(read_only=True)

    class Meta:
        model = Product
        fields = "__all__"


class ProductViewSet(viewsets.ModelViewSet):
    queryset = Product.objects.select_related("category", "stock").order_by("pk")
    serializer_class = ProductSerializer


class MovementSerializer(serializers.ModelSerializer):
    sku = serializers.CharField(source="level.product.sku", max_length=64)

    class Meta:
        model = Movement
        fields = ["id", "sku", "delta", "balance", "reason", "reference", "recorded_at"]
        read_only_fields = ["balance"]

    def create(self, validated_data: dict[str, Any]) -> Movement:
        sku = validated_data.pop("level")["product"]["sku"]
        with transaction.atomic():
            stock = Level.objects.select_related("product").select_for_update(of=("self",))
            level = stock.filter(product__sku=sku).first()
            if level is None:
                raise serializers.ValidationError({"sku": "There is no such product."})
            level.on_hand += validated_data["delta"]
            if level.on_hand < 0:
                raise serializers.ValidationError({"delta": "There is not enough stock."})
            level.save(update_fields=["on_hand"])
            return Movement.objects.create(level=level, balance=level.on_hand, **validated_data)


class MovementViewSet(mixins.CreateModelMixin, viewsets.GenericViewSet):
    queryset = Movement.objects.all()
    serializer_class = MovementSerializer
