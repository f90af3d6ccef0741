"""API keys and the caller's own card, as they travel."""

from rest_framework import serializers

from api.serializers.fields import Id, Moment, Name, StrictSerializer, Whole
from inventory.models import ApiKey, Scope

LARGEST_RATE_LIMIT = 10_000_000
LONGEST_LIFE_S = 10 * 365 * 24 * 3600
LONGEST_OVERLAP_S = 30 * 24 * 3600


class ApiKeySerializer(serializers.Serializer):
    """A key as lists show it: never the secret."""

    id = Id()
    name = serializers.CharField()
    prefix = serializers.CharField(help_text="The start of the key, to recognise it by.")
    scopes = serializers.ListField(child=serializers.ChoiceField(choices=Scope.choices))
    locations = serializers.ListField(child=Id(), help_text="The key is limited to these; empty means every location.")
    rate_limit = Whole(allow_null=True, help_text="Requests per minute; null means the service's default.")
    expires_at = Moment(allow_null=True)
    revoked_at = Moment(allow_null=True)
    last_used_at = Moment(allow_null=True, help_text="To the minute.")
    previous_expires_at = Moment(allow_null=True, help_text="Until when the secret before the rotation works.")
    version = Whole()
    created_at = Moment()
    updated_at = Moment()


class ApiKeySecretSerializer(ApiKeySerializer):
    """The one answer that shows the key itself."""

    key = serializers.SerializerMethodField(help_text="The key. It is shown this once and never again.")

    def get_key(self, key: ApiKey) -> str:
        secret: str = self.context["secret"]
        return secret


class ApiKeyCreateSerializer(StrictSerializer):
    name = Name(max_length=200)
    scopes = serializers.ListField(
        child=serializers.ChoiceField(choices=Scope.choices), min_length=1, max_length=len(Scope)
    )
    locations = serializers.ListField(
        child=Id(), required=False, max_length=100, help_text="Limit the key to these locations; empty for all."
    )
    rate_limit = Whole(min_value=1, max_value=LARGEST_RATE_LIMIT, required=False, allow_null=True)
    expires_in = Whole(
        min_value=1,
        max_value=LONGEST_LIFE_S,
        required=False,
        allow_null=True,
        help_text="Seconds until the key expires; null or absent: never.",
    )


class ApiKeyRotateSerializer(StrictSerializer):
    overlap = Whole(
        min_value=0,
        max_value=LONGEST_OVERLAP_S,
        required=False,
        help_text="For how many seconds the old secret goes on working: 86,400 unless you say otherwise.",
    )


class CallerSerializer(serializers.Serializer):
    """Who the service takes you for."""

    kind = serializers.CharField(help_text="`api_key`, `token` or `user`.")
    id = serializers.CharField()
    name = serializers.CharField()
    scopes = serializers.ListField(child=serializers.ChoiceField(choices=Scope.choices))
    locations = serializers.ListField(child=Id(), allow_null=True, help_text="Null means every location.")
    rate_limit = Whole(help_text="Requests per minute.")
    concurrent_requests = Whole(help_text="Requests at the same time, for each server process.")
    expires_at = Moment(allow_null=True)


__all__ = [
    "ApiKeyCreateSerializer",
    "ApiKeyRotateSerializer",
    "ApiKeySecretSerializer",
    "ApiKeySerializer",
    "CallerSerializer",
]
