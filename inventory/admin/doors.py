"""Pages that write: form in, one operation, refusals back into the form."""

from typing import Any

from django.contrib import messages
from django.contrib.admin.actions import delete_selected as ask_before_deleting
from django.contrib.admin.decorators import action
from django.db.models import Model, QuerySet
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect

from inventory.context import Actor

from .base import StockroomAdmin
from .deeds import actor_of
from .forms import VersionedForm, values_of
from .looks import page_of
from .refusals import CAUGHT, as_refusal

#: Where a request carries the refusal that its form has to show.
REFUSAL = "stockroom.refusal"


class RefusableAdmin(StockroomAdmin):
    """A refusal rolls everything back and shows the same form again, with the reason and what was typed."""

    def changeform_view(self, request: HttpRequest, *args: Any, **kwargs: Any) -> Any:
        try:
            return super().changeform_view(request, *args, **kwargs)
        except CAUGHT as error:
            refusal = as_refusal(error)
            if refusal is None or request.method != "POST":
                raise
            request.META[REFUSAL] = refusal
            # Outside the transaction, which is rolled back: this time the form is refused before anything is tried.
            return super().changeform_view(request, *args, **kwargs)

    def get_form(self, request: HttpRequest, obj: Any = None, change: bool = False, **kwargs: Any) -> Any:
        form = super().get_form(request, obj, change=change, **kwargs)
        return type(form.__name__, (form,), {"refusal": request.META.get(REFUSAL)})


class OperationsAdmin(RefusableAdmin):
    """Create, change and delete through the three operations that a subclass names."""

    form = VersionedForm
    actions: tuple[str, ...] = ("delete_selected",)

    def create(self, *, actor: Actor, **values: Any) -> Model:
        raise TypeError(f"{type(self).__name__} does not say how to create a row")

    def change(self, row: Any, *, actor: Actor, expected_version: int | None, **values: Any) -> Model:
        raise TypeError(f"{type(self).__name__} does not say how to change a row")

    def destroy(self, row: Any, *, actor: Actor, expected_version: int | None) -> None:
        raise TypeError(f"{type(self).__name__} does not say how to delete a row")

    def save_model(self, request: HttpRequest, obj: Any, form: Any, change: bool) -> None:
        """`obj` has what was typed already; the operation needs the row as it is, to see what differs."""
        actor = actor_of(request)
        if change:
            row = self.model._base_manager.get(pk=obj.pk)
            self.change(row, actor=actor, expected_version=form.cleaned_data["seen_version"], **values_of(form))
        else:
            obj.pk = self.create(actor=actor, **values_of(form)).pk
            obj._state.adding = False

    def delete_model(self, request: HttpRequest, obj: Any) -> None:
        seen = request.POST.get("seen_version", "")
        self.destroy(obj, actor=actor_of(request), expected_version=int(seen) if seen.isdecimal() else None)

    def delete_queryset(self, request: HttpRequest, queryset: QuerySet[Any]) -> None:
        self._destroy_each(request, queryset)

    def delete_view(self, request: HttpRequest, object_id: str, extra_context: Any = None) -> Any:
        try:
            return super().delete_view(request, object_id, extra_context)
        except CAUGHT as error:
            refusal = as_refusal(error)
            if refusal is None:
                raise
            self.message_user(request, refusal.detail, messages.ERROR)
            return HttpResponseRedirect(page_of(str(self.opts.model_name), object_id))

    def get_deleted_objects(self, objs: Any, request: HttpRequest) -> Any:
        """Only the rows themselves: what goes with them is the operation's affair, and what forbids it, too."""
        chosen = list(objs[:100])
        return [str(row) for row in chosen], {self.opts.verbose_name_plural: len(chosen)}, set(), []

    @action(permissions=["delete"], description="Delete selected %(verbose_name_plural)s")
    def delete_selected(self, request: HttpRequest, queryset: QuerySet[Any]) -> HttpResponse | None:
        """Ask, then delete row by row; a row that cannot go does not hold the others."""
        if self.too_many(request, queryset):
            return None
        if not request.POST.get("post"):
            return ask_before_deleting(self, request, queryset)
        self.report(request, self._destroy_each(request, queryset), "deleted")
        return None

    def _destroy_each(self, request: HttpRequest, queryset: QuerySet[Any]) -> int:
        actor = actor_of(request)
        return self.each(request, queryset, lambda row: self.destroy(row, actor=actor, expected_version=row.version))


class WriteOnceAdmin(RefusableAdmin):
    """Rows that are made by an operation and then only moved on by actions: added here, never changed or deleted."""

    def has_change_permission(self, request: HttpRequest, obj: Model | None = None) -> bool:
        return False

    def has_delete_permission(self, request: HttpRequest, obj: Model | None = None) -> bool:
        return False
