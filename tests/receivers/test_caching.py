"""Cache invalidation: what is read after a write shows the write, on every path; what is untouched stays cached."""

from collections.abc import Callable
from decimal import Decimal
from typing import Any

import pytest
from django.db import NotSupportedError, transaction
from django.db.models import F

from inventory.errors import VersionMismatch
from inventory.models import Category, Product
from inventory.operations import catalog, history
from tests.builders import ANA, make_category, make_product, move
from tests.client import Api

pytestmark = pytest.mark.django_db(transaction=True)


class Window:
    """What a customer sees through the cache."""

    def __init__(self, api: Api) -> None:
        self.api = api

    def product(self, product: Product) -> tuple[str, dict[str, Any]]:
        return self._read(f"products/{product.pk}")

    def sku(self, sku: str) -> tuple[str, dict[str, Any]]:
        return self._read(f"products/sku:{sku}")

    def names(self, category: Category, **query: str) -> tuple[str, list[str]]:
        status, body = self._read(f"categories/{category.pk}/products", query)
        return status, [product["name"] for product in body["results"]]

    def _read(self, path: str, query: dict[str, str] | None = None) -> tuple[str, dict[str, Any]]:
        answer = self.api.get(path, query or {})
        return answer["Cache-Status"].removeprefix("stockroom; ") if "Cache-Status" in answer else "none", answer.json()


@pytest.fixture
def see(api: Api) -> Window:
    return Window(api)


@pytest.fixture
def shelf() -> Category:
    return make_category("Shelf")


@pytest.fixture
def product(shelf: Category) -> Product:
    return make_product("A", name="Mug", price=Decimal("5.00"), category=shelf)


def saved(product: Product) -> None:
    product.name = "Cup"
    product.save()


def saved_by_field(product: Product) -> None:
    product.name = "Cup"
    product.save(update_fields=["name"])


def saved_partly_loaded(product: Product) -> None:
    partly = Product.objects.only("name").get(pk=product.pk)
    partly.name = "Cup"
    partly.save()


def saved_after_a_look_at_a_deferred_field(product: Product) -> None:
    partly = Product.objects.defer("description").get(pk=product.pk)
    partly.name = "Cup"
    assert partly.description == ""
    partly.save()


def updated_by_verb(product: Product) -> None:
    catalog.update_product(product, actor=ANA, name="Cup")


def updated_by_queryset(product: Product) -> None:
    Product.objects.filter(sku="A").update(name="Cup")


def updated_by_expression(product: Product) -> None:
    Product.objects.annotate(other=F("sku")).update(name=F("other"))
    Product.objects.filter(name="A").update(name="Cup")


def bulk_updated(product: Product) -> None:
    product.name = "Cup"
    Product.objects.bulk_update([product], ["name"])


def update_or_created(product: Product) -> None:
    Product.objects.update_or_create(pk=product.pk, defaults={"name": "Cup"})


@pytest.mark.parametrize(
    "rename",
    [
        saved,
        saved_by_field,
        saved_partly_loaded,
        saved_after_a_look_at_a_deferred_field,
        updated_by_verb,
        updated_by_queryset,
        updated_by_expression,
        bulk_updated,
        update_or_created,
    ],
    ids=lambda deed: deed.__name__,
)
def test_a_renamed_product_is_read_fresh_by_id_by_sku_and_in_its_listing(
    rename: Callable[[Product], None], see: Window, shelf: Category, product: Product
) -> None:
    _warm(see, product, shelf)

    rename(product)

    assert (see.product(product)[0], see.product(product)[1]["name"]) == ("fwd=miss", "Cup")
    assert see.sku("a")[1]["name"] == "Cup"
    assert see.names(shelf) == ("fwd=miss", ["Cup"])


def test_a_hit_stays_a_hit_until_somebody_writes(see: Window, product: Product, shelf: Category) -> None:
    _warm(see, product, shelf)
    other = make_product("B")
    move(other, 3)

    assert see.product(product)[0] == "hit"
    assert see.names(shelf)[0] == "hit"


def test_a_new_price_by_expression_is_read_fresh(see: Window, product: Product, shelf: Category) -> None:
    _warm(see, product, shelf)

    product.price = F("price") * 2
    product.save()

    assert see.product(product)[1]["price"] == "10.00"
    assert product.price == Decimal("10.00")


