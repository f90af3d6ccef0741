"""What an event says: from a change of ours to the type and data that other systems read (docs/events.md)."""

from collections.abc import Sequence
from typing import Any

from django.db import models

from inventory.models import Reservation, StockAlert, Transfer
from inventory.signals import StockChange

from . import events
from .history import UNTOLD, plain

Change = tuple[dict[str, Any] | None, dict[str, Any] | None]

#: What identifies a row to a reader.
NAMES = ("id", "sku", "code", "name", "slug", "version")


def rows(model: type[models.Model], changes: Sequence[Change]) -> None:
    """`product.created`, `category.updated`, `location.deleted` …; `changed` names the fields."""
    noun = str(model._meta.model_name)
    happened = []
    for before, after in changes:
        values = after or before or {}
        changed = sorted(_changed(before, after))
        if before and after and not changed:
            continue
        verb = "updated" if before and after else "created" if after else "deleted"
        data = {name: plain(values[name]) for name in NAMES if name in values}
        happened.append((f"{noun}.{verb}", values["id"], {**data, "changed": changed}))
    events.append_many(happened)


def stock(changes: Sequence[StockChange]) -> None:
    """`stock.changed`: `available` over all locations, before and after, per product."""
    events.append_many(
        [
            (
                "stock.changed",
                change.product,
                {"product": change.product, "available_before": change.before, "available": change.after},
            )
            for change in changes
            if change.location is None
        ]
    )


def alerts(type: str, told: Sequence[StockAlert]) -> None:
    events.append_many(
        [
            (
                type,
                alert.product_id,
                {
                    "id": str(alert.pk),
                    "product": str(alert.product_id),
                    "sku": alert.sku,
                    "severity": alert.severity,
                    "reorder_point": alert.reorder_point,
                    "available": alert.available,
                    "suggested_quantity": alert.suggested_quantity,
                },
            )
            for alert in told
        ]
    )


def reservation(row: Reservation, change: str) -> None:
    """`reservation.created`, `.confirmed`, `.fulfilled`, `.released`, `.cancelled`, `.expired`, `.extended`."""
    lines = [
        {"sku": line.sku, "location": line.location.code, "quantity": line.quantity, "fulfilled": line.fulfilled}
        for line in row.lines.select_related("location")
    ]
    data = {"id": str(row.pk), "state": row.state, "owner": row.owner, "reference": row.reference, "lines": lines}
    events.append(f"reservation.{change}", row.pk, data)


def transfer(row: Transfer, change: str) -> None:
    """`transfer.created`, `.received`, `.cancelled`."""
    lines = [
        {"sku": line.sku, "quantity": line.quantity, "received": line.received, "shortfall": line.shortfall}
        for line in row.lines.all()
    ]
    data = {"id": str(row.pk), "state": row.state, "reference": row.reference, "lines": lines}
    events.append(f"transfer.{change}", row.pk, data)


def _changed(before: dict[str, Any] | None, after: dict[str, Any] | None) -> set[str]:
    was, now = before or {}, after or {}
    return {
        name.removesuffix("_id") for name in {**was, **now} if name not in UNTOLD and was.get(name) != now.get(name)
    }
