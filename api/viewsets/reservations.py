"""Reservations: parse, one operation, answer."""

from typing import Any

from django.db.models import QuerySet
from drf_spectacular.utils import extend_schema
from rest_framework.decorators import action
from rest_framework.request import Request
from rest_framework.response import Response

from api import filters
from api.bodies import checked
from api.idempotency import idempotent
from api.serializers.reservations import (
    ExtensionSerializer,
    FulfilmentSerializer,
    NewReservationSerializer,
    PlanRequestSerializer,
    PlanSerializer,
    ReleasedSerializer,
    ReleaseSerializer,
    ReservationSerializer,
)
from api.serializers.stock import NothingSerializer, lines_of
from api.viewsets.base import ListMixin
from inventory import conf
from inventory.models import Reservation, ReservationLine, ReservationState
from inventory.operations import planning, reservations


class ReservationFilter(filters.FilterSet):
    state = filters.ChoiceFilter(method="by_state", choices=ReservationState.choices)
    owner = filters.TextFilter(max_length=255)
    reference = filters.TextFilter(max_length=255)

    def by_state(self, queryset: Any, name: str, value: str) -> Any:
        return queryset.in_state(value)


class ReservationViewSet(ListMixin):
    """Holds, newest first."""

    required_scopes = {"read": "stock:read", "write": "stock:write"}
    action_scopes = {"plan": "stock:read"}
    queryset = Reservation.objects.all()
    serializer_class = ReservationSerializer
    filterset_class = ReservationFilter
    default_ordering = ("-id",)

    def get_queryset(self) -> QuerySet[Reservation]:
        rows = Reservation.objects.prefetch_related("lines__location")
        allowed = self.caller.location_ids
        if allowed is None:
            return rows
        return rows.filter(lines__location__in=allowed).exclude(lines__in=foreign_lines(allowed)).distinct()

    def list(self, request: Request) -> Response:
        page = self.page(self.get_queryset())
        return self.answer_page(page, ReservationSerializer(as_shown(page.rows), many=True).data)

    def retrieve(self, request: Request, pk: str) -> Response:
        return self._show(self.get_object())

    @extend_schema(request=NewReservationSerializer, responses={201: ReservationSerializer})
    @idempotent
    def create(self, request: Request) -> Response:
        """Hold pieces for a while; lines without a location are planned over the locations."""
        values = checked(NewReservationSerializer, request)
        lines = lines_of(values.pop("lines"), "quantity")
        row, _ = reservations.reserve(lines, actor=self.actor, allowed_locations=self.caller.location_ids, **values)
        return self._show(row, created=True)

    @extend_schema(request=PlanRequestSerializer, responses=PlanSerializer)
    @action(detail=False, methods=["post"])
    @idempotent
    def plan(self, request: Request) -> Response:
        """Show where the pieces would come from, and why, without holding any."""
        values = checked(PlanRequestSerializer, request)
        strategy = values.get("strategy", conf.allocation_strategy())
        lines = lines_of(values["lines"], "quantity")
        planned = planning.explain(lines, strategy=strategy, allowed_locations=self.caller.location_ids)
        body = {"strategy": strategy, "complete": all(line.complete for line in planned), "lines": planned}
        return Response(PlanSerializer(body).data)

    @extend_schema(request=ReleaseSerializer, responses=ReleasedSerializer)
    @action(detail=False, methods=["post"], url_path="release", url_name="release-all")
    @idempotent
    def release_all(self, request: Request) -> Response:
        """Release every active reservation of an owner, or with a reference."""
        values = checked(ReleaseSerializer, request)
        rows = reservations.release_all(actor=self.actor, among=self.get_queryset(), **values)
        fresh = Reservation.objects.filter(pk__in=[row.pk for row in rows]).prefetch_related("lines__location")
        return Response(ReleasedSerializer({"released": as_shown(list(fresh))}).data)

    @extend_schema(request=NothingSerializer, responses=ReservationSerializer)
    @action(detail=True, methods=["post"])
    @idempotent
    def confirm(self, request: Request, pk: str) -> Response:
        """Turn the hold into an allocation that does not expire; when it is over, only while the stock is free."""
        checked(NothingSerializer, request)
        return self._show(reservations.confirm(self.get_object(), actor=self.actor))

    @extend_schema(request=FulfilmentSerializer, responses=ReservationSerializer)
    @action(detail=True, methods=["post"])
    @idempotent
    def fulfil(self, request: Request, pk: str) -> Response:
        """Book the pieces out: everything, or the lines given."""
        values = checked(FulfilmentSerializer, request)
        quantities = lines_of(values["lines"], "quantity") if "lines" in values else None
        return self._show(reservations.fulfil(self.get_object(), actor=self.actor, quantities=quantities))

    @extend_schema(request=NothingSerializer, responses=ReservationSerializer)
    @action(detail=True, methods=["post"])
    @idempotent
    def release(self, request: Request, pk: str) -> Response:
        """Give the hold back before its time is over."""
        checked(NothingSerializer, request)
        return self._show(reservations.release(self.get_object(), actor=self.actor))

    @extend_schema(request=NothingSerializer, responses=ReservationSerializer)
    @action(detail=True, methods=["post"])
    @idempotent
    def cancel(self, request: Request, pk: str) -> Response:
        """Give back what is confirmed and has not left yet."""
        checked(NothingSerializer, request)
        return self._show(reservations.cancel(self.get_object(), actor=self.actor))

    @extend_schema(request=ExtensionSerializer, responses=ReservationSerializer)
    @action(detail=True, methods=["post"])
    @idempotent
    def extend(self, request: Request, pk: str) -> Response:
        """Let the hold end later."""
        values = checked(ExtensionSerializer, request)
        return self._show(reservations.extend(self.get_object(), actor=self.actor, **values))

    def _show(self, row: Reservation, *, created: bool = False) -> Response:
        (row,) = as_shown([Reservation.objects.prefetch_related("lines__location").get(pk=row.pk)])
        body = ReservationSerializer(row).data
        if created:
            path = f"/api/v1/reservations/{row.pk}"
            return self.created(body, version=row.version, path=path, shows_more=True)
        return self.answer(body, version=row.version, shows_more=True)


def foreign_lines(allowed: Any) -> Any:
    """Lines at locations that a limited key must not see."""
    return ReservationLine.objects.exclude(location__in=allowed)


def as_shown(rows: list[Reservation]) -> list[Reservation]:
    """The reservations with the state of this instant: one that is over is expired, swept or not."""
    over = set(
        Reservation.objects.in_state(ReservationState.EXPIRED)
        .filter(pk__in=[row.pk for row in rows])
        .values_list("pk", flat=True)
    )
    for row in rows:
        if row.pk in over:
            row.state = ReservationState.EXPIRED
    return rows
