"""A plausible shop to look at: categories in three levels, products, locations, and weeks of movements."""

import itertools
import random
from collections.abc import Callable, Iterator
from datetime import datetime, timedelta
from decimal import Decimal

from django.db import transaction
from django.utils import timezone

from inventory.context import Actor
from inventory.models import Category, Location, Product, Reason
from inventory.operations import catalog, locations, stock, transfers
from inventory.values import Line

DEMO = Actor("system", name="demo")
SHOP: dict[str, dict[str, list[str]]] = {
    "Kitchen": {
        "Drinkware": ["Mug", "Espresso Cup", "Tumbler", "Carafe", "Thermos"],
        "Cookware": ["Saucepan", "Frying Pan", "Wok", "Casserole", "Kettle"],
        "Knives": ["Chef Knife", "Bread Knife", "Paring Knife", "Whetstone"],
    },
    "Living": {
        "Lighting": ["Desk Lamp", "Floor Lamp", "Pendant", "Candle"],
        "Textiles": ["Cushion", "Throw", "Curtain", "Rug"],
        "Storage": ["Basket", "Shelf Box", "Hook Rail", "Crate"],
    },
    "Garden": {
        "Tools": ["Hand Trowel", "Pruner", "Rake", "Watering Can"],
        "Pots": ["Clay Pot", "Planter", "Hanging Pot"],
        "Seeds": ["Basil Seeds", "Tomato Seeds", "Sunflower Seeds"],
    },
    "Office": {
        "Paper": ["Notebook", "Sketch Pad", "Envelope Set", "Calendar"],
        "Writing": ["Fountain Pen", "Pencil Set", "Marker", "Ink"],
        "Desk": ["Desk Mat", "Pen Tray", "Monitor Stand", "Cable Box"],
    },
}
COLOURS = ("Red", "Blue", "Sand", "Moss", "Ink", "White", "Copper", "Slate", "Amber", "Rose", "Fog", "Plum")
SIZES = ("S", "M", "L", "XL")
PLACES = (("BERLIN", "Berlin warehouse", 10), ("LYON", "Lyon warehouse", 20), ("SHOP-1", "Shop Mitte", 30))
WEEKS = 6

Progress = Callable[[str, int, int], None]


def seed(count: int, progress: Progress) -> int:
    """Fill an empty service with `count` products (about 600 look good) and their story. Returns how many were made.

    A service that has products already is left alone: 0. `progress(what, done, total)` is called now and then.
    """
    if Product.objects.exists():
        return 0
    # Half a shop would never be completed.
    with transaction.atomic():
        return _furnish(count, progress)


def _furnish(count: int, progress: Progress) -> int:
    dice = random.Random(20)  # noqa: S311 - the same shop every time
    shelves = _categories()
    codes = _locations()
    progress("categories and locations", 1, 1)
    products = _products(dice, shelves, count, progress)
    _movements(dice, products, codes, progress)
    return len(products)


def _categories() -> dict[str, Category]:
    shelves = {}
    for top, children in SHOP.items():
        root = catalog.create_category(actor=DEMO, name=top, reorder_point=None)
        for middle, leaves in children.items():
            shelf = catalog.create_category(actor=DEMO, name=middle, parent_id=root.pk, reorder_point=12)
            for leaf in leaves:
                shelves[leaf] = catalog.create_category(actor=DEMO, name=_several(leaf), parent_id=shelf.pk)
    return shelves


def _several(thing: str) -> str:
    if thing.endswith("s"):
        return thing
    return f"{thing[:-2]}ves" if thing.endswith("fe") else f"{thing}es" if thing.endswith(("x", "ch")) else f"{thing}s"


def _locations() -> list[str]:
    for code, name, priority in PLACES:
        if not Location.objects.filter(code=code).exists():
            locations.create_location(actor=DEMO, code=code, name=name, priority=priority)
    return [code for code, _, _ in PLACES]


