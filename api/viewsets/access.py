"""API keys, and `/me`."""

from datetime import timedelta
from typing import Any

from django.conf import settings
from django.db.models import QuerySet
from django.utils import timezone
from drf_spectacular.utils import extend_schema
from rest_framework.decorators import action
from rest_framework.request import Request
from rest_framework.response import Response

from api import authentication
from api.bodies import checked
from api.filters import BooleanFilter, FilterSet
from api.idempotency import idempotent
from api.serializers.access import (
    ApiKeyCreateSerializer,
    ApiKeyRotateSerializer,
    ApiKeySecretSerializer,
    ApiKeySerializer,
    CallerSerializer,
)
from api.viewsets.base import ListMixin, RetrieveMixin, StockroomViewSet
from inventory.errors import DoesNotExist, Forbidden, Problem
from inventory.models import ApiKey, Location
from inventory.operations import access


class ApiKeyFilter(FilterSet):
    revoked = BooleanFilter(method="by_revocation", help_text="Revoked keys instead of live ones.")

    def by_revocation(self, queryset: QuerySet[ApiKey], name: str, value: bool) -> QuerySet[ApiKey]:
        return queryset.filter(revoked_at__isnull=not value)


class ApiKeyViewSet(ListMixin, RetrieveMixin):
    """Keys are issued, rotated and revoked; a revoked key is gone from here but stays in the activity log."""

    required_scopes = {"read": "admin", "write": "admin"}
    answers_hold_secrets = True
    queryset = ApiKey.objects.all()
    serializer_class = ApiKeySerializer
    filterset_class = ApiKeyFilter
    ordering_fields = {"created_at": ("created_at",), "name": ("name",)}
    default_ordering = "-created_at"

    def get_queryset(self) -> QuerySet[ApiKey]:
        rows, own = ApiKey.objects.all(), self.caller.location_ids
        if own is not None:  # who rotates a key holds it: no more than one's own
            rows = rows.filter(locations__len__gt=0, locations__contained_by=list(own))
        return rows if "revoked" in self.request.query_params else rows.filter(revoked_at=None)

    @extend_schema(request=ApiKeyCreateSerializer, responses={201: ApiKeySecretSerializer})
    @idempotent
    def create(self, request: Request) -> Response:
        """Issue a key. The answer is the only place that ever shows it."""
        values = checked(ApiKeyCreateSerializer, request)
        self._refuse_more_than_own(values)
        seconds = values.pop("expires_in", None)
        values["expires_at"] = None if seconds is None else timezone.now() + timedelta(seconds=seconds)
        key, secret = access.create_api_key(actor=self.actor, **values)
        return self._show_once(key, secret, created=True)

    def destroy(self, request: Request, pk: str) -> Response:
        """Revoke a key, within seconds and for good."""
        key = self.get_object()
        access.revoke_api_key(key.pk, expected_version=self.expected_version(request, key.version), actor=self.actor)
        authentication.forget_all()
        return Response(status=204)

    @extend_schema(request=ApiKeyRotateSerializer, responses=ApiKeySecretSerializer)
    @action(detail=True, methods=["post"])
    @idempotent
    def rotate(self, request: Request, pk: str) -> Response:
        """Give a key a new secret; the old one goes on for a while, so that no caller is cut off."""
        values = checked(ApiKeyRotateSerializer, request)
        overlap = timedelta(seconds=values["overlap"]) if "overlap" in values else access.DEFAULT_OVERLAP
        key, secret = access.rotate_api_key(self.get_object().pk, overlap=overlap, actor=self.actor)
        authentication.forget_all()
        return self._show_once(key, secret, created=False)

    def _show_once(self, key: ApiKey, secret: str, *, created: bool) -> Response:
        body = ApiKeySecretSerializer(key, context={"secret": secret}).data
        if created:
            return self.created(body, version=key.version, path=f"/api/v1/api_keys/{key.pk}")
        return self.answer(body, version=key.version)

    def _refuse_more_than_own(self, values: dict[str, Any]) -> None:
        """A key that is limited to locations cannot hand out others; named locations must exist."""
        wanted, own = set(values.get("locations", ())), self.caller.location_ids
        if own is not None and not (wanted and wanted <= own):
            raise Forbidden("Your key is limited to locations; a new key may only have some of the same.")
        missing = wanted - set(Location.objects.filter(pk__in=wanted).values_list("pk", flat=True))
        if missing:
            detail = "There is no location with this id."
            problems = [
                Problem(detail, "does_not_exist", f"/locations/{position}")
                for position, location in enumerate(values["locations"])
                if location in missing
            ]
            raise DoesNotExist("The key names locations that do not exist.", problems=problems)


class MeViewSet(StockroomViewSet):
    """The caller's own card: what a key is and may do."""

    action_scopes = {"list": None}
    list_actions = frozenset()
    serializer_class = CallerSerializer
    pagination_class = None

    def list(self, request: Request) -> Response:
        """Who you are, what you may do, and how much."""
        caller, key = self.caller, request.auth
        card = {
            "kind": caller.actor.kind,
            "id": caller.actor.id,
            "name": caller.actor.name,
            "scopes": sorted(caller.scopes),
            "locations": None if caller.location_ids is None else sorted(caller.location_ids),
            "rate_limit": caller.rate_limit or settings.API_RATE_LIMIT,
            "concurrent_requests": settings.API_CONCURRENT_REQUESTS,
            "expires_at": getattr(key, "expires_at", None),
        }
        return Response(CallerSerializer(card).data)
