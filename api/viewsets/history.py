"""What happened: the activity log and the archive."""

from drf_spectacular.utils import extend_schema
from rest_framework.decorators import action
from rest_framework.request import Request
from rest_framework.response import Response

from api import filters
from api.bodies import checked
from api.idempotency import idempotent
from api.serializers.history import ActivitySerializer, ArchivedSerializer, RestoredSerializer
from api.serializers.stock import NothingSerializer
from api.viewsets.base import ListMixin
from inventory.models import Activity, ArchivedObject
from inventory.operations import history


class ActivityFilter(filters.FilterSet):
    object_type = filters.TextFilter(max_length=32)
    object_id = filters.TextFilter(max_length=64)
    action = filters.TextFilter(max_length=32)
    actor = filters.TextFilter(max_length=255)
    request_id = filters.TextFilter(max_length=128)
    since = filters.DateTimeFilter(field_name="created_at", lookup_expr="gte")
    until = filters.DateTimeFilter(field_name="created_at", lookup_expr="lte")


class ActivityViewSet(ListMixin):
    """Every change of a category, product, location or key, newest first."""

    required_scopes = {"read": "audit:read", "write": "admin"}
    queryset = Activity.objects.all()
    serializer_class = ActivitySerializer
    filterset_class = ActivityFilter
    default_ordering = ("-id",)


class ArchiveFilter(filters.FilterSet):
    object_type = filters.TextFilter(max_length=32)
    object_id = filters.UUIDFilter()
    restored = filters.BooleanFilter(field_name="restored_at", lookup_expr="isnull", exclude=True)


class ArchiveViewSet(ListMixin):
    """What was deleted, newest first, and the way back."""

    required_scopes = {"read": "audit:read", "write": "catalog:write"}
    unversioned_actions = frozenset({"restore"})
    queryset = ArchivedObject.objects.all()
    serializer_class = ArchivedSerializer
    filterset_class = ArchiveFilter
    default_ordering = ("-id",)

    def retrieve(self, request: Request, pk: str) -> Response:
        return self.answer(ArchivedSerializer(self.get_object()).data, version=1, shows_more=True)

    @extend_schema(request=NothingSerializer, responses=RestoredSerializer)
    @action(detail=True, methods=["post"])
    @idempotent
    def restore(self, request: Request, pk: str) -> Response:
        """Bring a deleted object back under its old id."""
        checked(NothingSerializer, request)
        archived = self.get_object()
        history.restore(archived, actor=self.actor)
        archived.refresh_from_db()
        return Response(RestoredSerializer(archived).data)
