"""Reservations: looked at, confirmed, shipped and given back; made by the shop's own software."""

from typing import Any

from django.contrib import admin
from django.db.models import QuerySet
from django.http import HttpRequest, HttpResponse
from django.utils import timezone
from django.utils.safestring import SafeString

from inventory.models import Reservation, ReservationState
from inventory.operations import reservations

from .base import ReadOnlyAdmin
from .deeds import actor_of
from .filters import ByReservationState, Since
from .inlines import ReservationLineInline
from .looks import day, list_of, pill
from .search import as_uuid

VERBS = {
    ReservationState.ACTIVE: ("confirm", "release"),
    ReservationState.EXPIRED: ("confirm",),
    ReservationState.CONFIRMED: ("fulfil", "cancel"),
}


@admin.register(Reservation)
class ReservationAdmin(ReadOnlyAdmin):
    inlines = (ReservationLineInline,)
    list_display = ("made", "reference", "owner", "state_pill", "ends", "actor")
    list_display_links = ("made",)
    list_filter = (ByReservationState, Since)
    sortable_by = ()
    search_fields = ("reference",)
    search_help_text = "A whole reference, owner or reservation id."
    actions = verbs = ("confirm", "fulfil", "release", "cancel")
    fields = ("reference", "owner", "state_pill", "confirmed_late", "actor", "created_at", "updated_at", "expires_at")

    def get_search_results(self, request: HttpRequest, queryset: Any, search_term: str) -> tuple[Any, bool]:
        text = search_term.strip()
        if not text:
            return queryset, False
        found = queryset.filter(reference=text) | queryset.filter(owner=text)
        wanted = as_uuid(text)
        return (found | queryset.filter(pk=wanted) if wanted else found), False

    def verbs_of(self, request: HttpRequest, obj: Reservation) -> tuple[str, ...]:
        return VERBS.get(ReservationState(state_of(obj)), ())

    def tools_of(self, request: HttpRequest, obj: Reservation) -> list[tuple[str, str]]:
        return [("Movements", list_of("stockmovement", source__exact=obj.pk))]

    def has_move_permission(self, request: HttpRequest) -> bool:
        return self.may(request, "change_reservation")

    @admin.action(permissions=["move"], description="Confirm")
    def confirm(self, request: HttpRequest, queryset: QuerySet[Reservation]) -> None:
        actor = actor_of(request)
        self.report(
            request, self.each(request, queryset, lambda row: reservations.confirm(row, actor=actor)), "confirmed"
        )

    @admin.action(permissions=["move"], description="Ship everything…")
    def fulfil(self, request: HttpRequest, queryset: QuerySet[Reservation]) -> HttpResponse | None:
        page = self.ask(request, queryset, "fulfil", "Book out everything that is still open?")
        if page is not None:
            return page
        actor = actor_of(request)
        self.report(request, self.each(request, queryset, lambda row: reservations.fulfil(row, actor=actor)), "shipped")
        return None

    @admin.action(permissions=["move"], description="Release")
    def release(self, request: HttpRequest, queryset: QuerySet[Reservation]) -> None:
        actor = actor_of(request)
        self.report(
            request, self.each(request, queryset, lambda row: reservations.release(row, actor=actor)), "released"
        )

    @admin.action(permissions=["move"], description="Cancel…")
    def cancel(self, request: HttpRequest, queryset: QuerySet[Reservation]) -> HttpResponse | None:
        page = self.ask(request, queryset, "cancel", "Give back what is confirmed and has not left yet?")
        if page is not None:
            return page
        actor = actor_of(request)
        self.report(
            request, self.each(request, queryset, lambda row: reservations.cancel(row, actor=actor)), "cancelled"
        )
        return None

    @admin.display(description="made")
    def made(self, row: Reservation) -> str:
        return day(row.created_at)

    @admin.display(description="state")
    def state_pill(self, row: Reservation) -> SafeString:
        return pill(state_of(row))

    @admin.display(description="ends")
    def ends(self, row: Reservation) -> str:
        return day(row.expires_at)


def state_of(row: Reservation) -> str:
    """The state at this instant, by our own clock: to look at, not to decide by."""
    over = row.expires_at is not None and row.expires_at <= timezone.now()
    return ReservationState.EXPIRED if row.state == ReservationState.ACTIVE and over else row.state
