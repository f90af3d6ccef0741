"""Deeds of people: who does them, on which rows, what is asked first, and what is told afterwards."""

from collections.abc import Callable
from typing import Any

from django.contrib import admin, messages
from django.contrib.admin import helpers
from django.core.exceptions import ValidationError
from django.db.models import QuerySet
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.template.response import TemplateResponse
from django.urls import reverse

from inventory.context import Actor

from .refusals import CAUGHT, as_refusal

#: Below Django's limit of 1,000 fields in a form, for a page that asks first sends each row back.
ROWS_AT_ONCE = 500
MESSAGES_AT_ONCE = 10


def actor_of(request: HttpRequest) -> Actor:
    """The person at the desk, as the activity log and the ledger will name them."""
    actor = Actor("user", str(request.user.pk), request.user.get_username())
    request.META["stockroom.actor"] = str(actor)  # for the access log
    return actor


class Deeds(admin.ModelAdmin):
    """What every action of a list, and the same action as a button on an object's page, may need."""

    def response_action(self, request: HttpRequest, queryset: QuerySet[Any], *args: Any, **kwargs: Any) -> Any:
        if not self._are_ids(request.POST.getlist(helpers.ACTION_CHECKBOX_NAME)):
            self.message_user(request, "The selection cannot be read; nothing was done.", messages.WARNING)
            return HttpResponseRedirect(request.get_full_path())
        response = super().response_action(request, queryset, *args, **kwargs)
        back = request.POST.get("_back")
        if back and isinstance(response, HttpResponseRedirect) and self._are_ids([back]):
            return HttpResponseRedirect(
                reverse(f"admin:{self.opts.app_label}_{self.opts.model_name}_change", args=[back])
            )
        return response

    def _are_ids(self, texts: list[str]) -> bool:
        try:
            for text in texts:
                self.opts.pk.to_python(text)
        except ValidationError:
            return False
        return True

    def each(self, request: HttpRequest, rows: QuerySet[Any], verb: Callable[[Any], Any]) -> int:
        """Call `verb` for each row, each in its own transaction; a refusal becomes a message. Returns how many went."""
        done, refused = 0, 0
        if self.too_many(request, rows):
            return 0
        for row in list(rows):
            name = str(row)
            try:
                verb(row)
            except CAUGHT as error:
                refusal = as_refusal(error)
                if refusal is None:
                    raise
                refused += 1
                if refused <= MESSAGES_AT_ONCE:
                    self.message_user(request, f"{name}: {refusal.detail}", messages.ERROR)
            else:
                done += 1
        if refused > MESSAGES_AT_ONCE:
            self.message_user(request, f"{refused - MESSAGES_AT_ONCE} more were refused.", messages.ERROR)
        return done

    def too_many(self, request: HttpRequest, rows: QuerySet[Any]) -> bool:
        """Are these more rows than one request should change? Then the person is told."""
        if not rows.order_by()[ROWS_AT_ONCE:].exists():
            return False
        self.message_user(request, f"Choose at most {ROWS_AT_ONCE} rows at once; nothing was done.", messages.ERROR)
        return True

    def report(self, request: HttpRequest, done: int, what: str) -> None:
        """Say how many rows an action changed: `what` as “3 alerts {acknowledged}”."""
        if done:
            noun = self.opts.verbose_name if done == 1 else self.opts.verbose_name_plural
            self.message_user(request, f"{done} {noun} {what}.", messages.SUCCESS)

    def ask(self, request: HttpRequest, rows: QuerySet[Any], action: str, question: str) -> HttpResponse | None:
        """A page that asks `question` before `action` is done; None once the answer is yes."""
        if request.POST.get("confirmed"):
            return None
        context = {
            **self.admin_site.each_context(request),
            "title": question,
            "opts": self.opts,
            "rows": rows[:100],
            "action": action,
            "back": request.POST.get("_back", ""),
            "selected": request.POST.getlist(helpers.ACTION_CHECKBOX_NAME),
            "across": request.POST.get("select_across", "0"),
        }
        return TemplateResponse(request, "admin/inventory/confirm.html", context)
