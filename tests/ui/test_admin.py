"""The admin writes through the operations: the person is the actor, and a refusal stands where it was typed."""

from uuid import UUID

import pytest
from django.db import connection, transaction

from inventory.admin import deeds
from inventory.models import (
    Activity,
    AlertState,
    ApiKey,
    ArchivedObject,
    Category,
    Location,
    Product,
    ProductStock,
    ReceiverFailure,
    StockAlert,
    StockLevel,
    Transfer,
)
from inventory.operations import catalog, failures, reservations
from inventory.values import Line
from tests.builders import ANA, make_category, make_level, make_location, make_product, move

from .desk import Desk, ledger_of, staff, told, url


def test_a_new_product_is_told_with_the_person_as_its_author(desk: Desk) -> None:
    page = desk.fill("product_add", sku="MUG-1", name="Blue Mug", price="9.90")

    product = Product.objects.get(sku="MUG-1")
    assert page.status_code == 200
    assert (product.slug, product.last_modified_by) == ("blue-mug", "user:ana")
    assert Activity.objects.get(object_id=product.pk).actor == "user:ana"


def test_an_edit_changes_what_was_changed_and_nothing_else(desk: Desk) -> None:
    product = make_product("MUG-1", name="Mug", attributes={"weight_g": 300})

    desk.fill("product_change", product.pk, price="12.50")

    told_row = Activity.objects.get(object_id=product.pk, action="updated")
    assert told_row.changes == {"price": ["0.00", "12.50"]}
    assert Product.objects.get().attributes == {"weight_g": 300}


def test_two_people_cannot_overwrite_each_other(desk: Desk) -> None:
    product = make_product("MUG-1", name="Mug")
    seen = desk.open("product_change", product.pk)
    catalog.update_product(product, actor=ANA, price="11.00")

    page = desk.send(seen, "product_change", product.pk, name="Cup")

    product.refresh_from_db()
    assert (product.name, str(product.price)) == ("Mug", "11.00")
    assert "version 2, not 1" in " ".join(told(page))
    assert page.context["adminform"].form["name"].value() == "Cup"


def test_a_form_without_its_version_is_refused(desk: Desk) -> None:
    product = make_product("MUG-1", name="Mug")
    seen = desk.open("product_change", product.pk)

    desk.send(seen, "product_change", product.pk, name="Cup", seen_version="")

    assert Product.objects.get().name == "Mug"


def test_a_taken_sku_is_refused_at_its_field_whatever_its_case(desk: Desk) -> None:
    make_product("MUG-1")

    page = desk.fill("product_add", sku="mug-1", name="Another")

    assert page.status_code == 200
    assert "“MUG-1” has this SKU already" in page.context["adminform"].form.errors["sku"][0]
    assert Product.objects.count() == 1


def test_a_category_below_itself_is_refused_in_the_form(desk: Desk) -> None:
    top = make_category("Kitchen")
    below = make_category("Mugs", parent=top)

    page = desk.fill("category_change", top.pk, parent=str(below.pk))

    assert page.status_code == 200
    assert "below itself" in " ".join(told(page))
    assert Category.objects.get(pk=top.pk).parent is None


def test_what_only_the_database_refuses_stands_in_the_form_too(desk: Desk) -> None:
    fields = {"code": "X", "name": "X", "priority": "1", "is_default": "on"}  # and no is_active

    page = desk.client.post(url("location_add"), fields)

    assert page.status_code == 200
    assert "has to be active" in " ".join(told(page))
    assert Location.objects.get(is_default=True).code == "MAIN"


def test_a_backorder_limit_below_what_is_promised_is_refused(desk: Desk) -> None:
    product = make_product("MUG-1", backorder_limit=5)
    level = make_level(product, on_hand=1)
    reservations.reserve([Line(sku="MUG-1", quantity=4)], actor=ANA)

    page = desk.fill("product_change", product.pk, backorder_limit="0")

    assert page.status_code == 200
    assert "promised already" in " ".join(told(page))
    assert StockLevel.objects.get(pk=level.pk).backorder_limit_in_force == 5


@pytest.mark.parametrize("typed", ["[1]", '"text"', "3"])
def test_options_that_are_no_object_are_refused(desk: Desk, typed: str) -> None:
    page = desk.fill("product_add", sku="MUG-1", name="Mug", options=typed)

    assert "JSON object" in " ".join(told(page))


def test_a_product_with_stock_stays_and_the_page_says_why(desk: Desk) -> None:
    product = make_product("MUG-1", on_hand=3)

    page = desk.client.post(url("product_delete", product.pk), {"post": "yes"}, follow=True)

    assert "still has stock" in " ".join(told(page))
    assert Product.objects.filter(pk=product.pk).exists()


