"""The catalogue: categories in a tree, and the products in them."""

from typing import Any, Self
from uuid import UUID

from django.contrib.postgres.indexes import GinIndex
from django.contrib.postgres.search import SearchVector, SearchVectorField
from django.core.validators import MaxValueValidator, MinValueValidator, RegexValidator
from django.db import connections, models
from django.db.models import Q
from django.db.models.functions import Lower

from .base import Versioned, VersionedQuerySet

INT_MAX = 2_147_483_647
SKU_PATTERN = r"^[A-Za-z0-9._\-/]{1,64}\Z"
QUANTITY_VALIDATORS = [MinValueValidator(0), MaxValueValidator(INT_MAX)]

DESCENDANTS = """
    WITH RECURSIVE down(id) AS (
        SELECT id FROM inventory_category WHERE id = ANY(%s)
        UNION
        SELECT c.id FROM inventory_category c JOIN down ON c.parent_id = down.id
    ) SELECT id FROM down
"""


class CategoryQuerySet(VersionedQuerySet):
    def with_descendants(self, ids: list[UUID]) -> list[UUID]:
        """The categories `ids` and everything below them."""
        with connections[self.db].cursor() as cursor:
            cursor.execute(DESCENDANTS, [list(ids)])
            return [row[0] for row in cursor.fetchall()]


class Category(Versioned):
    """A shelf of the catalogue. Its policies count for every product below that has none of its own."""

    name = models.CharField(max_length=255)
    slug = models.SlugField(max_length=255, unique=True, editable=False)
    description = models.TextField(blank=True, default="")
    parent = models.ForeignKey("self", models.PROTECT, null=True, blank=True, related_name="children")
    reorder_point = models.PositiveIntegerField(null=True, blank=True, validators=QUANTITY_VALIDATORS)
    safety_stock = models.PositiveIntegerField(null=True, blank=True, validators=QUANTITY_VALIDATORS)

    objects = CategoryQuerySet.as_manager()  # type: ignore[misc]

    class Meta:
        verbose_name_plural = "categories"
        ordering = ("name", "id")
        indexes = [
            models.Index(fields=["name", "id"], name="category_name"),
        ]

    def __str__(self) -> str:
        return self.name


class Status(models.TextChoices):
    DRAFT = "draft"
    ACTIVE = "active"
    ARCHIVED = "archived"


class ProductQuerySet(VersionedQuerySet):
    def by_sku(self, sku: str) -> Self:
        """The product with this SKU, whatever the case of its letters."""
        return self.annotate(sku_lower=Lower("sku")).filter(sku_lower=sku.lower())


class Product(Versioned):
    """Something that is kept in stock. How many there are stands in `stock`, never here."""

    sku = models.CharField(
        "SKU",
        max_length=64,
        validators=[RegexValidator(SKU_PATTERN, "Use 1 to 64 letters, digits, '.', '_', '-' or '/'.")],
    )
    name = models.CharField(max_length=255)
    slug = models.SlugField(max_length=255, unique=True, editable=False)
    description = models.TextField(blank=True, default="")
    category = models.ForeignKey(
        Category, models.PROTECT, null=True, blank=True, related_name="products", db_index=False
    )
    variant_of = models.ForeignKey("self", models.PROTECT, null=True, blank=True, related_name="variants")
    options = models.JSONField(default=dict, blank=True)
    barcode = models.CharField(max_length=64, blank=True, default="")
    price = models.DecimalField(max_digits=12, decimal_places=2, default=0, validators=[MinValueValidator(0)])
    currency = models.CharField(max_length=3, default="EUR", validators=[RegexValidator(r"^[A-Z]{3}\Z")])
    status = models.CharField(max_length=8, choices=Status, default=Status.ACTIVE)
    attributes = models.JSONField(default=dict, blank=True)
    track_stock = models.BooleanField(default=True)
    backorder_limit = models.PositiveIntegerField(default=0, validators=QUANTITY_VALIDATORS)
    reorder_point = models.PositiveIntegerField(null=True, blank=True, validators=QUANTITY_VALIDATORS)
    reorder_quantity = models.PositiveIntegerField(null=True, blank=True, validators=QUANTITY_VALIDATORS)
    search = models.GeneratedField(
        expression=SearchVector("sku", "name", "description", "barcode", config="simple"),
        output_field=SearchVectorField(),
        db_persist=True,
        editable=False,
    )

    objects = ProductQuerySet.as_manager()  # type: ignore[misc]

    class Meta:
        ordering = ("name", "id")
        constraints = [
            models.UniqueConstraint(Lower("sku"), name="product_sku_is_unique"),
            models.CheckConstraint(condition=Q(price__gte=0), name="product_price_is_not_negative"),
            models.CheckConstraint(condition=~Q(variant_of=models.F("id")), name="product_is_not_its_own_variant"),
            models.CheckConstraint(condition=Q(status__in=Status.values), name="product_status_is_known"),
        ]
        indexes = [
            models.Index(fields=["category", "id"], name="product_category"),
            models.Index(fields=["category", "name", "id"], name="product_category_name"),
            models.Index(fields=["category", "price", "id"], name="product_category_price"),
            models.Index(fields=["category", "created_at", "id"], name="product_category_created"),
            models.Index(fields=["sku", "id"], name="product_sku"),
            models.Index(fields=["name", "id"], name="product_name"),
            models.Index(fields=["price", "id"], name="product_price"),
            models.Index(fields=["created_at", "id"], name="product_created"),
            models.Index(fields=["updated_at", "id"], name="product_updated"),
            models.Index(fields=["status", "id"], name="product_status", condition=~Q(status="active")),
            models.Index(fields=["barcode"], name="product_barcode", condition=~Q(barcode="")),
            GinIndex(fields=["search"], name="product_search"),
        ]

    def __str__(self) -> str:
        return f"{self.sku} {self.name}"

    def values(self) -> dict[str, Any]:
        return {name: value for name, value in super().values().items() if name != "search"}
