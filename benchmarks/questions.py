"""What people ask of lists: a name → the address that is asked. Rare values have twenty rows at any size."""

from collections.abc import Sequence
from datetime import timedelta
from typing import Any
from urllib.parse import urlencode

from django.utils import timezone

from api import cursors
from api.cursors import Cursor
from inventory.models import Category, Product, ProductStock, StockMovement

from .past import FEW

ROOT = "/api/v1/"


def address(path: str, **parameters: Any) -> str:
    return ROOT + path + ("?" + urlencode(parameters, doseq=True) if parameters else "")


def deep(path: str, row: Any, keys: Sequence[str], **parameters: Any) -> str:
    """The page that begins behind `row`."""
    values = tuple(getattr(row, name.removeprefix("-")) for name in keys)
    cursor = cursors.write(Cursor(values), path=ROOT + path, ordering=tuple(keys))
    return address(path, cursor=cursor, **parameters)


def of_ledger() -> dict[str, str]:
    rows = StockMovement.objects.order_by("id")
    count = rows.count()
    first, middle, oldest = rows[0], rows[count // 2], rows[count // 50]
    at = {name: row.recorded_at.isoformat() for name, row in (("middle", middle), ("first", first))}
    hour = (middle.recorded_at + timedelta(hours=1)).isoformat()
    busy, former = Product.objects.order_by("id")[2], Product.objects.get(sku="RENAMED")
    asked = {
        "first page": {},
        "product": {"product": busy.pk},
        "product by sku:": {"product": f"sku:{busy.sku}"},
        "sku": {"sku": busy.sku},
        "sku, two": {"sku": [busy.sku, "sku-0000003"]},
        "sku, a former one": {"sku": "SKU-0000001"},
        "sku, none": {"sku": "NO-SUCH"},
        "location, common": {"location": "SHOP"},
        "location, rare": {"location": "VAN"},
        "kind, common": {"kind": "adjustment"},
        "kind, none": {"kind": "cancel"},
        "reason, common": {"reason": "sold"},
        "reason, rare": {"reason": "found"},
        "reason, none": {"reason": "lost"},
        "reference, common": {"reference": "ONLINE"},
        "reference, rare": {"reference": middle.reference or "PO-1"},
        "reference, none": {"reference": "NO-SUCH"},
        "since the middle": {"since": at["middle"]},
        "until the middle": {"until": at["middle"]},
        "an hour long ago": {"since": at["middle"], "until": hour},
        "until before all": {"until": "2001-01-01T00:00:00Z"},
        "since the future": {"since": "2101-01-01T00:00:00Z"},
        "product and kind": {"product": busy.pk, "kind": "fulfil"},
        "product and kind, none": {"product": busy.pk, "kind": "cancel"},
        "product and until": {"product": busy.pk, "until": at["middle"]},
        "sku and location": {"sku": busy.sku, "location": "DEPOT"},
        "location and reason": {"location": "SHOP", "reason": "sold"},
        "location and rare reason, none": {"location": "SHOP", "reason": "found"},
        "location and until": {"location": "SHOP", "until": at["middle"]},
        "reason and until": {"reason": "sold", "until": at["middle"]},
        "kind and since, none": {"kind": "cancel", "since": at["middle"]},
        "reference and until": {"reference": "ONLINE", "until": at["middle"]},
        "rare location and common kind": {"location": "VAN", "kind": "adjustment"},
    }
    path = "stock/movements"
    found = {name: address(path, **parameters) for name, parameters in asked.items()}
    found["page at 50 %"] = deep(path, middle, ("-id",))
    found["page at 98 %"] = deep(path, oldest, ("-id",))
    found["location, page at 98 %"] = deep(path, oldest, ("-id",), location="SHOP")
    found["reason, page at 98 %"] = deep(path, oldest, ("-id",), reason="sold")
    return found | _as_of(busy, former, at["middle"])


def _as_of(busy: Product, former: Product, middle: str) -> dict[str, str]:
    now = (timezone.now() - timedelta(seconds=1)).isoformat()
    instants = {"a second ago": now, "the middle": middle, "before all": "2001-01-01T00:00:00Z"}
    found = {}
    for name, instant in instants.items():
        found[f"50 levels as of {name}"] = address("stock/levels", as_of=instant)
        found[f"a product as of {name}"] = address(f"products/{busy.pk}/stock", as_of=instant)
    found["50 levels"] = address("stock/levels")
    found["levels, low_stock of their own, none"] = address("stock/levels", state="low_stock")
    found["levels, out_of_stock, none"] = address("stock/levels", state="out_of_stock")
    found["levels, in_stock"] = address("stock/levels", state="in_stock")
    found["levels of a location as of the middle"] = address("stock/levels", location="SHOP", as_of=middle)
    found["levels of a sku as of the middle"] = address("stock/levels", sku=former.sku, as_of=middle)
    return found


def of_products() -> dict[str, str]:
    rows = Product.objects.order_by("created_at", "id")
    count = rows.count()
    middle, oldest = rows[count // 2], rows[count // 50]
    names, prices = Product.objects.order_by("name", "id"), Product.objects.order_by("price", "id")
    few = ProductStock.objects.order_by("-available")[FEW].available
    dear = Product.objects.order_by("-price")[FEW].price
    common, rare = (Category.objects.get(slug=f"shelf-{n}") for n in (5, 100))
    asked = {
        "first page": {},
        "by created_at": {"ordering": "-created_at"},
        "by name": {"ordering": "name"},
        "by price": {"ordering": "price"},
        "by available": {"ordering": "-available"},
        "by sku": {"ordering": "sku"},
        "by updated_at": {"ordering": "-updated_at"},
        "sku": {"sku": middle.sku.lower()},
        "category, common": {"category": common.pk},
        "category, common, by name": {"category": common.pk, "ordering": "name"},
        "category, rare": {"category": rare.pk},
        "category, rare, by name": {"category": rare.pk, "ordering": "name"},
        "status, common": {"status": "active"},
        "status, none": {"status": "draft"},
        "in_stock": {"state": "in_stock"},
        "low_stock, 1 %": {"state": "low_stock"},
        "out_of_stock, 10 %": {"state": "out_of_stock"},
        "low_stock, by name": {"state": "low_stock", "ordering": "name"},
        "low_stock in a category, none": {"state": "low_stock", "category": common.pk},
        "available_min, common": {"available_min": 1},
        "available_min, rare": {"available_min": few},
        "available_min, none": {"available_min": 2_000_000_000},
        "available_max, common": {"available_max": 0},
        "price range, common": {"price_min": "600", "price_max": "700"},
        "price range, rare": {"price_min": dear},
        "price range, none": {"price_min": "5000"},
        "price range, by name": {"price_min": "600", "price_max": "700", "ordering": "name"},
        "updated_since, half": {"updated_since": middle.updated_at.isoformat()},
        "updated_since, none": {"updated_since": "2101-01-01T00:00:00Z"},
        "q, in every product": {"q": "mug"},
        "q, in 10 %": {"q": "steel"},
        "q, two common words": {"q": "mug steel"},
        "q, in 1 of the product": {"q": middle.sku},
        "q, rare": {"q": "zirconium"},
        "q, none": {"q": "unobtainium"},
        "q, rare, by name": {"q": "zirconium", "ordering": "name"},
        "q, 10 %, by name": {"q": "steel", "ordering": "name"},
        "q, 10 %, in a rare category": {"q": "steel", "category": rare.pk},
    }
    path = "products"
    found = {name: address(path, **parameters) for name, parameters in asked.items()}
    skus = Product.objects.order_by("sku", "id")
    found["by sku, page at 98 %"] = deep(path, skus[count * 98 // 100], ("sku", "id"), ordering="sku")
    found["page at 50 %"] = deep(path, middle, ("-id",))
    found["page at 98 %"] = deep(path, oldest, ("-id",))
    found["by name, page at 98 %"] = deep(path, names[count * 98 // 100], ("name", "id"), ordering="name")
    found["by price, page at 98 %"] = deep(path, prices[count * 98 // 100], ("price", "id"), ordering="price")
    found["in_stock, page at 98 %"] = deep(path, oldest, ("-id",), state="in_stock")
    return found | _deep_by_stock(count)


def _deep_by_stock(count: int) -> dict[str, str]:
    row = ProductStock.objects.order_by("-available", "-product")[count * 9 // 10]
    values = (row.available, row.product_id)
    cursor = cursors.write(Cursor(values), path=ROOT + "products", ordering=("-stock__available", "-id"))
    return {"by available, page at 90 %": address("products", ordering="-available", cursor=cursor)}
