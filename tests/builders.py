"""What tests are made of: everything has a default, so that a test names only what matters to it.

All goes through the operations, as in the service; figures are pieces.
"""

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from itertools import count
from threading import Barrier
from typing import Any, TypeVar

from django.db import connections

from inventory.context import SYSTEM, Actor
from inventory.models import Category, Location, Product, Reason, StockLevel
from inventory.operations import access, alerts, catalog, locations, stock
from inventory.values import Line

T = TypeVar("T")

ANA, BEN, CLEO = (Actor("user", str(n), name) for n, name in enumerate(("ana", "ben", "cleo"), start=1))

_numbers = count(1)


def make_category(name: str = "Mugs", *, actor: Actor = ANA, parent: Category | None = None, **values: Any) -> Category:
    return catalog.create_category(actor=actor, name=name, parent_id=parent.pk if parent else None, **values)


def make_product(
    sku: str | None = None,
    *,
    actor: Actor = ANA,
    category: Category | None = None,
    on_hand: int = 0,
    at: Location | None = None,
    **values: Any,
) -> Product:
    """A product; with `on_hand`, so many pieces of it lie at `at` (the default location)."""
    values = {"sku": sku or f"SKU-{next(_numbers)}", "name": "Mug", "category_id": category and category.pk, **values}
    product = catalog.create_product(actor=actor, **values)
    if on_hand:
        move(product, on_hand, at=at)
    return product


def make_location(code: str | None = None, *, actor: Actor = ANA, **values: Any) -> Location:
    code = code or f"LOC-{next(_numbers)}"
    return locations.create_location(actor=actor, code=code, **{"name": code.title(), **values})


def main_location() -> Location:
    """Where goods lie when nobody says where."""
    return Location.objects.get(is_default=True)


def make_level(
    product: Product | None = None, location: Location | None = None, on_hand: int = 10, **own_policies: Any
) -> StockLevel:
    """The level of one product at one location, with `own_policies` such as `reorder_point`."""
    product, location = product or make_product(), location or main_location()
    move(product, on_hand, at=location)
    level = StockLevel.objects.get(product=product, location=location)
    return stock.set_policies(level, actor=ANA, **own_policies) if own_policies else level


def make_key(*, scopes: tuple[str, ...] = ("admin",), **values: Any) -> str:
    """An API key, as its owner would send it."""
    return access.create_api_key(name="tests", scopes=scopes, actor=SYSTEM, **values)[1]


def move(product: Product, pieces: int, *, at: Location | None = None, actor: Actor = ANA) -> None:
    """Bring or take pieces."""
    line = Line(product=product.pk, location=at and at.code, quantity=pieces)
    stock.adjust([line], reason=Reason.RECEIVED if pieces > 0 else Reason.LOST, actor=actor)


def open_alerts(product: Product) -> list[Any]:
    return list(alerts.StockAlert.objects.filter(product=product.pk, resolved_at=None))


def at_once(*deeds: Callable[[], T]) -> list[T]:
    """Run the deeds in as many threads, started together, each with its own database connection."""
    gate = Barrier(len(deeds))

    def run(deed: Callable[[], T]) -> T:
        try:
            gate.wait(timeout=30)
            return deed()
        finally:
            connections.close_all()

    with ThreadPoolExecutor(len(deeds)) as pool:
        return [future.result() for future in [pool.submit(run, deed) for deed in deeds]]
