"""Alerts: one per true fall below a reorder point, resolved by the climb back; acknowledged and snoozed by people.

`review` runs inside the transaction that moved the stock, under the row lock of the product's totals, so what it is
told (`before`, `after`) is what really happened, in order. A partial unique index keeps one open alert per product
and place.
"""

from collections.abc import Iterable, Sequence
from datetime import datetime
from uuid import UUID

from django.db.models import Q, QuerySet
from django.utils import timezone

from inventory import locks
from inventory.context import Actor
from inventory.errors import InvalidTransition, NotFound
from inventory.models import AlertState, Product, ProductStock, Severity, StockAlert, StockLevel
from inventory.models.catalog import INT_MAX
from inventory.signals import StockChange, alert_opened, alert_resolved

from .base import operation

#: A product, and a location of it (None: its totals).
Place = tuple[UUID, UUID | None]


def review(changes: Iterable[StockChange]) -> None:
    """Open, resolve or re-grade the alerts of everything that crossed its reorder point. Idempotent."""
    fell, rose, sank = [], [], []
    for change in changes:
        if change.is_low and not change.was_low:
            fell.append(change)
        elif change.was_low and not change.is_low:
            rose.append(change)
        elif change.is_low and (change.before <= 0) != (change.after <= 0):
            sank.append(change)
    if rose:
        _resolve(rose)
    if fell:
        _open(fell)
    if sank:
        _regrade(sank)


def catch_up(changes: Iterable[StockChange]) -> None:
    """Review `changes` of the past whose review failed, then bring their alerts to what is true now."""
    changes = list(changes)
    products = sorted({UUID(change.product) for change in changes})
    locks.totals(products)
    review(changes)
    present = _present(products)
    unresolved = {(alert.product_id, alert.location_id): alert for alert in _unresolved_of(products)}
    for place, alert in unresolved.items():
        if place not in present or not present[place].is_low:
            _close(StockAlert.objects.filter(pk=alert.pk))
    # What rose in the past and is low now has fallen again: its alert was taken for the old one, which is closed.
    crossed = {_place(change) for change in changes if change.was_low != change.is_low}
    missing = [present[place] for place in crossed - set(unresolved) if place in present and present[place].is_low]
    if missing:
        _open(missing)


def _present(products: Sequence[UUID]) -> dict[Place, StockChange]:
    """What is true now of the products and of their levels, as a change of nothing."""
    stocks = ProductStock.objects.filter(pk__in=products, tracked=True)
    levels = StockLevel.objects.filter(product__in=[stock.pk for stock in stocks])
    rows = [
        *((stock.pk, None, stock.available, stock.reorder_point_in_force) for stock in stocks),
        *((level.product_id, level.location_id, level.available, level.reorder_point) for level in levels),
    ]
    present = {}
    for product, location, pieces, point in rows:
        name = None if location is None else str(location)
        present[product, location] = StockChange(str(product), name, pieces, pieces, point, point)
    return present


def _place(change: StockChange) -> Place:
    return UUID(change.product), UUID(change.location) if change.location else None


def _unresolved_of(products: Sequence[UUID]) -> QuerySet[StockAlert]:
    return StockAlert.objects.filter(product__in=products, resolved_at=None)


def resolve_all_of(product: UUID) -> None:
    """Close what is open for a product that goes away."""
    _close(_unresolved_of([product]))


@operation
def acknowledge(alert: StockAlert, *, actor: Actor) -> StockAlert:
    """Say that somebody takes care. Acknowledging twice keeps the first name."""
    alert = _unresolved(alert)
    if alert.state != AlertState.ACKNOWLEDGED:
        alert.state, alert.acknowledged_by, alert.snoozed_until = AlertState.ACKNOWLEDGED, str(actor), None
        alert.save(update_fields=["state", "acknowledged_by", "snoozed_until"])
    return alert


@operation
def snooze(alert: StockAlert, *, until: datetime, actor: Actor) -> StockAlert:
    """Put the alert aside until `until`; it resolves by itself all the same."""
    alert = _unresolved(alert)
    alert.state, alert.snoozed_until = AlertState.SNOOZED, until
    alert.save(update_fields=["state", "snoozed_until"])
    return alert


@operation
def wake(*, actor: Actor) -> int:
    """Reopen the alerts whose snooze is over. Returns how many."""
    over = StockAlert.objects.filter(state=AlertState.SNOOZED, snoozed_until__lte=timezone.now())
    return over.update(state=AlertState.OPEN, snoozed_until=None)


def _open(changes: Sequence[StockChange]) -> None:
    products = Product.objects.in_bulk([change.product for change in changes])
    alerts = []
    for change in changes:
        product = products.get(UUID(change.product))
        if product is None or not product.track_stock:
            continue
        reorder_point = change.reorder_point or 0
        alerts.append(
            StockAlert(
                product=product,
                sku=product.sku,
                location_id=change.location,
                severity=_severity(change.after),
                reorder_point=reorder_point,
                available=change.after,
                suggested_quantity=suggested_quantity(product, change.after, reorder_point),
            )
        )
    # A replayed review finds its alert there already: the index keeps it one.
    StockAlert.objects.bulk_create(alerts, ignore_conflicts=True)
    opened = list(StockAlert.objects.filter(pk__in=[alert.pk for alert in alerts]))
    if opened:
        alert_opened.send(sender=StockAlert, alerts=opened)


def _resolve(changes: Sequence[StockChange]) -> None:
    _close(StockAlert.objects.filter(_of(changes), resolved_at=None))


def _close(alerts: QuerySet[StockAlert]) -> None:
    resolved = list(alerts)
    if not resolved:
        return
    now = timezone.now()
    StockAlert.objects.filter(pk__in=[alert.pk for alert in resolved]).update(
        state=AlertState.RESOLVED, resolved_at=now, snoozed_until=None
    )
    for alert in resolved:
        alert.state, alert.resolved_at = AlertState.RESOLVED, now
    alert_resolved.send(sender=StockAlert, alerts=resolved)


def _regrade(changes: Sequence[StockChange]) -> None:
    for change in changes:
        StockAlert.objects.filter(_of([change]), resolved_at=None).update(
            severity=_severity(change.after), available=change.after
        )


def _of(changes: Sequence[StockChange]) -> Q:
    totals = [change.product for change in changes if change.location is None]
    places = Q(pk__in=[])
    for change in changes:
        if change.location is not None:
            places |= Q(product=change.product, location=change.location)
    return Q(product__in=totals, location=None) | places


def _severity(available: int) -> str:
    return Severity.OUT_OF_STOCK if available <= 0 else Severity.LOW_STOCK


def suggested_quantity(product: Product, available: int, reorder_point: int) -> int:
    """What to order, in pieces: the product's reorder quantity, or what brings it back to twice the reorder point."""
    return min(INT_MAX, product.reorder_quantity or max(1, 2 * reorder_point - available))


def _unresolved(alert: StockAlert) -> StockAlert:
    fresh = locks.row(StockAlert, alert.pk)
    if fresh is None:
        raise NotFound("This alert does not exist any more.")
    if fresh.state == AlertState.RESOLVED:
        raise InvalidTransition("This alert is resolved already; its state is resolved.")
    return fresh
