"""The world in which every door is tried, and the ways in which code writes a row."""

import json
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from django.core import serializers
from django.core.management import call_command

from inventory.context import acting_as
from inventory.models import Category, Product, StockLevel
from tests.builders import BEN, make_category, make_location, make_product
from tests.client import Api

from .desk import Desk

API, PERSON, CODE = "api_key:tests", "user:root", "user:ben"


@dataclass
class World:
    """A product `A`, ten pieces, reorder point 5, on a shelf; a shop; and everybody who may come to the doors."""

    api: Api
    tmp_path: Path
    shelf: Category
    product: Product
    level: StockLevel

    @property
    def desk(self) -> Desk:
        return Desk()

    def fresh(self) -> Product:
        return Product.objects.get(pk=self.product.pk)

    def load(self, row: Any, **changed: Any) -> None:
        """Through a fixture."""
        text = json.loads(serializers.serialize("json", [row]))
        text[0]["fields"] |= changed
        file = self.tmp_path / "fixture.json"
        file.write_text(json.dumps(text))
        call_command("loaddata", str(file), verbosity=0)

    def read(self) -> tuple[str, dict[str, Any]]:
        answer = self.api.get(f"products/{self.product.pk}")
        return answer.headers.get("Cache-Status", ""), answer.json()

    def names(self) -> list[str]:
        return [row["name"] for row in self.api.get(f"categories/{self.shelf.pk}/products").json()["results"]]

    def warm(self) -> None:
        """Everything is in the cache."""
        self.read(), self.names()
        assert self.read()[0] == "stockroom; hit"
        assert self.names() == ["Mug"]


def furnished(api: Api, tmp_path: Path) -> World:
    shelf = make_category("Shelf")
    product = make_product("A", name="Mug", category=shelf, reorder_point=5, on_hand=10)
    make_location("SHOP")
    return World(api, tmp_path, shelf, product, product.levels.get())


Deed = Callable[[World], object]


def doors(table: dict[str, tuple[str, Deed]]) -> Any:
    return pytest.mark.parametrize(("actor", "deed"), list(table.values()), ids=list(table))


def put(world: World, path: str, **changed: Any) -> None:
    """PUT the whole object with some members changed."""
    body = world.api.get(path).json()
    version = body["version"]
    read_only = {"id", "slug", "stock", "version", "created_at", "updated_at", "last_modified_by"}
    body = {name: value for name, value in body.items() if name not in read_only}
    assert world.api.put(path, {**body, **changed}, version=version).status_code == 200


def saved(row: Any, fields: list[str] | None = None, **values: Any) -> None:
    for name, value in values.items():
        setattr(row, name, value)
    with acting_as(BEN):
        row.save(update_fields=fields)


def bulk_updated(row: Any, **values: Any) -> None:
    for name, value in values.items():
        setattr(row, name, value)
    with acting_as(BEN):
        type(row).objects.bulk_update([row], list(values))


def updated(row: Any, **values: Any) -> None:
    with acting_as(BEN):
        type(row).objects.filter(pk=row.pk).update(**values)