def test_a_deleted_product_can_be_restored_from_the_archive(desk: Desk) -> None:
    product = make_product("MUG-1")
    desk.client.post(url("product_delete", product.pk), {"post": "yes", "seen_version": "1"}, follow=True)
    archived = ArchivedObject.objects.get(object_id=product.pk)

    desk.act("archivedobject", "restore", archived)

    assert archived.actor == "user:ana"
    assert Product.objects.filter(pk=product.pk).exists()
    assert Activity.objects.get(object_id=product.pk, action="restored").actor == "user:ana"


def test_a_delete_page_that_is_out_of_date_deletes_nothing(desk: Desk) -> None:
    product = make_product("MUG-1")
    catalog.update_product(product, actor=ANA, name="Somebody cares")

    page = desk.client.post(url("product_delete", product.pk), {"post": "yes", "seen_version": "1"}, follow=True)

    assert "version 2, not 1" in " ".join(told(page))
    assert Product.objects.filter(pk=product.pk).exists()


def test_of_many_products_to_delete_those_with_stock_stay(desk: Desk) -> None:
    full, empty = make_product("FULL", on_hand=1), make_product("EMPTY")
    asked = desk.act("product", "delete_selected", full, empty)

    page = desk.act("product", "delete_selected", full, empty, post="yes")

    assert "Are you sure" in asked.content.decode()
    assert list(Product.objects.values_list("sku", flat=True)) == ["FULL"]
    assert any("FULL" in text and "still has stock" in text for text in told(page))
    assert "1 product deleted." in told(page)


