"""Reconciling from the list of totals: look whether figures agree, and bring together what drifted apart."""

from itertools import groupby
from typing import Any
from uuid import UUID

from django.contrib import admin, messages
from django.db.models import QuerySet
from django.http import HttpRequest, HttpResponse

from inventory.models.drift import Drift
from inventory.operations import reconcile

from .base import ReadOnlyAdmin
from .deeds import MESSAGES_AT_ONCE, ROWS_AT_ONCE, actor_of
from .refusals import CAUGHT, as_refusal


class ReconcilingAdmin(ReadOnlyAdmin):
    """Rows whose primary key is a product's id."""

    actions = verbs = ("compare", "repair")

    def has_repair_permission(self, request: HttpRequest) -> bool:
        return self.may(request, "change_stocklevel")

    @admin.action(permissions=["view"], description="Check against the ledger")
    def compare(self, request: HttpRequest, queryset: QuerySet[Any]) -> None:
        found = reconcile.examine(_products(queryset))
        for one in found[:MESSAGES_AT_ONCE]:
            self.message_user(request, _told(one), messages.ERROR)
        if len(found) > MESSAGES_AT_ONCE:
            self.message_user(request, f"{len(found) - MESSAGES_AT_ONCE} more do not agree.", messages.ERROR)
        if not found:
            self.message_user(request, "Levels, totals, ledger, transfers and reservations agree.", messages.SUCCESS)

    @admin.action(permissions=["repair"], description="Repair by compensating rows…")
    def repair(self, request: HttpRequest, queryset: QuerySet[Any]) -> HttpResponse | None:
        page = self.ask(request, queryset, "repair", "Believe the counters and amend the ledger where they differ?")
        if page is not None:
            return page
        for product, found in groupby(reconcile.examine(_products(queryset)), key=lambda one: one.product):
            self._repair(request, product, list(found))
        self.compare(request, queryset)
        return None

    def _repair(self, request: HttpRequest, product: UUID, found: list[Drift]) -> None:
        try:
            for finding in reconcile.repair(product, found, actor=actor_of(request)):
                done = "repaired" if finding.repaired else f"left alone: {finding.why}"
                level = messages.SUCCESS if finding.repaired else messages.ERROR
                self.message_user(request, f"{_told(finding.drift)} – {done}.", level)
        except CAUGHT as error:
            refusal = as_refusal(error)
            if refusal is None:
                raise
            self.message_user(request, f"{found[0].sku}: {refusal.detail}", messages.ERROR)


def _products(queryset: QuerySet[Any]) -> list[UUID]:
    return list(queryset.order_by("pk").values_list("pk", flat=True)[:ROWS_AT_ONCE])


def _told(drift: Drift) -> str:
    """“MUG-1 at MAIN, counters: on_hand 5, not 7”."""
    differing = [name for name in drift.found if drift.found[name] != drift.expected.get(name)]
    figures = ", ".join(f"{name} {drift.found[name]}, not {drift.expected.get(name)}" for name in differing)
    where = f"{drift.sku} at {drift.code}" if drift.code else drift.sku
    return f"{where}, {drift.kind}: {figures}"
