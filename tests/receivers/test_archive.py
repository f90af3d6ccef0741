"""The archive: what is deleted is kept on `pre_delete`, and can be brought back."""

from decimal import Decimal

import pytest
from django.db import transaction

from inventory.context import answering
from inventory.errors import InvalidTransition
from inventory.models import ArchivedObject, Category, Location, Product
from inventory.operations import catalog, history, locations
from tests.builders import ANA, BEN, make_category, make_location, make_product, move, open_alerts
from tests.client import Api

pytestmark = pytest.mark.django_db(transaction=True)


def test_a_deleted_product_is_kept_as_it_was_with_who_when_and_which_request() -> None:
    product = make_product("A", name="Mug", price=Decimal("9.90"), attributes={"colour": "blue"})

    with answering("request-5"):
        catalog.delete_product(product, actor=BEN)

    kept = ArchivedObject.objects.get()
    assert (kept.object_type, kept.object_id, kept.object_repr) == ("product", product.pk, "A Mug")
    assert (kept.actor, kept.request_id, kept.restored_at) == ("user:ben", "request-5", None)
    assert kept.snapshot["price"] == "9.90"
    assert kept.snapshot["attributes"] == {"colour": "blue"}


def test_times_in_what_is_kept_end_with_z_and_come_back_as_they_were() -> None:
    product = make_product("A")
    catalog.delete_product(product, actor=BEN)

    kept = ArchivedObject.objects.get()
    history.restore(kept, actor=BEN)

    assert kept.snapshot["created_at"] == product.created_at.isoformat().replace("+00:00", "Z")
    assert Product.objects.get().created_at == product.created_at


def test_categories_and_locations_are_kept_as_well() -> None:
    category, location = make_category(), make_location()

    catalog.delete_category(category, actor=ANA)
    locations.delete_location(location, actor=ANA)

    assert set(ArchivedObject.objects.values_list("object_type", flat=True)) == {"category", "location"}


@pytest.mark.parametrize("how", ["instance", "queryset"])
def test_the_orm_keeps_what_it_deletes_too(how: str) -> None:
    pk = make_product("A").pk

    if how == "instance":
        Product.objects.get().delete()
    else:
        Product.objects.filter(sku="A").delete()

    assert ArchivedObject.objects.get().object_id == pk


def test_what_is_kept_is_what_was_stored_and_not_what_somebody_had_in_mind() -> None:
    product = make_product("A", name="Mug")
    Product.objects.filter(pk=product.pk).update(barcode="4006381333931")

    product.name = "Never saved"
    product.delete()

    snapshot = ArchivedObject.objects.get().snapshot
    assert (snapshot["name"], snapshot["barcode"]) == ("Mug", "4006381333931")


def test_deleting_what_is_gone_already_keeps_nothing() -> None:
    product = make_product("A")
    same = Product.objects.get()
    product.delete()

    deleted = same.delete()

    assert deleted == (0, {})
    assert ArchivedObject.objects.count() == 1


def test_a_deletion_that_is_rolled_back_keeps_nothing() -> None:
    product = make_product("A")

    with transaction.atomic():
        catalog.delete_product(product, actor=ANA)
        transaction.set_rollback(True)

    assert not ArchivedObject.objects.exists()


def test_a_restored_product_is_the_same_again_under_a_new_version() -> None:
    category = make_category()
    product = make_product("A", name="Mug", price=Decimal("9.90"), category=category, reorder_point=3, options={"a": 1})
    catalog.delete_product(product, actor=ANA)

    history.restore(ArchivedObject.objects.get(), actor=BEN)

    back = Product.objects.get(pk=product.pk)
    names = ("sku", "name", "slug", "price", "category_id", "reorder_point", "options", "created_at")
    assert {name: getattr(back, name) for name in names} == {name: getattr(product, name) for name in names}
    assert back.version > product.version
    assert back.last_modified_by == "user:ben"
    assert back.stock.reorder_point_in_force == 3


def test_categories_and_locations_come_back_too() -> None:
    category, location = make_category("Mugs"), make_location("SHOP")
    catalog.delete_category(category, actor=ANA)
    locations.delete_location(location, actor=ANA)

    for kept in ArchivedObject.objects.all():
        history.restore(kept, actor=ANA)

    assert Category.objects.get(pk=category.pk).slug == "mugs"
    assert Location.objects.get(pk=location.pk).code == "SHOP"


def test_a_restored_product_has_not_fallen_below_its_reorder_point() -> None:
    product = make_product("A", category=make_category(reorder_point=5))
    catalog.delete_product(product, actor=ANA)

    history.restore(ArchivedObject.objects.get(), actor=ANA)

    assert open_alerts(product) == []


def test_a_restored_product_whose_category_is_gone_has_none() -> None:
    category = make_category()
    product = make_product("A", category=category)
    catalog.delete_product(product, actor=ANA)
    catalog.delete_category(category, actor=ANA)

    history.restore(ArchivedObject.objects.get(object_type="product"), actor=ANA)

    assert Product.objects.get().category is None


def test_a_slug_that_was_given_to_another_meanwhile_is_replaced() -> None:
    product = make_product("A", name="Mug")
    catalog.delete_product(product, actor=ANA)
    make_product("B", name="Mug")

    history.restore(ArchivedObject.objects.get(), actor=ANA)

    assert Product.objects.get(sku="A").slug == "mug-2"


def test_the_stock_of_a_restored_product_goes_on_where_its_ledger_ended() -> None:
    product = make_product("A", on_hand=3)
    move(product, -3)
    catalog.delete_product(product, actor=ANA)
    history.restore(ArchivedObject.objects.get(), actor=ANA)

    move(product, 5)

    assert [level.sequence for level in product.levels.all()] == [3]


def test_nothing_is_restored_twice() -> None:
    catalog.delete_product(make_product("A"), actor=ANA)
    history.restore(ArchivedObject.objects.get(), actor=ANA)

    with pytest.raises(InvalidTransition):
        history.restore(ArchivedObject.objects.get(), actor=ANA)


def test_over_http_delete_archive_and_restore(api: Api) -> None:
    product = make_product("A", name="Mug")

    gone = api.delete("products/sku:A", version=1)
    (kept,) = api.get("archive").json()["results"]
    back = api.post(f"archive/{kept['id']}/restore", {})

    assert (gone.status_code, back.status_code) == (204, 200)
    assert api.get(f"products/{product.pk}").json()["name"] == "Mug"
