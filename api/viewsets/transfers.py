"""Transfers between locations."""

from typing import Any

from django.db.models import QuerySet
from drf_spectacular.utils import extend_schema
from rest_framework.decorators import action
from rest_framework.request import Request
from rest_framework.response import Response

from api import filters
from api.bodies import checked
from api.idempotency import idempotent
from api.serializers.stock import (
    NewTransferSerializer,
    NothingSerializer,
    ReceiptSerializer,
    TransferSerializer,
    lines_of,
)
from api.viewsets.base import ListMixin, RetrieveMixin
from inventory.models import Transfer, TransferState
from inventory.operations import transfers


class TransferFilter(filters.FilterSet):
    state = filters.ChoiceFilter(choices=TransferState.choices)
    from_location = filters.TextFilter(field_name="from_location__code", max_length=64)
    to_location = filters.TextFilter(field_name="to_location__code", max_length=64)
    reference = filters.TextFilter(max_length=255)


class TransferViewSet(ListMixin, RetrieveMixin):
    """Goods on their way, newest first."""

    required_scopes = {"read": "stock:read", "write": "stock:write"}
    queryset = Transfer.objects.all()
    serializer_class = TransferSerializer
    filterset_class = TransferFilter
    default_ordering = ("-id",)

    def get_queryset(self) -> QuerySet[Transfer]:
        rows = Transfer.objects.select_related("from_location", "to_location").prefetch_related("lines")
        allowed = self.caller.location_ids
        return rows if allowed is None else rows.filter(from_location__in=allowed, to_location__in=allowed)

    @extend_schema(request=NewTransferSerializer, responses={201: TransferSerializer})
    @idempotent
    def create(self, request: Request) -> Response:
        """Move goods at once, or send them on their way with `in_transit`."""
        values = checked(NewTransferSerializer, request)
        lines = lines_of(values.pop("lines"), "quantity")
        row = transfers.transfer(lines, actor=self.actor, allowed_locations=self.caller.location_ids, **values)
        return self.created(self._body(row), version=row.version, path=f"/api/v1/stock/transfers/{row.pk}")

    @extend_schema(request=ReceiptSerializer, responses=TransferSerializer)
    @action(detail=True, methods=["post"])
    @idempotent
    def receive(self, request: Request, pk: str) -> Response:
        """Book what has arrived; without `lines`, everything. The rest is a shortfall unless `close` is false."""
        values = checked(ReceiptSerializer, request)
        row = self.get_object()
        lines = lines_of(values["lines"], "quantity") if "lines" in values else None
        row = transfers.receive(row, actor=self.actor, lines=lines, close=values.get("close", True))
        return self.answer(self._body(row), version=row.version)

    @extend_schema(request=NothingSerializer, responses=TransferSerializer)
    @action(detail=True, methods=["post"])
    @idempotent
    def cancel(self, request: Request, pk: str) -> Response:
        """Bring everything that has not arrived back to where it came from."""
        checked(NothingSerializer, request)
        row = transfers.cancel(self.get_object(), actor=self.actor)
        return self.answer(self._body(row), version=row.version)

    def _body(self, row: Transfer) -> dict[str, Any]:
        return dict(
            TransferSerializer(Transfer.objects.select_related("from_location", "to_location").get(pk=row.pk)).data
        )
