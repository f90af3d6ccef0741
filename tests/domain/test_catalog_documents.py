"""The product as PostgreSQL renders it is the product as the serializer describes it (docs/adr/0002)."""

from datetime import UTC, datetime
from decimal import Decimal
from types import SimpleNamespace
from typing import Any

import orjson
import pytest
from rest_framework.renderers import JSONRenderer

from api.serializers.catalog import ProductSerializer
from inventory.models import Product, documents
from tests.builders import make_category, make_product

pytestmark = pytest.mark.django_db(transaction=True)

STRANGE = 'Tëa “mug”, 0.3 l \\ / "quoted"\n\t\u2028 \U0001f375 </script>'

PRODUCTS: dict[str, dict[str, Any]] = {
    "with nothing but defaults": {},
    "with everything": {
        "barcode": "4006381333931",
        "price": Decimal("1234567890.10"),
        "currency": "USD",
        "status": "draft",
        "options": {"size": "L", "colours": ["red", None]},
        "attributes": {"height_mm": 95, "ratio": 0.1, "nested": {"a": [1, {"b": True}]}},
        "track_stock": False,
        "backorder_limit": 3,
        "reorder_point": 0,
        "reorder_quantity": 2_147_483_647,
    },
    "with a strange text": {"name": STRANGE, "description": STRANGE, "attributes": {STRANGE: STRANGE}},
    "of a whole second": {"created_at": datetime(2026, 1, 2, 3, 4, 5, tzinfo=UTC)},
    "with big and small numbers": {"attributes": {"big": 10**18, "small": 1e-7, "negative": -0.5, "zero": 0}},
    "without a price": {"price": Decimal("0")},
}


def rendered(product: Product) -> bytes:
    return documents.products([product.pk])[product.pk].body


def described(product: Product) -> Any:
    """What the serializer would answer."""
    stock = product.stock
    figures = {name: getattr(stock, name) for name in ("on_hand", "unavailable", "allocated", "reserved", "incoming")}
    shown = SimpleNamespace(
        **figures, safety_stock=stock.safety_stock_in_force, available=stock.available, state=stock.state
    )
    row = SimpleNamespace(**{**product.values(), "stock": shown})
    return orjson.loads(JSONRenderer().render(ProductSerializer(row).data))


def with_times(shown: dict[str, Any]) -> dict[str, Any]:
    """The moments as such: one shows `.000000`, the other leaves it out."""
    return shown | {name: datetime.fromisoformat(shown[name]) for name in ("created_at", "updated_at")}


@pytest.mark.parametrize("values", PRODUCTS.values(), ids=PRODUCTS)
def test_both_show_the_same(values: dict[str, Any]) -> None:
    product = make_product(category=make_category(reorder_point=2, safety_stock=3), **values)
    product = Product.objects.get(pk=product.pk)

    assert with_times(orjson.loads(rendered(product))) == with_times(described(product))


def test_every_member_that_is_described_is_shown_and_no_other() -> None:
    shown = orjson.loads(rendered(make_product(on_hand=3)))

    fields = ProductSerializer().fields
    assert set(shown) == set(fields)
    assert set(shown["stock"]) == set(fields["stock"].fields)


def test_many_are_rendered_in_one_statement_and_those_that_are_gone_are_left_out(
    django_assert_num_queries: Any,
) -> None:
    made = [make_product() for _ in range(5)]
    ids = [product.pk for product in made]
    made[0].delete()

    with django_assert_num_queries(1):
        found = documents.products(ids)

    assert set(found) == set(ids[1:])
