"""Low-stock alerts."""

from typing import Any

from django.db.models import Q, QuerySet
from drf_spectacular.utils import extend_schema
from rest_framework.decorators import action
from rest_framework.request import Request
from rest_framework.response import Response

from api import filters
from api.bodies import checked
from api.idempotency import idempotent
from api.serializers.history import AlertSerializer, SnoozeSerializer
from api.serializers.stock import NothingSerializer
from api.viewsets.base import ListMixin, StockroomViewSet
from api.viewsets.stock import PlacedFilter
from inventory.models import AlertState, Severity, StockAlert
from inventory.operations import alerts


class AlertFilter(PlacedFilter):
    state = filters.ChoiceFilter(choices=AlertState.choices)
    severity = filters.ChoiceFilter(choices=Severity.choices)

    def by_sku(self, queryset: QuerySet[Any], name: str, values: list[str]) -> QuerySet[Any]:
        wanted = Q(pk__in=[])
        for value in values:
            wanted |= Q(sku__iexact=value)
        return queryset.filter(wanted)


class AlertViewSet(ListMixin, StockroomViewSet):
    """Alerts, newest first."""

    required_scopes = {"read": "stock:read", "write": "alerts:write"}
    queryset = StockAlert.objects.all()
    serializer_class = AlertSerializer
    filterset_class = AlertFilter
    default_ordering = ("-id",)

    def get_queryset(self) -> QuerySet[StockAlert]:
        rows = StockAlert.objects.select_related("location")
        allowed = self.caller.location_ids
        return rows if allowed is None else rows.filter(Q(location=None) | Q(location__in=allowed))

    def retrieve(self, request: Request, pk: str) -> Response:
        return self._show(self.get_object())

    @extend_schema(request=NothingSerializer, responses=AlertSerializer)
    @action(detail=True, methods=["post"])
    @idempotent
    def acknowledge(self, request: Request, pk: str) -> Response:
        """Say that you take care of it."""
        checked(NothingSerializer, request)
        return self._show(alerts.acknowledge(self.get_object(), actor=self.actor))

    @extend_schema(request=SnoozeSerializer, responses=AlertSerializer)
    @action(detail=True, methods=["post"])
    @idempotent
    def snooze(self, request: Request, pk: str) -> Response:
        """Put it aside for a while; it resolves by itself all the same."""
        until = checked(SnoozeSerializer, request)["until"]
        return self._show(alerts.snooze(self.get_object(), until=until, actor=self.actor))

    def _show(self, row: StockAlert) -> Response:
        return self.answer(AlertSerializer(row).data, version=1, shows_more=True)