def test_the_order_of_a_listing_follows_a_new_price(see: Window, shelf: Category, product: Product) -> None:
    make_product("B", name="Bowl", price=Decimal("7.00"), category=shelf)
    assert see.names(shelf, ordering="price") == ("fwd=miss", ["Mug", "Bowl"])

    Product.objects.filter(sku="A").update(price=F("price") * 2)

    assert see.names(shelf, ordering="price") == ("fwd=miss", ["Bowl", "Mug"])


def test_a_change_that_moves_nothing_in_a_listing_leaves_it_cached(
    see: Window, shelf: Category, product: Product
) -> None:
    _warm(see, product, shelf)

    catalog.update_product(product, actor=ANA, barcode="4006381333931")

    assert see.names(shelf)[0] == "hit"
    assert see.product(product)[1]["barcode"] == "4006381333931"


def test_a_new_product_appears_in_its_category_and_in_all_above(see: Window) -> None:
    top = make_category("Top")
    below = make_category("Below", parent=top)
    assert see.names(top)[1] == see.names(below)[1] == []

    make_product("A", name="Mug", category=below)

    assert see.names(top) == see.names(below) == ("fwd=miss", ["Mug"])


def test_products_of_a_bulk_create_appear(see: Window, shelf: Category) -> None:
    assert see.names(shelf)[1] == []

    made = Product.objects.bulk_create([Product(sku=f"B-{n}", name=f"Mug {n}", category=shelf) for n in range(3)])

    assert see.names(shelf)[1] == ["Mug 0", "Mug 1", "Mug 2"]
    assert see.product(made[0])[1]["name"] == "Mug 0"


def test_a_product_of_a_bulk_create_that_moves_leaves_its_old_listing(see: Window, shelf: Category) -> None:
    other = make_category("Other")
    (product,) = Product.objects.bulk_create([Product(sku="B", name="Mug", category=shelf)])
    assert see.names(shelf)[1] == ["Mug"]

    product.category = other
    product.save()

    assert see.names(shelf) == ("fwd=miss", [])


def test_a_bulk_create_that_would_update_is_refused_for_it_could_not_count_versions(product: Product) -> None:
    product.name = "Cup"

    with pytest.raises(NotSupportedError):
        Product.objects.bulk_create([product], update_conflicts=True, unique_fields=["id"], update_fields=["name"])


@pytest.mark.parametrize("how", ["verb", "save", "fields", "update", "bulk_update", "relation"])
def test_a_product_that_moves_leaves_the_old_category_and_appears_in_the_new(
    how: str, see: Window, shelf: Category, product: Product
) -> None:
    other = make_category("Other")
    _warm(see, product, shelf)
    assert see.names(other)[1] == []

    _move(product, other, how)

    assert see.names(shelf) == ("fwd=miss", [])
    assert see.names(other) == ("fwd=miss", ["Mug"])
    assert see.product(product)[1]["category"] == str(other.pk)


def test_a_move_that_was_only_thought_of_does_not_hide_the_real_one(
    see: Window, shelf: Category, product: Product
) -> None:
    other = make_category("Other")
    _warm(see, product, shelf)
    product.category = other
    product.save(update_fields=["barcode"])

    product.save()

    assert see.names(shelf) == ("fwd=miss", [])
    assert see.names(other)[1] == ["Mug"]


@pytest.mark.parametrize("how", ["verb", "instance", "queryset", "stale"])
def test_a_deleted_product_is_gone_everywhere(how: str, see: Window, shelf: Category, product: Product) -> None:
    make_product("B", name="Bowl", category=shelf)
    _warm(see, product, shelf)
    assert see.names(shelf, count="exact") == ("fwd=miss", ["Bowl", "Mug"])

    _delete(product, how)

    assert see.product(product)[1]["code"] == "not_found"
    assert see.sku("A")[1]["code"] == "not_found"
    assert see.names(shelf, count="exact") == ("fwd=miss", ["Bowl"])


def test_a_product_that_was_moved_behind_the_back_of_its_deleter_leaves_the_right_listing(
    see: Window, shelf: Category, product: Product
) -> None:
    other = make_category("Other")
    Product.objects.filter(pk=product.pk).update(category=other)
    assert see.names(other)[1] == ["Mug"]

    product.delete()  # still believes to be on the first shelf

    assert see.names(other) == ("fwd=miss", [])


def test_a_restored_product_is_back_everywhere(see: Window, shelf: Category, product: Product) -> None:
    catalog.delete_product(product, actor=ANA)
    assert see.names(shelf)[1] == []
    assert see.sku("A")[1]["code"] == "not_found"

    history.restore(history.ArchivedObject.objects.get(), actor=ANA)

    assert see.names(shelf) == ("fwd=miss", ["Mug"])
    assert see.sku("A")[1]["name"] == "Mug"


