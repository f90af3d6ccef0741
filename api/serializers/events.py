"""Shape of events."""

from rest_framework import serializers

from .fields import Moment


class EventSerializer(serializers.Serializer):
    """One thing that happened. Within one `key`, the order of `sequence` is the order of what happened."""

    id = serializers.UUIDField()
    sequence = serializers.IntegerField(min_value=1, help_text="Without holes; go on with ?after=<sequence>.")
    type = serializers.CharField(help_text="Such as product.updated or stock.changed; more may come.")
    key = serializers.CharField(help_text="What the order is kept for: a product, or the object itself.")
    occurred_at = Moment()
    actor = serializers.CharField()
    request_id = serializers.CharField()
    data = serializers.DictField()  # type: ignore[assignment]
