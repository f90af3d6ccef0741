"""A small shop in which every page of the admin has something to show."""

from procrastinate.contrib.django import app

from inventory.context import Actor
from inventory.models import Product
from inventory.operations import access, catalog, failures, idempotency, reservations, transfers
from inventory.values import Line
from tests.builders import make_category, make_location, make_product, move

CLEO = Actor("user", "9", "cleo")


def furnish_shop() -> Product:
    """Make at least one row of every model. Returns a product with stock in two places and an alert."""
    kitchen = make_category("Kitchen")
    mugs = make_category("Mugs", parent=kitchen)
    shop = make_location("SHOP")
    product = make_product("MUG-1", name="Blue mug", category=mugs, reorder_point=20, on_hand=50)
    move(product, -35)
    move(product, 2, at=shop)
    catalog.update_product(product, actor=CLEO, price="12.50")
    gone = make_product("GONE-1", on_hand=1)
    move(gone, -1)
    catalog.delete_product(gone, actor=CLEO)
    transfers.transfer(
        [Line(sku="MUG-1", quantity=3)], from_location="MAIN", to_location="SHOP", in_transit=True, actor=CLEO
    )
    reservations.reserve([Line(sku="MUG-1", quantity=2)], actor=CLEO, reference="ORDER-1")
    access.create_api_key(name="Till", scopes=["catalog:read"], actor=CLEO)
    failures.keep("alerts.review_stock", {"sender": "inventory.StockLevel", "changes": [], "pks": []}, OSError("away"))
    idempotency.once(
        principal="api_key:till", key="one", fingerprint=b"1" * 32, effect=lambda: idempotency.Answer(201, b"{}")
    )
    app.configure_task("inventory.tasks.mail_alert").defer(alert=str(product.pk))
    return product
