"""Required receivers: a promise rests on them, so the write fails with them."""

from contextlib import suppress
from typing import Any

import pytest
from django.db import DatabaseError, transaction

from config.database.base import AbortedTransaction
from inventory.caching.writer import Writer
from inventory.models import Activity, Category, Product, StockLevel
from inventory.operations import catalog
from inventory.receivers import guards
from inventory.receivers.guards import Swallowed
from inventory.signals import stock_changed
from tests.builders import ANA, make_category, make_product, move
from tests.client import Api

from .bells import FAILURES, broken, swallowed_orm_error, wrong_value

pytestmark = pytest.mark.django_db(transaction=True)

#: The promises about the catalogue itself. (Events have their own tests.)
PROMISES = ("archive.", "caching.", "history.", "policies.", "slugs.", "stamps.")


def deeds() -> None:
    """A walk that rings every promise about the catalogue. Raises with the first refusal."""
    category = make_category("Deeds")
    product = make_product("DEED", category=category)
    move(product, 3)
    move(product, -3)
    catalog.update_product(product, actor=ANA, reorder_point=3)
    catalog.update_category(category, actor=ANA, name="Done")
    Category.objects.filter(pk=category.pk).update(description="Bulk")
    Product.objects.filter(pk=product.pk).update(description="Bulk")
    Product.objects.bulk_create([Product(sku="BULK", name="Mug")])
    Product.objects.filter(sku="BULK").delete()
    catalog.delete_product(product, actor=ANA)
    catalog.delete_category(category, actor=ANA)


@pytest.mark.parametrize("name", [name for name in guards.REGISTRY if name.startswith(PROMISES)])
def test_a_write_whose_promise_cannot_be_kept_fails(name: str) -> None:
    with broken(name, wrong_value), pytest.raises(ValueError, match="the receiver has a bug"):
        deeds()


@pytest.mark.parametrize("failure", FAILURES, ids=lambda failure: failure.__name__)
def test_it_fails_whatever_the_reason(failure: Any) -> None:
    with (
        broken("history.record_saved", failure),
        pytest.raises((ValueError, DatabaseError, Swallowed, AbortedTransaction)),
    ):
        make_product("A")

    assert not Product.objects.exists()


@pytest.mark.parametrize(
    "name",
    [
        "slugs.fill_in",
        "stamps.stamp",
        "policies.apply_to_product",
        "caching.drop_saved_product",
        "history.record_saved",
    ],
)
def test_the_row_is_not_there_when_a_promise_was_not_kept(name: str) -> None:
    with broken(name, wrong_value), pytest.raises(ValueError, match="the receiver has a bug"):
        make_product("A")

    assert not Product.objects.exists()
    assert not Activity.objects.filter(object_type="product").exists()


def test_a_caller_that_swallows_it_in_a_savepoint_of_its_own_loses_the_write_and_only_that() -> None:
    with broken("history.record_saved", _refuse_products), transaction.atomic():
        make_category("Kept")
        with suppress(ValueError), transaction.atomic():
            make_product("A")

    assert Category.objects.filter(name="Kept").exists()
    assert not Product.objects.exists()


def test_a_caller_that_swallows_it_without_a_savepoint_loses_everything_and_is_told() -> None:
    def careless() -> None:
        with transaction.atomic():
            make_category("Lost")
            with suppress(ValueError):
                make_product("A")

    with broken("history.record_saved", _refuse_products), pytest.raises(AbortedTransaction):
        careless()

    assert not Category.objects.exists()
    assert not Product.objects.exists()


def test_a_receiver_that_swallows_in_somebody_elses_savepoint_is_told_about() -> None:
    with broken("history.record_saved", swallowed_orm_error), pytest.raises(Swallowed), transaction.atomic():
        make_product("A")

    assert not Product.objects.exists()


def test_a_signal_that_is_sent_by_hand_spoils_the_transaction_as_well() -> None:
    @transaction.atomic
    def careless() -> None:
        make_category("Lost")
        with suppress(ValueError):
            stock_changed.send(sender=StockLevel, changes=[], using="default")

    with broken("caching.drop_stock", wrong_value), pytest.raises(AbortedTransaction):
        careless()

    assert not Category.objects.exists()


def test_a_bulk_write_fails_with_its_promise() -> None:
    product = make_product(name="Mug")

    with broken("history.record_many", wrong_value), pytest.raises(ValueError, match="the receiver has a bug"):
        Product.objects.update(name="Cup")

    product.refresh_from_db()
    assert product.name == "Mug"


def test_over_http_a_promise_that_cannot_be_kept_is_a_5xx(api: Api) -> None:
    with broken("history.record_saved", wrong_value):
        answer = api.post("products", {"sku": "A", "name": "Mug"})

    assert answer.status_code == 500
    assert not Product.objects.exists()


def test_a_cache_that_cannot_be_told_makes_the_write_fail(monkeypatch: pytest.MonkeyPatch) -> None:
    def out_of_order(*args: Any) -> None:
        raise DatabaseError("the locks are full")

    monkeypatch.setattr(Writer, "declare", out_of_order)

    with pytest.raises(DatabaseError, match="the locks are full"):
        make_product("A")

    assert not Product.objects.exists()


def _refuse_products(instance: Any, **kwargs: Any) -> None:
    if isinstance(instance, Product):
        raise ValueError("this change cannot be recorded")
