"""What happened: the activity log, and the archive with the way back."""

import json
from typing import Any

from django.contrib import admin
from django.db.models import Q, QuerySet
from django.http import HttpRequest
from django.utils.html import format_html, format_html_join
from django.utils.safestring import SafeString

from inventory.models import Activity, ArchivedObject
from inventory.operations import history

from .base import ReadOnlyAdmin
from .deeds import actor_of
from .filters import ByAction, ByObject, Since
from .looks import DASH, day, link, page_of, pill
from .search import product_ids

LINKED = {"product", "category", "location", "api_key"}
FIELDS_IN_A_LIST = 3


@admin.register(Activity)
class ActivityAdmin(ReadOnlyAdmin):
    list_display = ("when", "action_pill", "object_link", "summary", "actor")
    list_display_links = ("when",)
    list_filter = (Since, ByAction, ByObject)
    sortable_by = ()
    search_fields = ("request_id",)
    search_help_text = "Start of a SKU (also of deleted products), or a whole request id or object id."
    fields = ("when", "action_pill", "object_type", "object_link", "change_table", "actor", "request_id")

    def get_search_results(
        self, request: HttpRequest, queryset: QuerySet[Activity], search_term: str
    ) -> tuple[QuerySet[Activity], bool]:
        text = search_term.strip()
        if not text:
            return queryset, False
        products = Q(object_type="product", object_id__in=[str(pk) for pk in product_ids(text)])
        return queryset.filter(products | Q(request_id=text) | Q(object_type__in=LINKED, object_id=text)), False

    @admin.display(description="when")
    def when(self, row: Activity) -> str:
        return day(row.created_at)

    @admin.display(description="action")
    def action_pill(self, row: Activity) -> SafeString:
        return pill(row.action)

    @admin.display(description="object")
    def object_link(self, row: Activity) -> SafeString | str:
        if row.object_type not in LINKED or row.action == "deleted":
            return row.object_repr
        return link(page_of(row.object_type.replace("_", ""), row.object_id), row.object_repr)

    @admin.display(description="changes")
    def summary(self, row: Activity) -> SafeString | str:
        if row.action != "updated":
            return DASH
        told = list(row.changes.items())
        shown = format_html_join(
            ", ", "{} {} → {}", ((name, _short(pair[0]), _short(pair[1])) for name, pair in told[:FIELDS_IN_A_LIST])
        )
        return format_html("{} …", shown) if len(told) > FIELDS_IN_A_LIST else shown

    @admin.display(description="changes")
    def change_table(self, row: Activity) -> SafeString:
        rows = format_html_join(
            "",
            "<tr><th>{}</th><td>{}</td><td>{}</td></tr>",
            ((name, _text(pair[0]), _text(pair[1])) for name, pair in row.changes.items()),
        )
        titles = format_html_join("", "<th>{}</th>", (("field",), ("before",), ("after",)))
        return format_html('<table class="changes"><thead><tr>{}</tr></thead><tbody>{}</tbody></table>', titles, rows)


@admin.register(ArchivedObject)
class ArchivedObjectAdmin(ReadOnlyAdmin):
    list_display = ("when", "object_type", "object_repr", "actor", "state_pill", "restored")
    list_filter = (ByObject, ("restored_at", admin.EmptyFieldListFilter))
    date_hierarchy = "archived_at"
    sortable_by = ()
    search_fields = ("object_repr",)
    search_help_text = "Part of the name or SKU."
    actions = ("restore",)
    verbs = ("restore",)
    fields = ("object_type", "object_id", "object_repr", "pretty", "actor", "request_id", "archived_at", "restored_at")

    def verbs_of(self, request: HttpRequest, obj: ArchivedObject) -> tuple[str, ...]:
        return () if obj.restored_at else self.verbs

    def has_restore_permission(self, request: HttpRequest) -> bool:
        return self.may(request, "change_archivedobject")

    @admin.action(permissions=["restore"], description="Restore")
    def restore(self, request: HttpRequest, queryset: QuerySet[ArchivedObject]) -> None:
        actor = actor_of(request)
        done = self.each(request, queryset, lambda archived: history.restore(archived, actor=actor))
        self.report(request, done, "restored")

    @admin.display(description="deleted")
    def when(self, row: ArchivedObject) -> str:
        return day(row.archived_at)

    @admin.display(description="state")
    def state_pill(self, row: ArchivedObject) -> SafeString:
        return pill("restored" if row.restored_at else "archived")

    @admin.display(description="restored")
    def restored(self, row: ArchivedObject) -> str:
        return day(row.restored_at)

    @admin.display(description="snapshot")
    def pretty(self, row: ArchivedObject) -> SafeString:
        return as_json(row.snapshot)


def as_json(value: Any) -> SafeString:
    """JSON for people: indented, in a block that scrolls."""
    return format_html('<pre class="json">{}</pre>', json.dumps(value, indent=2, ensure_ascii=False))


def _text(value: Any) -> str:
    if value is None or value == "":
        return DASH
    return value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)


def _short(value: Any) -> str:
    text = _text(value)
    return text if len(text) <= 24 else f"{text[:23]}…"
