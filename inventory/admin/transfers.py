"""Transfers: made here, received and cancelled here, otherwise looked at."""

from typing import Any

from django import forms
from django.contrib import admin
from django.db.models import QuerySet
from django.http import HttpRequest, HttpResponse
from django.urls import path, reverse
from django.utils.safestring import SafeString

from inventory.errors import Invalid
from inventory.models import Transfer, TransferState
from inventory.operations import transfers
from inventory.values import Line

from .deeds import actor_of
from .doors import WriteOnceAdmin
from .forms import RefusableForm
from .inlines import TransferLineInline
from .looks import day, list_of, pill
from .receive import receive_view


class TransferForm(RefusableForm):
    in_transit = forms.BooleanField(
        required=False,
        help_text="The goods are on their way until somebody receives them. Otherwise they arrive at once.",
    )

    class Meta:
        model = Transfer
        fields = ("from_location", "to_location", "reference", "note")


@admin.register(Transfer)
class TransferAdmin(WriteOnceAdmin):
    form = TransferForm
    inlines = (TransferLineInline,)
    list_display = ("made", "from_location", "to_location", "state_pill", "reference", "actor", "closed")
    list_select_related = ("from_location", "to_location")
    list_filter = ("state",)
    date_hierarchy = "created_at"
    search_fields = ("reference",)
    search_help_text = "Part of a reference."
    autocomplete_fields = ("from_location", "to_location")
    sortable_by = ()
    actions = ("receive_all", "cancel")
    verbs = ("receive_all", "cancel")

    def get_urls(self) -> list[Any]:
        view = self.admin_site.admin_view(lambda request, pk: receive_view(self, request, pk))
        return [path("<uuid:pk>/receive/", view, name="inventory_transfer_receive"), *super().get_urls()]

    def get_fields(self, request: HttpRequest, obj: Any = None) -> Any:
        if obj is None:
            return (("from_location", "to_location"), "in_transit", "reference", "note")
        return (
            ("from_location", "to_location"),
            "state_pill",
            "reference",
            "note",
            "actor",
            ("created_at", "closed_at"),
        )

    def verbs_of(self, request: HttpRequest, obj: Transfer) -> tuple[str, ...]:
        return self.verbs if obj.state == TransferState.IN_TRANSIT else ()

    def tools_of(self, request: HttpRequest, obj: Transfer) -> list[tuple[str, str]]:
        tools = [("Movements", list_of("stockmovement", source__exact=obj.pk))]
        if obj.state == TransferState.IN_TRANSIT and self.has_move_permission(request):
            tools.insert(0, ("Receive…", reverse("admin:inventory_transfer_receive", args=[obj.pk])))
        return tools

    def name_of(self, obj: Transfer) -> str:
        route = f"{obj.from_location} to {obj.to_location}"
        return f"{obj.reference}: {route}" if obj.reference else route

    def save_model(self, request: HttpRequest, obj: Any, form: Any, change: bool) -> None:
        """The lines decide: see `save_related`."""

    def save_related(self, request: HttpRequest, form: Any, formsets: Any, change: bool) -> None:
        lines = [
            Line(product=line["product"].pk, quantity=line["quantity"], pointer=f"/lines/{number}")
            for number, line in enumerate(row.cleaned_data for row in formsets[0].forms)
            if line
        ]
        if not lines:
            raise Invalid("Name at least one product and how many pieces of it.")
        values = form.cleaned_data
        row = transfers.transfer(
            lines,
            from_location=values["from_location"].code,
            to_location=values["to_location"].code,
            in_transit=values["in_transit"],
            reference=values["reference"],
            note=values["note"],
            actor=actor_of(request),
        )
        form.instance.pk = row.pk
        form.instance.state = row.state

    def construct_change_message(self, request: HttpRequest, form: Any, formsets: Any, add: bool = False) -> Any:
        return []  # the activity log and the ledger tell it

    def has_move_permission(self, request: HttpRequest) -> bool:
        return request.user.has_perm("inventory.change_transfer")

    @admin.action(permissions=["move"], description="Receive everything")
    def receive_all(self, request: HttpRequest, queryset: QuerySet[Transfer]) -> None:
        actor = actor_of(request)
        self.report(request, self.each(request, queryset, lambda row: transfers.receive(row, actor=actor)), "received")

    @admin.action(permissions=["move"], description="Cancel…")
    def cancel(self, request: HttpRequest, queryset: QuerySet[Transfer]) -> HttpResponse | None:
        page = self.ask(request, queryset, "cancel", "Bring back what has not arrived?")
        if page is not None:
            return page
        actor = actor_of(request)
        self.report(request, self.each(request, queryset, lambda row: transfers.cancel(row, actor=actor)), "cancelled")
        return None

    @admin.display(description="made", ordering="created_at")
    def made(self, row: Transfer) -> str:
        return day(row.created_at)

    @admin.display(description="state")
    def state_pill(self, row: Transfer) -> SafeString:
        return pill(row.state)

    @admin.display(description="closed")
    def closed(self, row: Transfer) -> str:
        return day(row.closed_at)
