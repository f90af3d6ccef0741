"""What a caller must have done to the database, whatever language it is written in."""

from inventory.models import Product, Reservation, StockMovement

STEPS = 6
#: What the programs of docs/sdks.md print.
SNIPPETS_SAY = 'MUG-RED in_stock 20\n/price: Use a decimal string such as "12.50".\n'


def assert_sold_once() -> None:
    """Five products, of which one was made by two requests with one key; four of five pieces are gone."""
    assert sorted(Product.objects.values_list("sku", flat=True)) == [
        "MUG-RED",
        *(f"PLATE-{number}" for number in range(4)),
    ]
    assert Product.objects.get(sku="MUG-RED").name == "Mug, red"
    assert [row.state for row in Reservation.objects.all()] == ["fulfilled"]
    assert sum(StockMovement.objects.values_list("delta_on_hand", flat=True)) == 1
