"""The names of cached things. Plain strings, made here and nowhere else, alike for readers and for writers.

A writer declares every key that shows what it changes:

    product(id)          the product, rendered       the product, its stock, or a hold on it changes
    product_sku(sku)     the product's id            the product comes, goes, or changes its SKU (old and new)
    listing(category_id) pages of product ids        membership or order changes: the old and the new category, and all
                                                     above them
    category_tree()      pages of categories         any category changes
"""

from uuid import UUID


def product(product_id: UUID | str) -> str:
    return f"product:{product_id}"


def product_sku(sku: str) -> str:
    """SKUs are unique without regard to case, so their keys are as well."""
    return f"sku:{sku.lower()}"


def listing(category_id: UUID | str) -> str:
    """The pages of one category's products."""
    return f"listing:{category_id}"


def category_tree() -> str:
    return "category_tree"
