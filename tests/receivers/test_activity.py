"""The activity log: one row per change, with actor, request id, before and after; in the transaction of the change."""

from decimal import Decimal
from typing import Any

import pytest
from django.db import DatabaseError, connection, transaction
from django.db.models import F

from inventory.context import acting_as, answering
from inventory.models import Activity, Category, Location, Product
from inventory.operations import access, catalog, history
from tests.builders import ANA, BEN, CLEO, make_category, make_location, make_product
from tests.client import Api

pytestmark = pytest.mark.django_db(transaction=True)


def last_of(row: Any) -> Activity:
    return Activity.objects.filter(object_id=str(row.pk)).latest("id")


def told_of(row: Any) -> list[str]:
    return list(Activity.objects.filter(object_id=str(row.pk)).order_by("id").values_list("action", flat=True))


@pytest.mark.parametrize(
    ("make", "kind"), [(make_category, "category"), (make_location, "location"), (make_product, "product")]
)
def test_a_creation_is_told_with_its_author(make: Any, kind: str) -> None:
    with answering("request-7"):
        row = make(actor=BEN)

    told = last_of(row)
    assert (told.action, told.object_type, told.actor, told.request_id) == ("created", kind, "user:ben", "request-7")
    assert told.object_repr == str(row)
    assert told.changes["name"] == [None, row.name]


def test_a_change_is_told_with_before_and_after_of_what_changed_and_nothing_else() -> None:
    product = make_product("A", name="Mug", price=Decimal("9.90"))

    catalog.update_product(product, actor=BEN, price=Decimal("12.50"), name="Mug")

    assert last_of(product).changes == {"price": ["9.90", "12.50"]}


def test_over_http_the_caller_and_the_request_are_named(api: Api) -> None:
    product = make_product("A", name="Mug")

    api.patch("products/sku:A", {"name": "Cup"}, version=1, request_id="shop-4711")

    told = last_of(product)
    assert (told.actor, told.request_id, told.changes) == ("api_key:tests", "shop-4711", {"name": ["Mug", "Cup"]})


def test_a_move_to_another_category_is_told_by_its_ids() -> None:
    old, new = make_category("Old"), make_category("New")
    product = make_product(category=old)

    catalog.update_product(product, actor=ANA, category_id=new.pk)

    assert last_of(product).changes == {"category": [str(old.pk), str(new.pk)]}


def test_a_deletion_is_told_with_what_was_there() -> None:
    product = make_product("A", name="Mug")

    catalog.delete_product(product, actor=CLEO)

    told = last_of(product)
    assert (told.action, told.actor) == ("deleted", "user:cleo")
    assert told.changes["sku"] == ["A", None]


def test_a_save_that_changes_nothing_tells_nothing() -> None:
    product = make_product()

    product.save()

    assert told_of(product) == ["created"]


def test_each_of_two_saves_of_one_instance_tells_its_own_difference() -> None:
    product = make_product(name="One")

    for name in ("Two", "Three"):
        product.name = name
        product.save()

    changes = [
        row.changes for row in Activity.objects.filter(object_id=str(product.pk), action="updated").order_by("id")
    ]
    assert changes == [{"name": ["One", "Two"]}, {"name": ["Two", "Three"]}]


def test_a_save_of_single_fields_tells_only_what_was_written() -> None:
    product = make_product(name="Mug", price=Decimal("1.00"))
    product.name, product.price = "Cup", Decimal(2)

    product.save(update_fields=["price"])
    product.save()

    changes = [
        row.changes for row in Activity.objects.filter(object_id=str(product.pk), action="updated").order_by("id")
    ]
    assert changes == [{"price": ["1.00", "2"]}, {"name": ["Mug", "Cup"]}]


def test_an_instance_with_deferred_fields_tells_its_change() -> None:
    product = make_product("A", name="Mug")
    partly = Product.objects.only("name").get(pk=product.pk)

    partly.name = "Cup"
    partly.save()

    assert last_of(product).changes == {"name": ["Mug", "Cup"]}


