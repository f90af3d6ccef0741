"""Stock: levels, the ledger, adjustments, counts."""

from typing import Any
from uuid import UUID

from django.db.models import QuerySet
from django.db.models.functions import Lower
from drf_spectacular.utils import extend_schema
from rest_framework.request import Request
from rest_framework.response import Response

from api import filters
from api.bodies import checked
from api.idempotency import idempotent
from api.pagination import Page, page_of
from api.serializers.stock import (
    AdjustmentSerializer,
    BookingSerializer,
    CountSerializer,
    LevelSerializer,
    MovementSerializer,
    PolicySerializer,
    ProductLevelsSerializer,
    lines_of,
)
from api.viewsets.base import ListMixin, RetrieveMixin, StockroomViewSet
from api.viewsets.bookings import booking_body
from api.viewsets.products import product_of
from inventory.models import (
    Kind,
    Location,
    Product,
    ProductStock,
    Reason,
    State,
    StockLevel,
    StockMovement,
    as_of,
)
from inventory.models.reservations import available_at_levels, lapsed_at_levels
from inventory.operations import stock


class PlacedFilter(filters.FilterSet):
    """What levels and movements share: `product` (id or sku:<SKU>), `sku`, `location` (code)."""

    product = filters.TextFilter(method="by_product", help_text="A product's id, or sku:<SKU>.")
    sku = filters.TextListFilter(method="by_sku", max_length=64)
    location = filters.TextFilter(method="by_location", max_length=64, help_text="A location's code.")

    def by_product(self, queryset: QuerySet[Any], name: str, value: str) -> QuerySet[Any]:
        if value.startswith("sku:"):
            found = Product.objects.by_sku(value[4:]).values_list("pk", flat=True).first()
            # A product that is gone is known by the SKU that it had.
            return self.by_sku(queryset, name, [value[4:]]) if found is None else queryset.filter(product_id=found)
        try:
            return queryset.filter(product_id=UUID(value))
        except ValueError:
            return queryset.none()

    def by_sku(self, queryset: QuerySet[Any], name: str, values: list[str]) -> QuerySet[Any]:
        # Read first: joined, PostgreSQL would walk through all rows in order of their ids.
        names = {value.lower() for value in values}
        found = Product.objects.alias(sku_lower=Lower("sku")).filter(sku_lower__in=names).values_list("pk", flat=True)
        return queryset.filter(product_id__in=list(found))

    def by_location(self, queryset: QuerySet[Any], name: str, value: str) -> QuerySet[Any]:
        found = Location.objects.filter(code=value).values_list("pk", flat=True).first()
        return queryset.none() if found is None else queryset.filter(location_id=found)


class LevelFilter(PlacedFilter):
    state = filters.ChoiceFilter(method="by_state", choices=State.choices)

    def by_state(self, queryset: Any, name: str, value: str) -> Any:
        return queryset.in_state(value, available_at_levels())


class LevelViewSet(ListMixin, RetrieveMixin):
    """Stock levels: one per product and location."""

    required_scopes = {"read": "stock:read", "write": "stock:write"}
    queryset = StockLevel.objects.all()
    serializer_class = LevelSerializer
    filterset_class = LevelFilter
    default_ordering = ("id",)
    extra_parameters = {"list": frozenset({"as_of"}), "retrieve": frozenset({"as_of"})}

    def get_queryset(self) -> QuerySet[StockLevel]:
        return seen_by(self, current(StockLevel.objects.all()))

    def list(self, request: Request) -> Response:
        """Levels as they are, or as they were at `as_of`."""
        page = self.page(self.get_queryset())
        at = filters.moment(request, "as_of")
        return self.answer_page(page, LevelSerializer(levels_at(page.rows, at), many=True).data)

    def retrieve(self, request: Request, pk: str) -> Response:
        (level,) = levels_at([self.get_object()], filters.moment(request, "as_of"))
        return self.answer(LevelSerializer(level).data, version=level.version, shows_more=True)

    @extend_schema(request=PolicySerializer, responses=LevelSerializer)
    def partial_update(self, request: Request, pk: str) -> Response:
        """Change the level's own policies; its counters move through adjustments, counts and transfers."""
        level = self.get_object()
        expected = self.expected_version(request, level.version)
        serializer = PolicySerializer(data=request.data)
        serializer.is_valid(raise_exception=True)
        level = stock.set_policies(level, actor=self.actor, expected_version=expected, **serializer.validated_data)
        (level,) = levels_at([self.get_queryset().get(pk=level.pk)], None)
        return self.answer(LevelSerializer(level).data, version=level.version, shows_more=True)


class MovementFilter(PlacedFilter):
    kind = filters.ChoiceFilter(choices=Kind.choices)
    reason = filters.ChoiceFilter(choices=Reason.choices)
    reference = filters.TextFilter(max_length=255)
    since = filters.DateTimeFilter(method="by_since")
    until = filters.DateTimeFilter(method="by_until")

    def by_since(self, queryset: Any, name: str, value: Any) -> Any:
        return queryset.since(value)

    def by_until(self, queryset: Any, name: str, value: Any) -> Any:
        return queryset.until(value)

    def by_sku(self, queryset: Any, name: str, values: list[str]) -> Any:
        # The ledger's own text: it still knows the SKU of a product that is gone.
        return queryset.of_sku(values)

    def by_location(self, queryset: Any, name: str, value: str) -> Any:
        return queryset.at_location(value)


