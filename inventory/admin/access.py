"""API keys: issued, rotated and revoked here; a key is shown once, in the message after it was made."""

from typing import Any
from uuid import UUID

from django import forms
from django.contrib import admin, messages
from django.contrib.admin.widgets import AdminSplitDateTime
from django.db.models import QuerySet
from django.http import HttpRequest, HttpResponse
from django.utils import timezone
from django.utils.html import format_html
from django.utils.safestring import SafeString

from inventory.models import ApiKey, Location, Scope
from inventory.operations import access

from .deeds import actor_of
from .doors import WriteOnceAdmin
from .forms import RefusableForm, values_of
from .looks import DASH, day, pill


class ApiKeyForm(RefusableForm):
    scopes = forms.MultipleChoiceField(
        choices=[(scope.value, f"{scope.value} – {scope.label}") for scope in Scope],
        widget=forms.CheckboxSelectMultiple,
    )
    locations = forms.ModelMultipleChoiceField(
        Location.objects.all(), required=False, help_text="Nothing chosen: every location."
    )
    expires_at = forms.SplitDateTimeField(required=False, widget=AdminSplitDateTime, help_text="Empty: never.")

    class Meta:
        model = ApiKey
        fields = ("name", "scopes", "locations", "rate_limit", "expires_at")
        help_texts = {"rate_limit": "Requests per minute. Empty: the service's default."}

    def clean_locations(self) -> list[UUID]:
        return [place.pk for place in self.cleaned_data["locations"]]


@admin.register(ApiKey)
class ApiKeyAdmin(WriteOnceAdmin):
    form = ApiKeyForm
    told = "api_key"
    list_display = ("name", "prefix", "scope_list", "state_pill", "expires", "last_used", "made")
    list_filter = (("revoked_at", admin.EmptyFieldListFilter),)
    sortable_by = ()
    search_fields = ("name", "prefix")
    actions = ("rotate", "revoke")
    verbs = ("rotate", "revoke")

    def get_fields(self, request: HttpRequest, obj: Any = None) -> Any:
        if obj is None:
            return ("name", "scopes", "locations", "rate_limit", "expires_at")
        return (
            *("name", "prefix", "scope_list", "location_list", "rate_limit", "state_pill", "expires_at", "revoked_at"),
            *("previous_expires_at", "last_used_at", "created_at", "version"),
        )

    def verbs_of(self, request: HttpRequest, obj: ApiKey) -> tuple[str, ...]:
        return () if obj.revoked_at else self.verbs

    def save_model(self, request: HttpRequest, obj: Any, form: Any, change: bool) -> None:
        key, secret = access.create_api_key(actor=actor_of(request), **values_of(form))
        obj.pk = key.pk
        self._show(request, key, secret)

    def has_key_permission(self, request: HttpRequest) -> bool:
        return request.user.has_perm("inventory.change_apikey")

    @admin.action(permissions=["key"], description="Give a new secret…")
    def rotate(self, request: HttpRequest, queryset: QuerySet[ApiKey]) -> HttpResponse | None:
        page = self.ask(request, queryset, "rotate", "Give a new secret? The old one goes on for 24 hours.")
        if page is not None:
            return page
        actor = actor_of(request)

        def rotate_one(row: ApiKey) -> None:
            key, secret = access.rotate_api_key(row.pk, expected_version=row.version, actor=actor)
            self._show(request, key, secret)

        self.each(request, queryset, rotate_one)
        return None

    @admin.action(permissions=["key"], description="Revoke…")
    def revoke(self, request: HttpRequest, queryset: QuerySet[ApiKey]) -> HttpResponse | None:
        page = self.ask(request, queryset, "revoke", "Revoke for good? Whoever uses it is locked out within 5 seconds.")
        if page is not None:
            return page
        actor = actor_of(request)
        done = self.each(
            request, queryset, lambda row: access.revoke_api_key(row.pk, expected_version=row.version, actor=actor)
        )
        self.report(request, done, "revoked")
        return None

    def _show(self, request: HttpRequest, key: ApiKey, secret: str) -> None:
        text = "The key of “{}” is shown this once; copy it now: <code class='secret'>{}</code>"
        self.message_user(request, format_html(text, key.name, secret), messages.WARNING)

    @admin.display(description="scopes")
    def scope_list(self, row: ApiKey) -> str:
        return ", ".join(row.scopes)

    @admin.display(description="locations")
    def location_list(self, row: ApiKey) -> str:
        codes = Location.objects.filter(pk__in=row.locations).values_list("code", flat=True)
        return ", ".join(codes) if row.locations else "every location"

    @admin.display(description="state")
    def state_pill(self, row: ApiKey) -> SafeString:
        expired = row.expires_at is not None and row.expires_at <= timezone.now()
        return pill("revoked" if row.revoked_at else "expired" if expired else "live")

    @admin.display(description="expires")
    def expires(self, row: ApiKey) -> str:
        return day(row.expires_at) if row.expires_at else "never"

    @admin.display(description="last used")
    def last_used(self, row: ApiKey) -> str:
        return day(row.last_used_at) if row.last_used_at else DASH

    @admin.display(description="made")
    def made(self, row: ApiKey) -> str:
        return day(row.created_at)
