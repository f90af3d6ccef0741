"""Our own signals: the one thing in the house that travels upwards.

Django's `pre_save`/`post_save`/`pre_delete`/`post_delete` ring for single rows. These ring where Django's do not, or
where stock is concerned. All are sent with `Signal.send`, inside the transaction that makes the change.

`rows_creating`   sender=model, instances: list, using: str    before `bulk_create` writes them (fill in what they lack)
`rows_updating`   sender=model, values: dict, using: str       before `QuerySet.update` sets these columns (add to them)
`rows_changed`    sender=model, changes: list[RowChange], using: str
                  after `QuerySet.update`, `bulk_create`, `bulk_update` and bulk SQL; after changes of an API key
`stock_changed`   sender=StockLevel, changes: list[StockChange], using: str
                  after counters moved with their ledger rows
`policy_changed`  sender=ProductStock, changes: list[StockChange], using: str
                  after reorder points or safety stock moved
`alert_opened`    sender=StockAlert, alerts: list[StockAlert]
`alert_resolved`  sender=StockAlert, alerts: list[StockAlert]
`reservation_changed`  sender=Reservation, reservation: Reservation, change: str    created, confirmed, fulfilled …
`transfer_changed`     sender=Transfer, transfer: Transfer, change: str             created, received, cancelled
"""

from dataclasses import asdict, dataclass
from typing import Any

from django.dispatch import Signal

rows_creating = Signal()
rows_updating = Signal()
rows_changed = Signal()
stock_changed = Signal()
policy_changed = Signal()
alert_opened = Signal()
alert_resolved = Signal()
reservation_changed = Signal()
transfer_changed = Signal()


@dataclass(frozen=True, slots=True)
class RowChange:
    """One row of a bulk write: its column values before (None: created) and after (None: deleted)."""

    pk: Any
    before: dict[str, Any] | None
    after: dict[str, Any] | None


@dataclass(frozen=True, slots=True)
class StockChange:
    """What moved for one product (`location` None: the product's totals) or one of its levels. Units are pieces.

    `before`/`after` are `available`; the reorder points are the ones in force (None: no alert wanted).
    """

    product: str
    location: str | None
    before: int
    after: int
    reorder_point_before: int | None
    reorder_point: int | None

    @property
    def was_low(self) -> bool:
        return self.reorder_point_before is not None and self.before < self.reorder_point_before

    @property
    def is_low(self) -> bool:
        return self.reorder_point is not None and self.after < self.reorder_point

    def as_dict(self) -> dict[str, Any]:
        return asdict(self)