def test_a_deferred_field_that_is_looked_at_hides_no_change() -> None:
    product = make_product("A", name="Mug")
    partly = Product.objects.defer("description").get(pk=product.pk)

    partly.name = "Cup"
    assert partly.description == ""  # asks the database
    partly.save()

    assert last_of(product).changes == {"name": ["Mug", "Cup"]}


def test_an_expression_is_told_by_its_result() -> None:
    product = make_product(price=Decimal("1.50"))

    product.price = F("price") + 1
    product.save()

    assert last_of(product).changes == {"price": ["1.50", "2.50"]}


def test_a_queryset_update_tells_every_row() -> None:
    one, two = make_product(name="One"), make_product(name="Two")

    with acting_as(BEN), answering("bulk-1"):
        Product.objects.filter(pk__in=[one.pk, two.pk]).update(name="Mug")

    assert last_of(one).changes == {"name": ["One", "Mug"]}
    assert last_of(two).changes == {"name": ["Two", "Mug"]}
    assert {(row.actor, row.request_id) for row in (last_of(one), last_of(two))} == {("user:ben", "bulk-1")}


@pytest.mark.parametrize("model", [Category, Location, Product])
def test_bulk_create_bulk_update_and_delete_tell_every_row(model: Any) -> None:
    unique = {Category: {}, Location: {"code": "L"}, Product: {"sku": "P"}}[model]
    row = model.objects.bulk_create([model(name="One", **unique)])[0]

    row.name = "Two"
    model.objects.bulk_update([row], ["name"])
    model.objects.filter(pk=row.pk).delete()

    assert told_of(row) == ["created", "updated", "deleted"]


def test_products_that_are_added_to_a_category_are_told() -> None:
    category, product = make_category(), make_product()

    category.products.add(product)

    assert last_of(product).changes == {"category": [None, str(category.pk)]}


def test_a_restore_is_told_as_restored_and_not_as_created() -> None:
    product = make_product()
    catalog.delete_product(product, actor=ANA)

    history.restore(history.ArchivedObject.objects.get(), actor=BEN)

    assert told_of(product) == ["created", "deleted", "restored"]
    assert last_of(product).actor == "user:ben"


def test_a_rolled_back_change_is_not_told() -> None:
    product = make_product(name="Mug")

    with transaction.atomic():
        catalog.update_product(product, actor=ANA, name="Cup")
        transaction.set_rollback(True)

    assert told_of(product) == ["created"]


@pytest.mark.parametrize("deed", ["UPDATE inventory_activity SET actor = 'nobody'", "DELETE FROM inventory_activity"])
def test_what_was_told_cannot_be_changed_even_by_sql(deed: str) -> None:
    make_product()

    with pytest.raises(DatabaseError, match="append-only"), connection.cursor() as cursor:
        cursor.execute(deed)


def test_every_change_of_an_api_key_is_told_without_its_secret() -> None:
    key, _ = access.create_api_key(name="till", scopes=["catalog:read"], actor=ANA)
    key, secret = access.rotate_api_key(key.pk, actor=BEN)
    access.revoke_api_key(key.pk, actor=CLEO)

    rows = list(Activity.objects.filter(object_type="api_key", object_id=str(key.pk)).order_by("id"))
    assert [(row.action, row.actor) for row in rows] == [
        ("created", "user:ana"),
        ("updated", "user:ben"),
        ("updated", "user:cleo"),
    ]
    assert rows[0].changes["scopes"] == [None, ["catalog:read"]]
    assert "revoked_at" in rows[2].changes
    assert not any("digest" in name for row in rows for name in row.changes)
    assert secret not in str([row.changes for row in rows])


def test_making_sure_of_a_key_that_is_there_already_tells_nothing() -> None:
    for _ in range(2):
        key = access.ensure_api_key("x" * 40, name="automation", actor=ANA)

    assert told_of(key) == ["created"]