def _products(dice: random.Random, shelves: dict[str, Category], count: int, progress: Progress) -> list[Product]:
    made: list[Product] = []
    rows = itertools.islice(_variety(dice, shelves), count)
    while batch := list(itertools.islice(rows, 100)):
        made += Product.objects.bulk_create(batch)
        progress("products", len(made), count)
    return made


def _variety(dice: random.Random, shelves: dict[str, Category]) -> Iterator[Product]:
    for number, (series, colour, size, leaf) in enumerate(itertools.product(range(1, 1000), COLOURS, SIZES, shelves)):
        edition = f" No. {series}" if series > 1 else ""
        yield Product(
            sku=f"{''.join(word[:3] for word in leaf.split()).upper()}-{colour[:3].upper()}-{size}-{number:05d}",
            name=f"{leaf} {colour} {size}{edition}",
            description=f"{leaf} in {colour.lower()}, size {size}. Made to be used every day.",
            category=shelves[leaf],
            barcode=f"40{number:011d}",
            price=Decimal(dice.randrange(390, 14900, 10)) / 100,
            options={"colour": colour, "size": size},
            attributes={"weight_g": dice.randrange(80, 4000, 10)},
            reorder_point=dice.choice((None, None, 5, 10, 20)),
            reorder_quantity=dice.choice((None, 25, 50)),
        )


def _movements(dice: random.Random, products: list[Product], codes: list[str], progress: Progress) -> None:
    now = timezone.now()
    start = now - timedelta(weeks=WEEKS)
    left = {(product.sku, code): 0 for product in products for code in codes}
    _book(dice, left, products, codes, start, Reason.RECEIVED, lambda have: dice.randrange(15, 90), share=0.7)
    steps = WEEKS * 3
    for step in range(steps):
        moment = start + timedelta(weeks=WEEKS) * (step + 1) / (steps + 1)
        _book(dice, left, products, codes, moment, Reason.SOLD, lambda have: -dice.randint(1, have), share=0.16)
        if step % 4 == 3:
            _book(dice, left, products, codes, moment, Reason.RECEIVED, lambda have: dice.randrange(10, 50), share=0.05)
            _book(dice, left, products, codes, moment, Reason.DAMAGED, lambda have: -1, share=0.01)
        progress("movements", step + 1, steps)
    _sell_out(left, products[:: max(1, len(products) // 25)], codes)
    _ship(left, products, codes)


def _book(
    dice: random.Random,
    left: dict[tuple[str, str], int],
    products: list[Product],
    codes: list[str],
    moment: datetime,
    reason: Reason,
    pieces: Callable[[int], int],
    share: float,
) -> None:
    lines = []
    for product, code in itertools.product(products, codes):
        have = left[product.sku, code]
        if dice.random() < share and (reason == Reason.RECEIVED or have > 0):
            delta = pieces(have)
            left[product.sku, code] = have + delta
            lines.append(Line(sku=product.sku, location=code, quantity=delta))
    for start in range(0, len(lines), 500):
        number = f"{reason[:3].upper()}-{moment:%m%d}-{start // 500 + 1}"
        stock.adjust(lines[start : start + 500], reason=reason, reference=number, occurred_at=moment, actor=DEMO)


def _sell_out(left: dict[tuple[str, str], int], products: list[Product], codes: list[str]) -> None:
    lines = [
        Line(sku=product.sku, location=code, quantity=-left[product.sku, code])
        for product, code in itertools.product(products, codes)
        if left[product.sku, code] > 0
    ]
    if lines:
        stock.adjust(lines, reason=Reason.SOLD, reference="SALE", actor=DEMO)
    for line in lines:
        left[str(line.sku), str(line.location)] = 0


def _ship(left: dict[tuple[str, str], int], products: list[Product], codes: list[str]) -> None:
    source, target = codes[0], codes[2]
    ready = [product for product in products if left[product.sku, source] >= 10][:8]
    if ready:
        lines = [Line(sku=product.sku, quantity=5) for product in ready]
        transfers.transfer(
            lines, from_location=source, to_location=target, in_transit=True, reference="TRUCK-7", actor=DEMO
        )
