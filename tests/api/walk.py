"""A day in a warehouse: one request for every operation, in an order in which each of them succeeds."""

from dataclasses import dataclass, field
from typing import Any

from tests.api.contract import operation_at
from tests.api.door import Answer, Door

MORNING, EVENING = "2030-01-01T08:00:00Z", "2030-01-01T18:00:00Z"


@dataclass
class Walk:
    """`taken`: operation id → (the request's body or None, the answer)."""

    door: Door
    taken: dict[str, tuple[Any, Answer]] = field(default_factory=dict)

    def take(self, method: str, path: str, body: Any = None, **headers: str) -> Any:
        """Make one request and keep the first of each operation. The body of the answer."""
        if method in ("PUT", "PATCH", "DELETE"):
            headers.setdefault("if_match", "*")
        answer = self.door.call(method, path, body, **headers)
        assert answer.status < 300, f"{method} {path}: {answer.status} {answer.body[:500]!r}"
        operation = operation_at(method, f"/api/v1/{path.partition('?')[0]}")
        assert operation is not None, f"{method} {path} is not published"
        self.taken.setdefault(operation["operationId"], (body, answer))
        return answer.json() if answer.body else None

    def get(self, path: str) -> Any:
        return self.take("GET", path)

    def post(self, path: str, body: Any) -> Any:
        return self.take("POST", path, body)

    def all(self) -> dict[str, tuple[Any, Answer]]:
        for part in (catalogue, stock, transfers, reservations, alerts, keys, archive, history):
            part(self)
        return self.taken


def catalogue(walk: Walk) -> None:
    mugs = walk.post("categories", {"name": "Mugs", "description": "What one drinks from.", "reorder_point": 5})
    category = f"categories/{mugs['id']}"
    walk.get("categories")
    walk.get(category)
    walk.take("PUT", category, {"name": "Mugs and cups", "reorder_point": 5, "safety_stock": 1})
    walk.take("PATCH", category, {"safety_stock": 0})
    east = walk.post("locations", {"code": "EAST", "name": "East warehouse", "address": "1 Dock Road", "priority": 200})
    walk.get("locations")
    walk.get(f"locations/{east['id']}")
    walk.take("PUT", f"locations/{east['id']}", {"code": "EAST", "name": "East", "priority": 150})
    walk.take("PATCH", f"locations/{east['id']}", {"name": "East warehouse"})
    mug = {"sku": "MUG-RED", "name": "Red mug", "category": mugs["id"], "price": "12.50", "currency": "EUR"}
    made = walk.post("products", {**mug, "options": {"colour": "red"}, "barcode": "4006381333931", "reorder_point": 10})
    walk.take("PUT", f"products/{made['id']}", {**mug, "price": "11.90", "reorder_point": 10, "reorder_quantity": 40})
    walk.take("PATCH", "products/sku:MUG-RED", {"price": "12.90"})


def stock(walk: Walk) -> None:
    received = [{"sku": "MUG-RED", "delta": 40}]
    walk.post("stock/adjustments", {"reason": "received", "reference": "PO-1001", "lines": received})
    counted = [{"sku": "MUG-RED", "location": "MAIN", "counted": 38, "expected_on_hand": 40}]
    walk.post("stock/counts", {"reference": "COUNT-7", "note": "Two were broken.", "lines": counted})
    levels = walk.get("stock/levels?sku=MUG-RED")["results"]
    walk.get(f"stock/levels/{levels[0]['id']}")
    walk.take("PATCH", f"stock/levels/{levels[0]['id']}", {"safety_stock": 2})
    movements = walk.get("stock/movements?sku=MUG-RED")["results"]
    walk.get(f"stock/movements/{movements[0]['id']}")
    walk.get("products")
    walk.get("products/sku:MUG-RED")
    walk.get("products/sku:MUG-RED/stock")
    walk.get(f"categories/{walk.get('categories')['results'][0]['id']}/products")


def transfers(walk: Walk) -> None:
    sent = {"from_location": "MAIN", "to_location": "EAST", "in_transit": True, "reference": "TRUCK-3"}
    first = walk.post("stock/transfers", {**sent, "lines": [{"sku": "MUG-RED", "quantity": 8}]})
    walk.get("stock/transfers")
    walk.get(f"stock/transfers/{first['id']}")
    walk.post(f"stock/transfers/{first['id']}/receive", {"lines": [{"sku": "MUG-RED", "quantity": 7}], "close": True})
    second = walk.post("stock/transfers", {**sent, "lines": [{"sku": "MUG-RED", "quantity": 1}]})
    walk.post(f"stock/transfers/{second['id']}/cancel", {})


def reservations(walk: Walk) -> None:
    lines = [{"sku": "MUG-RED", "quantity": 2}]
    walk.post("reservations/plan", {"strategy": "fewest_splits", "lines": lines})

    def hold() -> str:
        held = walk.post("reservations", {"reference": "ORDER-5", "owner": "cart-1", "expires_in": 900, "lines": lines})
        return f"reservations/{held['id']}"

    sold, returned, left = hold(), hold(), hold()
    walk.get("reservations")
    walk.get(sold)
    walk.post(f"{sold}/extend", {"expires_in": 1800})
    walk.post(f"{sold}/confirm", {})
    walk.post(f"{sold}/fulfil", {"lines": [{"sku": "MUG-RED", "quantity": 2}]})
    walk.post(f"{returned}/confirm", {})
    walk.post(f"{returned}/cancel", {})
    walk.post(f"{left}/release", {})
    hold()
    walk.post("reservations/release", {"owner": "cart-1"})


def alerts(walk: Walk) -> None:
    walk.post("stock/adjustments", {"reason": "sold", "lines": [{"sku": "MUG-RED", "delta": -25}]})
    (alert,) = walk.get("alerts")["results"]
    walk.get(f"alerts/{alert['id']}")
    walk.post(f"alerts/{alert['id']}/acknowledge", {})
    walk.post(f"alerts/{alert['id']}/snooze", {"until": EVENING})


def keys(walk: Walk) -> None:
    key = walk.post("api_keys", {"name": "Shop", "scopes": ["catalog:read", "stock:write"], "expires_in": 31_536_000})
    walk.get("api_keys")
    walk.get(f"api_keys/{key['id']}")
    walk.post(f"api_keys/{key['id']}/rotate", {"overlap": 3600})
    walk.take("DELETE", f"api_keys/{key['id']}")
    walk.get("me")


def archive(walk: Walk) -> None:
    plate = walk.post("products", {"sku": "PLATE", "name": "Plate"})
    walk.take("DELETE", f"products/{plate['id']}")
    (kept,) = walk.get("archive")["results"]
    walk.get(f"archive/{kept['id']}")
    walk.post(f"archive/{kept['id']}/restore", {})
    walk.take("DELETE", f"categories/{walk.post('categories', {'name': 'Forks'})['id']}")
    walk.take("DELETE", f"locations/{walk.post('locations', {'code': 'WEST', 'name': 'West'})['id']}")


def history(walk: Walk) -> None:
    walk.get("products/sku:MUG-RED/history")
    walk.get("activity")
    walk.get("events")
