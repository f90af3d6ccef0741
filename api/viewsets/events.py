"""The event log, for whoever follows it."""

from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.utils.urls import replace_query_param

from api import filters, pagination
from api.serializers.events import EventSerializer
from api.viewsets.base import StockroomViewSet
from inventory.models import Event
from inventory.operations import events


class EventFilter(filters.FilterSet):
    after = filters.IntegerFilter(
        field_name="sequence",
        lookup_expr="gt",
        min_value=0,
        max_value=filters.LARGEST_EXACT,
        help_text="Only events with a greater sequence.",
    )
    type = filters.TextListFilter(max_length=64, help_text="May be repeated.")
    key = filters.TextFilter(max_length=64)


class EventViewSet(StockroomViewSet):
    """What happened, oldest first. Ask again with the last sequence that you have; nothing is ever missed."""

    required_scopes = {"read": "audit:read", "write": "admin"}
    queryset = Event.objects.all()
    serializer_class = EventSerializer
    filterset_class = EventFilter
    list_actions = frozenset({"list"})

    def known_parameters(self) -> dict[str, bool]:
        # `after` is the cursor here, and the log is never counted.
        return {name: many for name, many in super().known_parameters().items() if name not in ("cursor", "count")}

    def list(self, request: Request) -> Response:
        size = pagination.page_size_of(request)
        events.number()
        numbered = Event.objects.filter(sequence__isnull=False)
        rows = list(self.filter_queryset(numbered).order_by("sequence")[: size + 1])
        following = None
        if len(rows) > size:
            address = request.build_absolute_uri()
            following = replace_query_param(address, "after", str(rows[size - 1].sequence))
        shown = EventSerializer(rows[:size], many=True).data
        return Response({"next": following, "previous": None, "results": shown})
