"""A catalogue with stock, in as few tables as it takes."""

from django.db import models


class Category(models.Model):
    name = models.CharField(max_length=255)

    def __str__(self) -> str:
        return self.name


class Product(models.Model):
    sku = models.CharField(max_length=64, unique=True)
    name = models.CharField(max_length=255)
    slug = models.SlugField(max_length=255, unique=True)
    description = models.TextField(blank=True)
    category = models.ForeignKey(Category, models.PROTECT)
    price = models.DecimalField(max_digits=12, decimal_places=2, default=0)
    currency = models.CharField(max_length=3, default="EUR")
    status = models.CharField(max_length=8, default="active")
    attributes = models.JSONField(default=dict)
    created_at = models.DateTimeField(auto_now_add=True)
    updated_at = models.DateTimeField(auto_now=True)

    def __str__(self) -> str:
        return self.sku


class Level(models.Model):
    product = models.OneToOneField(Product, models.CASCADE, related_name="stock")
    on_hand = models.IntegerField(default=0)
    reserved = models.IntegerField(default=0)

    def __str__(self) -> str:
        return f"{self.on_hand} × {self.product_id}"


class Movement(models.Model):
    level = models.ForeignKey(Level, models.PROTECT, related_name="movements")
    delta = models.IntegerField()
    balance = models.IntegerField()
    reason = models.CharField(max_length=20)
    reference = models.CharField(max_length=255, blank=True)
    recorded_at = models.DateTimeField(auto_now_add=True)

    def __str__(self) -> str:
        return f"{self.delta:+} → {self.balance}"