def test_a_new_sku_is_found_and_the_old_one_is_not(see: Window, shelf: Category, product: Product) -> None:
    _warm(see, product, shelf)

    catalog.update_product(product, actor=ANA, sku="B")

    assert see.sku("A")[1]["code"] == "not_found"
    assert see.sku("B")[1]["name"] == "Mug"


def test_stock_that_moves_is_read_fresh_and_leaves_listings_cached(
    see: Window, shelf: Category, product: Product
) -> None:
    _warm(see, product, shelf)

    move(product, 3)

    assert see.product(product)[1]["stock"]["available"] == 3
    assert see.names(shelf)[0] == "hit"


def test_a_policy_of_a_category_is_read_fresh_on_the_products_below(
    see: Window, shelf: Category, product: Product
) -> None:
    move(product, 3)
    _warm(see, product, shelf)

    catalog.update_category(shelf, actor=ANA, safety_stock=2)

    assert see.product(product)[1]["stock"]["safety_stock"] == 2
    assert see.product(product)[1]["stock"]["available"] == 1


@pytest.mark.parametrize("how", ["verb", "save", "update", "relation"])
def test_a_category_that_moves_takes_its_products_from_one_branch_to_the_other(how: str, see: Window) -> None:
    one, two = make_category("One"), make_category("Two")
    branch = make_category("Branch", parent=one)
    make_product("A", name="Mug", category=branch)
    assert (see.names(one)[1], see.names(two)[1]) == (["Mug"], [])

    _hang(branch, two, how)

    assert (see.names(one)[1], see.names(two)[1]) == ([], ["Mug"])


def test_a_category_that_is_deleted_has_no_listing_any_more(see: Window, api: Api, shelf: Category) -> None:
    assert see.names(shelf)[1] == []

    catalog.delete_category(shelf, actor=ANA)

    assert api.get(f"categories/{shelf.pk}/products").status_code == 404


def test_a_write_that_is_rolled_back_changes_nothing_that_is_read(
    see: Window, shelf: Category, product: Product
) -> None:
    _warm(see, product, shelf)

    with transaction.atomic():
        catalog.update_product(product, actor=ANA, name="Cup")
        transaction.set_rollback(True)

    assert see.product(product)[1]["name"] == "Mug"
    assert see.names(shelf)[1] == ["Mug"]


def test_an_instance_that_is_out_of_date_cannot_be_saved(product: Product) -> None:
    Product.objects.filter(pk=product.pk).update(name="Cup")
    partly = Product.objects.only("name").get(pk=product.pk)
    Product.objects.filter(pk=product.pk).update(name="Bowl")

    with pytest.raises(VersionMismatch):
        product.save()
    with pytest.raises(VersionMismatch):
        partly.save()


def _warm(see: Window, product: Product, shelf: Category) -> None:
    """Read everything twice: the second time it is a hit."""
    for expected in ("fwd=miss", "hit"):
        assert see.product(product)[0] == expected
        assert see.names(shelf)[0] == expected
    see.sku(product.sku)
    assert see.sku(product.sku)[0] == "hit"


def _move(product: Product, to: Category, how: str) -> None:
    product.category = to
    match how:
        case "verb":
            product.refresh_from_db()
            catalog.update_product(product, actor=ANA, category_id=to.pk)
        case "save":
            product.save()
        case "fields":
            product.save(update_fields=["category"])
        case "update":
            Product.objects.filter(pk=product.pk).update(category=to)
        case "bulk_update":
            Product.objects.bulk_update([product], ["category"])
        case "relation":
            product.refresh_from_db()
            to.products.add(product)


def _delete(product: Product, how: str) -> None:
    match how:
        case "verb":
            catalog.delete_product(product, actor=ANA)
        case "instance":
            product.delete()
        case "queryset":
            Product.objects.filter(pk=product.pk).delete()
        case "stale":
            product.category, product.sku = None, "NOT-THIS"
            product.delete()


def _hang(branch: Category, below: Category, how: str) -> None:
    match how:
        case "verb":
            catalog.update_category(branch, actor=ANA, parent_id=below.pk)
        case "save":
            branch.parent = below
            branch.save()
        case "update":
            Category.objects.filter(pk=branch.pk).update(parent=below)
        case "relation":
            below.children.add(branch)
