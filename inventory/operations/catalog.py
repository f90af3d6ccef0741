"""Products and categories: create, change, delete. Stock moves through `stock`, never here."""

from typing import Any
from uuid import UUID

from inventory import locks
from inventory.context import Actor
from inventory.errors import InUse, InvalidTransition, NotFound
from inventory.models import Category, Product, Transfer, TransferState

from . import ledger
from .base import operation
from .writing import V, change, expect_version, refer


@operation
def create_category(*, actor: Actor, **values: Any) -> Category:
    refer(Category, values.get("parent_id"), "/parent")
    return Category.objects.create(**values)


@operation
def update_category(
    category: Category, *, actor: Actor, expected_version: int | None = None, **values: Any
) -> Category:
    """Change a category. A move below itself is refused by the database (`category_tree_is_a_tree`)."""
    refer(Category, values.get("parent_id"), "/parent")
    if "parent_id" in values and values["parent_id"] is not None:
        _refuse_circle(category, values["parent_id"])
    return change(category, expected_version, values)


@operation
def delete_category(category: Category, *, actor: Actor, expected_version: int | None = None) -> None:
    """Archive and delete an empty category."""
    category = _locked(Category, category.pk)
    expect_version(category, expected_version)
    if category.children.exists() or category.products.exists():
        raise InUse("This category still has products or subcategories. Move or delete them first.")
    category.delete()


@operation
def create_product(*, actor: Actor, **values: Any) -> Product:
    _refer_all(values)
    return Product.objects.create(**values)


@operation
def update_product(product: Product, *, actor: Actor, expected_version: int | None = None, **values: Any) -> Product:
    """Change catalogue data and policies."""
    _refer_all(values)
    if values.get("variant_of_id") == product.pk:
        raise InvalidTransition("A product cannot be a variant of itself.")
    return change(product, expected_version, values)


@operation
def delete_product(product: Product, *, actor: Actor, expected_version: int | None = None) -> None:
    """Archive and delete a product without open stock. Its ledger and its history stay readable."""
    product = _locked(Product, product.pk)
    expect_version(product, expected_version)
    locks.totals([product.pk])
    ledger.free_lapsed([product.pk], actor)
    stock = product.stock
    if any((stock.on_hand, stock.unavailable, stock.allocated, stock.reserved, stock.incoming)):
        raise InUse("This product still has stock, reservations or goods on their way. Book them out first.")
    if Transfer.objects.filter(lines__product=product.pk, state=TransferState.IN_TRANSIT).exists():
        raise InUse("This product is part of a transfer in transit. Receive or cancel it first.")
    if product.variants.exists():
        raise InUse("This product has variants. Delete them or make them products of their own first.")
    product.delete()


def _locked(model: type[V], pk: UUID) -> V:
    row = locks.row(model, pk)
    if row is None:
        raise NotFound(f"This {model._meta.verbose_name} was deleted meanwhile.")
    return row


def _refer_all(values: dict[str, Any]) -> None:
    refer(Category, values.get("category_id"), "/category")
    refer(Product, values.get("variant_of_id"), "/variant_of")


def _refuse_circle(category: Category, parent_id: UUID) -> None:
    if category.pk in locks.category_paths([parent_id]):
        raise InvalidTransition("A category cannot be moved below itself or one of its own subcategories.")
