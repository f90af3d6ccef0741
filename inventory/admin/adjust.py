"""The page on which people adjust stock: one reason, a line per product, all lines or none, and each page only once."""

import hashlib
from collections.abc import Iterable
from typing import Any
from uuid import UUID

from django.contrib import messages
from django.contrib.admin import ModelAdmin
from django.core.exceptions import PermissionDenied
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.template.response import TemplateResponse
from django.urls import reverse
from django.utils.http import urlencode
from uuid_utils.compat import uuid7

from inventory.errors import Invalid, Refusal
from inventory.operations import idempotency, stock
from inventory.values import Line

from .adjust_forms import BookingForm, LineFormSet, initial_lines, stock_of
from .deeds import actor_of
from .looks import list_of
from .refusals import CAUGHT, as_refusal, line_of


def adjust_url(*, product: Iterable[UUID] = (), level: Iterable[UUID] = ()) -> str:
    query = urlencode({"product": [str(pk) for pk in product], "level": [str(pk) for pk in level]}, doseq=True)
    return f"{reverse('admin:inventory_stocklevel_adjust')}?{query}"


def adjust_view(page: ModelAdmin, request: HttpRequest) -> HttpResponse:
    """GET: `?product=` and `?level=` (ids, repeatable) say what to adjust. POST: book it, or say why not."""
    if not page.has_change_permission(request):
        raise PermissionDenied
    refusal: Refusal | None = None
    if request.method == "POST":
        booking, lines = BookingForm(request.POST), LineFormSet(request.POST, prefix="lines")
        if booking.is_valid() and lines.is_valid():
            done = _book(page, request, booking.cleaned_data, lines)
            if not isinstance(done, Refusal):
                return HttpResponseRedirect(list_of("stockmovement", source__exact=done))
            refusal = done
    else:
        booking = BookingForm(initial={"token": str(uuid7())})
        lines = LineFormSet(
            prefix="lines", initial=initial_lines(request.GET.getlist("product"), request.GET.getlist("level"))
        )
    stocks = stock_of([form.product_id for form in lines])
    for form in lines:
        form.show(stocks)
    _place(refusal, lines)
    context = {
        **page.admin_site.each_context(request),
        "title": "Adjust stock",
        "opts": page.opts,
        "booking": booking,
        "lines": lines,
        "refusal": refusal,
    }
    return TemplateResponse(request, "admin/inventory/adjust.html", context)


def _book(page: ModelAdmin, request: HttpRequest, booking: dict[str, Any], forms: Any) -> Refusal | str:
    """Book every line that has a delta. Returns the booking's id, or why it was refused."""
    chosen = [(number, form.cleaned_data) for number, form in enumerate(forms) if form.cleaned_data.get("delta")]
    lines = [
        Line(
            product=line["product"],
            location=line["location"] or None,
            quantity=line["delta"],
            pointer=f"/lines/{number}",
        )
        for number, line in chosen
    ]
    actor = actor_of(request)

    def effect() -> idempotency.Answer:
        done = stock.adjust(
            lines, reason=booking["reason"], reference=booking["reference"], note=booking["note"], actor=actor
        )
        return idempotency.Answer(201, str(done.id).encode())

    if not lines:
        return Invalid("No line has a delta; there is nothing to book.")
    meant = repr((booking["reason"], booking["reference"], booking["note"], lines)).encode()
    try:
        answer, replayed = idempotency.once(
            principal=str(actor),
            key=f"adjust-page:{booking['token']}",
            fingerprint=hashlib.sha256(meant).digest(),
            effect=effect,
        )
    except CAUGHT as error:
        refusal = as_refusal(error)
        if refusal is None:
            raise
        return refusal
    told = "This page was booked before; nothing was booked again." if replayed else f"Booked {len(lines)} line(s)."
    page.message_user(request, told, messages.WARNING if replayed else messages.SUCCESS)
    return answer.body.decode()


def _place(refusal: Refusal | None, forms: Any) -> None:
    """Put each problem at the line that it names."""
    for problem in refusal.problems if refusal else ():
        number = line_of(problem)
        if number is not None and number < len(forms):
            forms[number].add_error(None, problem.detail)
