"""Products: what may be created, changed and deleted, and what two people at once may do."""

from decimal import Decimal
from typing import Any

import pytest
from django.db import IntegrityError
from uuid_utils.compat import uuid7

from inventory.errors import DoesNotExist, InUse, InvalidTransition, NotFound, Refusal, VersionMismatch
from inventory.models import Product, StockMovement
from inventory.operations import catalog, reservations, transfers
from inventory.values import Line
from tests.builders import ANA, BEN, at_once, make_category, make_location, make_product, move

pytestmark = pytest.mark.django_db(transaction=True)


def test_a_new_product_starts_at_version_one_with_no_stock() -> None:
    product = make_product("A")

    assert product.version == 1
    assert (product.stock.on_hand, product.stock.available, product.stock.state) == (0, 0, "out_of_stock")


@pytest.mark.parametrize("twin", ["a/1", "A/1"])
def test_a_sku_is_unique_whatever_the_case_of_its_letters(twin: str) -> None:
    make_product("A/1")

    with pytest.raises(IntegrityError, match="product_sku_is_unique"):
        make_product(twin)


def test_of_ten_who_create_one_sku_at_once_one_succeeds() -> None:
    def create(number: int) -> str:
        try:
            make_product("same" if number % 2 else "SAME")
        except IntegrityError:
            return "clash"
        return "made"

    outcomes = at_once(*[lambda n=n: create(n) for n in range(10)])

    assert sorted(outcomes) == ["clash"] * 9 + ["made"]


def test_a_product_is_found_by_its_sku_in_any_case() -> None:
    product = make_product("Mug/Blue")

    assert Product.objects.by_sku("mUG/bLUE").get() == product


@pytest.mark.parametrize(("field", "pointer"), [("category_id", "/category"), ("variant_of_id", "/variant_of")])
def test_what_a_product_names_must_exist(field: str, pointer: str) -> None:
    with pytest.raises(DoesNotExist) as refused:
        make_product(**{field: uuid7()})

    assert [problem.pointer for problem in refused.value.problems] == [pointer]


def test_a_change_counts_the_version_on() -> None:
    product = make_product()

    product = catalog.update_product(product, actor=ANA, expected_version=1, price=Decimal("3.50"))

    assert product.version == 2
    product.refresh_from_db()
    assert (product.version, product.price) == (2, Decimal("3.50"))


def test_a_change_to_what_is_there_already_counts_nothing() -> None:
    product = make_product(name="Mug")

    catalog.update_product(product, actor=ANA, name="Mug")

    product.refresh_from_db()
    assert product.version == 1


def test_a_change_of_an_older_version_is_refused_and_the_instance_keeps_what_is_true() -> None:
    product = make_product(name="Mug")
    same = Product.objects.get()
    catalog.update_product(same, actor=BEN, name="Cup")

    with pytest.raises(VersionMismatch):
        catalog.update_product(product, actor=ANA, name="Bowl")

    assert (product.name, product.version) == ("Mug", 1)
    assert Product.objects.get().name == "Cup"


def test_of_ten_who_change_one_version_at_once_one_succeeds() -> None:
    product = make_product()

    def change(number: int) -> str:
        try:
            catalog.update_product(Product.objects.get(), actor=ANA, expected_version=1, name=f"Name {number}")
        except VersionMismatch:
            return "too late"
        return "changed"

    outcomes = at_once(*[lambda n=n: change(n) for n in range(10)])

    product.refresh_from_db()
    assert sorted(outcomes) == ["changed"] + ["too late"] * 9
    assert product.version == 2


def test_a_product_that_is_gone_cannot_be_changed() -> None:
    product = make_product()
    catalog.delete_product(Product.objects.get(), actor=ANA)

    with pytest.raises(NotFound):
        catalog.update_product(product, actor=ANA, name="Cup")
    with pytest.raises(NotFound):
        catalog.delete_product(product, actor=ANA)


def test_a_product_is_no_variant_of_itself() -> None:
    product = make_product()

    with pytest.raises(InvalidTransition):
        catalog.update_product(product, actor=ANA, variant_of_id=product.pk)


def sell_later(product: Product) -> None:
    move(product, 3)


def hold(product: Product) -> None:
    move(product, 3)
    reservations.reserve([Line(product=product.pk, quantity=3)], reference="r", actor=ANA)


def send(product: Product) -> None:
    make_location("SHOP")
    move(product, 3)
    line = Line(product=product.pk, quantity=3)
    transfers.transfer([line], from_location="MAIN", to_location="SHOP", in_transit=True, actor=ANA)


def vary(product: Product) -> None:
    make_product(variant_of_id=product.pk)


@pytest.mark.parametrize("use", [sell_later, hold, send, vary])
def test_a_product_in_use_cannot_be_deleted(use: Any) -> None:
    product = make_product()
    use(product)

    with pytest.raises(InUse):
        catalog.delete_product(product, actor=ANA)

    assert Product.objects.filter(pk=product.pk).exists()


def test_the_ledger_of_a_deleted_product_stays() -> None:
    product = make_product("A", on_hand=3)
    move(product, -3)

    catalog.delete_product(product, actor=ANA)

    assert list(StockMovement.objects.filter(product=product.pk).values_list("sku", flat=True)) == ["A", "A"]


def test_a_deletion_of_an_older_version_is_refused() -> None:
    product = make_product()
    catalog.update_product(Product.objects.get(), actor=BEN, name="Cup")

    with pytest.raises(VersionMismatch):
        catalog.delete_product(product, actor=ANA, expected_version=1)


def test_goods_that_come_while_a_product_is_deleted_are_refused_or_keep_it() -> None:
    for _ in range(5):
        product = make_product()
        outcomes = at_once(lambda p=product: _tried(lambda: move(p, 1)), lambda p=product: _tried(lambda: _gone(p)))

        is_there = Product.objects.filter(pk=product.pk).exists()
        assert sorted(outcomes) == ["done", "refused"]
        assert is_there == (outcomes[0] == "done")


def test_a_product_keeps_a_category_that_is_deleted_at_the_same_time_or_never_gets_it() -> None:
    for _ in range(5):
        category = make_category()
        made, deleted = at_once(
            lambda c=category: _tried(lambda: make_product(category=c)),
            lambda c=category: _tried(lambda: catalog.delete_category(c, actor=ANA)),
        )

        assert (made, deleted) in {("done", "refused"), ("refused", "done")}


def _gone(product: Product) -> None:
    catalog.delete_product(product, actor=ANA)


def _tried(deed: Any) -> str:
    try:
        deed()
    except (Refusal, IntegrityError):
        return "refused"
    return "done"
