"""What every page of the admin shares: bounded pages, buttons on an object's page, the activity log as its history."""

from collections.abc import Iterable
from typing import Any

from django.contrib import admin
from django.db.models import Model
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.urls import reverse
from django.utils.text import capfirst

from .deeds import Deeds
from .looks import list_of
from .paging import BoundedPaginator


class StockroomAdmin(Deeds):
    """A page that reads.

    `verbs`: actions that also stand as buttons on an object's own page.
    `told`: the model's name in the activity log, if its changes are told there.
    """

    show_full_result_count = False
    show_facets = admin.ShowFacets.NEVER
    list_per_page = 50
    list_max_show_all = 200
    paginator = BoundedPaginator
    verbs: tuple[str, ...] = ()
    told = ""
    board_template = ""

    # --- The object's own page --------------------------------------------------------------------------------------

    def verbs_of(self, request: HttpRequest, obj: Any) -> Iterable[str]:
        """The actions that make sense for this object now."""
        return self.verbs

    def tools_of(self, request: HttpRequest, obj: Any) -> list[tuple[str, str]]:
        """Links at the top of the object's page: (label, URL)."""
        return [("History", self._history_url(obj.pk))] if self.told else []

    def name_of(self, obj: Any) -> str:
        """What the object's page is called."""
        return str(obj)

    def board_of(self, request: HttpRequest, obj: Any) -> dict[str, Any]:
        """What `board_template` shows above the form."""
        return {}

    def render_change_form(self, request: HttpRequest, context: dict[str, Any], *args: Any, **kwargs: Any) -> Any:
        obj = kwargs.get("obj")
        if obj is not None and not context.get("is_popup"):
            allowed: dict[str, Any] = dict(self.get_actions(request))
            context["subtitle"] = self.name_of(obj)
            context["tools"] = self.tools_of(request, obj)
            context["verbs"] = [(name, allowed[name][2]) for name in self.verbs_of(request, obj) if name in allowed]
            context["verbs_url"] = reverse(f"admin:{self.opts.app_label}_{self.opts.model_name}_changelist")
            context["board_template"] = self.board_template
            context |= self.board_of(request, obj)
        return super().render_change_form(request, context, *args, **kwargs)

    def history_view(self, request: HttpRequest, object_id: str, extra_context: Any = None) -> HttpResponse:
        """The activity log knows more than Django's own log, and from every door."""
        return HttpResponseRedirect(self._history_url(object_id))

    def _history_url(self, pk: Any) -> str:
        return list_of("activity", object_type__exact=self.told or self.opts.model_name, object_id__exact=pk)

    # --- Django's own log would tell the same again, and less of it ---------------------------------------------------

    def log_addition(self, request: HttpRequest, obj: Any, message: Any) -> Any:
        return None

    def log_change(self, request: HttpRequest, obj: Any, message: Any) -> Any:
        return None

    def log_deletions(self, request: HttpRequest, queryset: Any) -> Any:
        return None

    # --- Lists and fields -------------------------------------------------------------------------------------------

    def changelist_view(self, request: HttpRequest, extra_context: Any = None) -> Any:
        if "%00" in request.META.get("QUERY_STRING", ""):
            # PostgreSQL cannot look for it, and no page of ours ever links to it.
            return HttpResponseRedirect(request.path)
        title = capfirst(str(self.opts.verbose_name_plural))
        return super().changelist_view(request, {"title": title, **(extra_context or {})})

    def formfield_for_dbfield(self, db_field: Any, request: HttpRequest, **kwargs: Any) -> Any:
        field: Any = super().formfield_for_dbfield(db_field, request, **kwargs)
        if field is not None and hasattr(field.widget, "can_delete_related"):
            # A form about one thing is no place to change or delete another.
            field.widget.can_delete_related = field.widget.can_change_related = False
        return field


class ReadOnlyAdmin(StockroomAdmin):
    """Rows that other doors write: looked at, never touched."""

    def has_add_permission(self, request: HttpRequest, obj: Model | None = None) -> bool:
        return False

    def has_change_permission(self, request: HttpRequest, obj: Model | None = None) -> bool:
        return False

    def has_delete_permission(self, request: HttpRequest, obj: Model | None = None) -> bool:
        return False

    def may(self, request: HttpRequest, codename: str) -> bool:
        """Has this person Django's permission `codename` (`change_stockalert`)?"""
        return request.user.has_perm(f"inventory.{codename}")