def test_more_rows_than_one_request_should_change_are_left_alone(desk: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(deeds, "ROWS_AT_ONCE", 2)
    products = [make_product() for _ in range(3)]

    page = desk.act("product", "delete_selected", *products, post="yes")

    assert told(page) == ["Choose at most 2 rows at once; nothing was done."]
    assert Product.objects.count() == 3


def test_another_location_becomes_the_default_one(desk: Desk) -> None:
    shop = make_location("SHOP")

    page = desk.fill("location_change", shop.pk, is_default="on")

    assert "was changed successfully" in told(page)[0]
    assert list(Location.objects.filter(is_default=True)) == [shop]


def test_of_a_level_only_the_policies_can_be_edited(desk: Desk) -> None:
    level = make_level(on_hand=10)

    desk.fill("stocklevel_change", level.pk, reorder_point="20", on_hand="999", available="999")

    level.refresh_from_db()
    assert (level.reorder_point, level.on_hand, level.available) == (20, 10, 10)
    assert StockAlert.objects.get(product=level.product_id, resolved_at=None).location_id == level.location_id


def test_a_level_that_somebody_else_has_edited_is_refused(desk: Desk) -> None:
    level = make_level(on_hand=10)
    seen = desk.open("stocklevel_change", level.pk)
    desk.send(seen, "stocklevel_change", level.pk, reorder_point="5")

    page = desk.send(seen, "stocklevel_change", level.pk, reorder_point="7")

    assert "version 2, not 1" in " ".join(told(page))
    assert StockLevel.objects.get(pk=level.pk).reorder_point == 5


def test_an_alert_is_acknowledged_by_the_person(desk: Desk) -> None:
    product = make_product("MUG-1", reorder_point=5, on_hand=10)
    move(product, -8)
    alert = StockAlert.objects.get(product=product.pk)

    page = desk.act("stockalert", "acknowledge", alert, _back=str(alert.pk))

    alert.refresh_from_db()
    assert (alert.state, alert.acknowledged_by) == (AlertState.ACKNOWLEDGED, "user:ana")
    assert page.redirect_chain[-1][0] == url("stockalert_change", alert.pk)


def test_a_failed_receiver_is_rung_again(desk: Desk) -> None:
    failures.keep("alerts.review_stock", {"sender": "inventory.StockLevel", "changes": [], "pks": []}, OSError("away"))
    failure = ReceiverFailure.objects.get()

    page = desk.act("receiverfailure", "ring_again", failure)

    assert not ReceiverFailure.objects.exists()
    assert told(page) == ["1 rang and are done, 0 failed again."]


def test_a_key_is_shown_once_and_works(desk: Desk) -> None:
    page = desk.fill("apikey_add", name="Till", scopes=["catalog:read"])

    (message,) = [text for text in told(page) if "shown this once" in text]
    secret = message.split("secret'>")[1].split("<")[0]
    me = desk.client.get("/api/v1/me", headers={"Authorization": f"Bearer {secret}"})
    assert (me.status_code, me.json()["name"]) == (200, "Till")
    assert secret not in desk.open("apikey_change", ApiKey.objects.get().pk).content.decode()


def test_a_key_is_revoked_after_a_question(desk: Desk) -> None:
    desk.fill("apikey_add", name="Till", scopes=["catalog:read"])
    key = ApiKey.objects.get()
    asked = desk.act("apikey", "revoke", key)

    assert ApiKey.objects.get().revoked_at is None
    desk.act("apikey", "revoke", key, confirmed="yes")

    assert "Revoke for good?" in asked.content.decode()
    assert ApiKey.objects.get().revoked_at is not None


def test_a_transfer_is_sent_and_counted_in(desk: Desk) -> None:
    product, shop = make_product("MUG-1", on_hand=10), make_location("SHOP")
    main = Location.objects.get(is_default=True)
    lines = {"lines-0-product": str(product.pk), "lines-0-quantity": "6"}
    desk.fill("transfer_add", from_location=main.pk, to_location=shop.pk, in_transit="on", reference="VAN", **lines)
    transfer = Transfer.objects.get()
    line = transfer.lines.get()
    page = desk.open("transfer_receive", transfer.pk)

    fields = {"token": page.context["form"]["token"].value(), f"line_{line.pk}": "4", "close": "on"}
    for _ in range(2):
        desk.client.post(url("transfer_receive", transfer.pk), fields)

    line.refresh_from_db()
    assert (line.received, line.shortfall) == (4, 2)
    assert ledger_of(product.pk)[1:] == [("MAIN", -6, "user:ana"), ("SHOP", 4, "user:ana")]


def test_a_transfer_of_more_than_there_is_keeps_what_was_typed(desk: Desk) -> None:
    product, shop = make_product("MUG-1", on_hand=1), make_location("SHOP")
    main = Location.objects.get(is_default=True)
    lines = {"lines-0-product": str(product.pk), "lines-0-quantity": "6"}

    page = desk.fill("transfer_add", from_location=main.pk, to_location=shop.pk, reference="VAN", **lines)

    assert "not enough stock" in " ".join(told(page))
    assert page.context["adminform"].form["reference"].value() == "VAN"
    assert not Transfer.objects.exists()


def test_a_transfer_of_nothing_is_refused(desk: Desk) -> None:
    shop, main = make_location("SHOP"), Location.objects.get(is_default=True)

    page = desk.fill("transfer_add", from_location=main.pk, to_location=shop.pk)

    assert "at least one product" in " ".join(told(page))


def test_a_reservation_is_confirmed_and_shipped(desk: Desk) -> None:
    product = make_product("MUG-1", on_hand=5)
    row, _ = reservations.reserve([Line(sku="MUG-1", quantity=2)], actor=ANA)

    desk.act("reservation", "confirm", row)
    desk.act("reservation", "fulfil", row, confirmed="yes")

    row.refresh_from_db()
    assert row.state == "fulfilled"
    assert ledger_of(product.pk)[-1] == ("MAIN", -2, "user:ana")


def test_somebody_who_may_only_look_changes_nothing(desk: Desk) -> None:
    product = make_product("MUG-1", name="Mug")
    ben = staff("ben", "view_product")

    seen = ben.open("product_change", product.pk)
    answer = ben.client.post(url("product_change", product.pk), {"name": "Cup", "sku": "MUG-1", "seen_version": 1})

    assert seen.status_code == 200
    assert answer.status_code == 403
    assert Product.objects.get().name == "Mug"


def test_somebody_without_the_permission_gets_no_button_and_no_page(desk: Desk) -> None:
    product = make_product("MUG-1", reorder_point=5, on_hand=10)
    move(product, -8)
    alert = StockAlert.objects.get(product=product.pk)
    ben = staff("ben", "view_product", "view_stockalert")

    adjusting = ben.open("stocklevel_adjust", product=str(product.pk))
    ben.act("stockalert", "acknowledge", alert)

    assert adjusting.status_code == 403
    assert StockAlert.objects.get(pk=alert.pk).state == AlertState.OPEN
    assert "Adjust stock" not in ben.open("product_change", product.pk).content.decode()


@pytest.mark.parametrize(
    "model", ["stockmovement", "activity", "productstock", "idempotencyrecord", "archivedobject", "receiverfailure"]
)
def test_what_other_doors_write_cannot_be_written_here(desk: Desk, model: str) -> None:
    nobody = UUID(int=7)

    added = desk.client.post(url(f"{model}_add"), {})
    deleted = desk.client.post(url(f"{model}_delete", nobody), {"post": "yes"})
    page = desk.open(f"{model}_changelist")

    assert (added.status_code, deleted.status_code) == (403, 403)
    assert "delete_selected" not in page.content.decode()


def test_what_drifted_apart_is_found_and_repaired_after_a_question(desk: Desk) -> None:
    product = make_product("MUG-1", on_hand=5)
    behind_the_back("UPDATE inventory_productstock SET on_hand = 9")
    found = desk.act("productstock", "compare", product.pk)
    asked = desk.act("productstock", "repair", product.pk)

    page = desk.act("productstock", "repair", product.pk, confirmed="yes")

    assert told(found) == ["MUG-1, totals: on_hand 9, not 5"]
    assert "amend the ledger" in asked.content.decode()
    assert told(page)[-1] == "Levels, totals, ledger, transfers and reservations agree."
    assert ProductStock.objects.get().on_hand == 5


def behind_the_back(sql: str) -> None:
    """What no door allows: the database's own checks are asleep."""
    with transaction.atomic(), connection.cursor() as cursor:
        cursor.execute("SET LOCAL session_replication_role = replica")
        cursor.execute(sql)
