"""The engine room: receivers that failed, remembered answers, background jobs."""

import json
from typing import Any

from django.contrib import admin, messages
from django.db.models import QuerySet
from django.http import HttpRequest
from django.utils import timezone
from django.utils.html import format_html
from django.utils.safestring import SafeString
from procrastinate.contrib.django.admin import ProcrastinateJobAdmin
from procrastinate.contrib.django.models import ProcrastinateEvent, ProcrastinateJob

from inventory.models import Event, IdempotencyRecord, ReceiverFailure
from inventory.receivers import guards

from .base import ReadOnlyAdmin
from .deeds import ROWS_AT_ONCE
from .history import as_json
from .inlines import LinesInline
from .looks import day, pill


@admin.register(ReceiverFailure)
class ReceiverFailureAdmin(ReadOnlyAdmin):
    list_display = ("receiver", "short_error", "attempts", "first", "next_ring", "actor", "request_id")
    list_filter = ("receiver",)
    sortable_by = ()
    search_fields = ("receiver", "error", "request_id")
    actions = ("ring_again",)
    verbs = ("ring_again",)
    fields = ("receiver", "error", "attempts", "kept", "actor", "request_id", "created_at", "due_at")

    def has_ring_permission(self, request: HttpRequest) -> bool:
        return self.may(request, "change_receiverfailure")

    @admin.action(permissions=["ring"], description="Ring again now")
    def ring_again(self, request: HttpRequest, queryset: QuerySet[ReceiverFailure]) -> None:
        """Make the selected failures due, then ring whatever is due, exactly as the worker does every minute."""
        chosen = list(queryset.order_by().values_list("pk", flat=True)[:ROWS_AT_ONCE])
        ReceiverFailure.objects.filter(pk__in=chosen).update(due_at=timezone.now())
        succeeded, failed = guards.retry_due()
        level = messages.WARNING if failed else messages.SUCCESS
        self.message_user(request, f"{succeeded} rang and are done, {failed} failed again.", level)

    @admin.display(description="error")
    def short_error(self, row: ReceiverFailure) -> str:
        return row.error if len(row.error) <= 120 else f"{row.error[:119]}…"

    @admin.display(description="first failed")
    def first(self, row: ReceiverFailure) -> str:
        return day(row.created_at)

    @admin.display(description="rings again")
    def next_ring(self, row: ReceiverFailure) -> str:
        return day(row.due_at)

    @admin.display(description="arguments")
    def kept(self, row: ReceiverFailure) -> SafeString:
        return as_json(row.arguments)


@admin.register(IdempotencyRecord)
class IdempotencyRecordAdmin(ReadOnlyAdmin):
    list_display = ("key", "principal", "status", "made")
    list_filter = ("status",)
    ordering = ("-created_at", "-id")
    sortable_by = ()
    search_fields = ("=key",)
    search_help_text = "A whole key."
    # The body stays out: it may hold a secret.
    fields = ("principal", "key", "status", "headers", "created_at")

    @admin.display(description="answered")
    def made(self, row: IdempotencyRecord) -> str:
        return day(row.created_at)


@admin.register(Event)
class EventAdmin(ReadOnlyAdmin):
    list_display = ("position", "sequence", "type", "key", "actor", "occurred")
    ordering = ("-position",)
    sortable_by = ()
    search_fields = ("=key",)
    search_help_text = "The whole id of a product or of another object."
    fields = ("sequence", "type", "key", "payload", "actor", "request_id", "occurred_at")

    @admin.display(description="occurred")
    def occurred(self, row: Event) -> str:
        return day(row.occurred_at)

    @admin.display(description="data")
    def payload(self, row: Event) -> SafeString:
        return as_json(row.data)


class JobEventInline(LinesInline):
    model = ProcrastinateEvent
    fields = readonly_fields = ("type", "at")
    verbose_name_plural = "what happened to it"


admin.site.unregister(ProcrastinateJob)


@admin.register(ProcrastinateJob)
class JobAdmin(ReadOnlyAdmin):
    """Procrastinate's own page writes inline styles, which the CSP refuses, and counts all jobs for its filters."""

    inlines = (JobEventInline,)
    actions = ("retry", "cancel")
    verbs = ("retry", "cancel")
    list_display = ("id", "task_name", "arguments", "status_pill", "queue_name", "attempts", "scheduled_at")
    list_filter = ("status",)
    ordering = ("-id",)
    sortable_by = ()
    search_fields = ("=id", "task_name")
    search_help_text = "A job's number, or part of its task's name."
    fields = (
        *("id", "task_name", "args", "status", "queue_name", "lock", "queueing_lock", "priority", "attempts"),
        *("scheduled_at", "abort_requested"),
    )

    def verbs_of(self, request: HttpRequest, obj: Any) -> tuple[str, ...]:
        return {"failed": ("retry",), "doing": ("retry",), "todo": ("cancel",)}.get(obj.status, ())

    def has_run_permission(self, request: HttpRequest) -> bool:
        return request.user.has_perm("procrastinate.change_procrastinatejob")

    @admin.action(permissions=["run"], description="Run again (failed or stalled)")
    def retry(self, request: HttpRequest, queryset: QuerySet[ProcrastinateJob]) -> None:
        ProcrastinateJobAdmin.retry(self, request, queryset)  # type: ignore[arg-type]

    @admin.action(permissions=["run"], description="Cancel (waiting)")
    def cancel(self, request: HttpRequest, queryset: QuerySet[ProcrastinateJob]) -> None:
        ProcrastinateJobAdmin.cancel(self, request, queryset)  # type: ignore[arg-type]

    @admin.display(description="arguments")
    def arguments(self, row: Any) -> SafeString:
        text = json.dumps(row.args, ensure_ascii=False)
        return format_html("<code>{}</code>", text if len(text) <= 100 else f"{text[:99]}…")

    @admin.display(description="status")
    def status_pill(self, row: Any) -> SafeString:
        return pill(row.status)