class MovementViewSet(ListMixin):
    """The ledger: append-only, newest first."""

    required_scopes = {"read": "stock:read", "write": "stock:write"}
    queryset = StockMovement.objects.all()
    serializer_class = MovementSerializer
    filterset_class = MovementFilter
    default_ordering = ("-id",)
    indexed = ("product", "sku", "location", "kind", "reason", "reference")

    def get_queryset(self) -> QuerySet[StockMovement]:
        return seen_by(self, StockMovement.objects.all())

    def page(self, queryset: QuerySet[StockMovement]) -> Page:
        # With one value given, an index begins with it and has the rows in order: nothing else is to be tried.
        one = any(len(self.request.query_params.getlist(name)) == 1 for name in self.indexed)
        one = one or len(self.caller.location_ids or ()) == 1
        return page_of(self.filter_queryset(queryset), self.request, self.default_ordering, nulls_small=one)

    def retrieve(self, request: Request, pk: str) -> Response:
        return self.answer(MovementSerializer(self.get_object()).data, version=1)


class AdjustmentViewSet(StockroomViewSet):
    """Deltas with a reason."""

    required_scopes = {"read": "stock:read", "write": "stock:write"}

    @extend_schema(request=AdjustmentSerializer, responses={201: BookingSerializer})
    @idempotent
    def create(self, request: Request) -> Response:
        """Add each line's delta to its level: all lines, or none."""
        values = checked(AdjustmentSerializer, request)
        lines = lines_of(values.pop("lines"), "delta")
        booking = stock.adjust(lines, actor=self.actor, allowed_locations=self.caller.location_ids, **values)
        return Response(booking_body(booking), status=201)


class CountViewSet(StockroomViewSet):
    """Counted figures."""

    further_errors = (428,)
    required_scopes = {"read": "stock:read", "write": "stock:write"}

    @extend_schema(request=CountSerializer, responses={201: BookingSerializer})
    @idempotent
    def create(self, request: Request) -> Response:
        """Set each level's on_hand to what was counted, if it still is what the counter believed."""
        values = checked(CountSerializer, request)
        lines = lines_of(values.pop("lines"), "counted")
        booking = stock.count(lines, actor=self.actor, allowed_locations=self.caller.location_ids, **values)
        return Response(booking_body(booking), status=201)


class ProductStockViewSet(StockroomViewSet):
    """The stock of one product over its locations."""

    required_scopes = {"read": "stock:read", "write": "stock:write"}
    extra_parameters = {"retrieve": frozenset({"as_of"})}

    @extend_schema(responses=ProductLevelsSerializer)
    def retrieve(self, request: Request, pk: str) -> Response:
        """Totals and levels, as they are or as they were at `as_of`."""
        product = product_of(pk)
        at = filters.moment(request, "as_of")
        levels = levels_at(list(seen_by(self, current(product.levels.all()))), at)
        names = ("on_hand", "unavailable", "allocated", "reserved", "available", "incoming")
        totals = {name: sum(getattr(level, name) for level in levels) for name in names}
        totals["safety_stock"] = sum(level.safety_stock_in_force for level in levels) if at is None else 0
        if at is not None:
            totals["safety_stock"] = sum(totals[n] * s for n, s in _PARTS) - totals["available"]
        policy = ProductStock.objects.get(pk=product.pk)
        body = {
            "product": product.pk,
            "sku": product.sku,
            "as_of": at,
            **totals,
            "state": policy.state_of(totals["available"]),
            "levels": levels,
        }
        return self.answer(ProductLevelsSerializer(body).data, version=product.version, shows_more=True)


#: available = on_hand − unavailable − allocated − reserved − safety_stock, solved for the safety stock of that time.
_PARTS = (("on_hand", 1), ("unavailable", -1), ("allocated", -1), ("reserved", -1))


def seen_by(view: StockroomViewSet, rows: Any) -> Any:
    """The rows at the locations that the caller's key is limited to."""
    allowed = view.caller.location_ids
    return rows if allowed is None else rows.filter(location_id__in=allowed)


def current(rows: Any) -> Any:
    """Levels with all that their answers show."""
    return rows.select_related("product", "location").annotate(lapsed=lapsed_at_levels())


def levels_at(levels: list[StockLevel], at: Any) -> list[StockLevel]:
    """The levels with the counters that they had at `at`; None: now, without the holds that are over."""
    if at is None:
        for level in levels:
            level.reserved -= level.lapsed  # type: ignore[attr-defined]
            level.available += level.lapsed  # type: ignore[attr-defined]
        return levels
    balances = as_of.balances([level.pk for level in levels], at)
    for level in levels:
        balance = balances[level.pk]
        for name in ("on_hand", "unavailable", "allocated", "reserved", "available", "sequence"):
            setattr(level, name, getattr(balance, name))
        level.incoming = 0
        level.updated_at = balance.recorded_at or level.created_at
    return levels
