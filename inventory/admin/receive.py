"""The page on which a delivery is counted in: what has arrived of each line, and whether the rest is still to come."""

import hashlib
from typing import Any
from uuid import UUID

from django import forms
from django.contrib import messages
from django.core.exceptions import PermissionDenied
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseRedirect
from django.template.response import TemplateResponse
from uuid_utils.compat import uuid7

from inventory.errors import Refusal
from inventory.models import Transfer
from inventory.operations import idempotency, transfers
from inventory.values import Line

from .deeds import actor_of
from .looks import page_of
from .refusals import CAUGHT, as_refusal


class ReceiptForm(forms.Form):
    """A field `line_<id>` per line of `transfer` with what is still on its way, and `close`."""

    token = forms.UUIDField(widget=forms.HiddenInput)
    close = forms.BooleanField(required=False, initial=True, label="The rest is lost: record it as shortfall and close")

    def __init__(self, transfer: Transfer, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.lines = [line for line in transfer.lines.order_by("sku") if line.quantity > line.received]
        for line in self.lines:
            rest = line.quantity - line.received
            self.fields[f"line_{line.pk}"] = forms.IntegerField(
                label=line.sku, initial=rest, min_value=0, max_value=rest, help_text=f"of {rest} on their way"
            )

    def quantities(self) -> dict[str, int]:
        """SKU → pieces that have arrived."""
        return {line.sku: self.cleaned_data[f"line_{line.pk}"] for line in self.lines}


def receive_view(page: Any, request: HttpRequest, pk: UUID) -> HttpResponse:
    """GET: the form. POST: book the receipt, once per page."""
    if not page.has_move_permission(request):
        raise PermissionDenied
    transfer = Transfer.objects.select_related("from_location", "to_location").filter(pk=pk).first()
    if transfer is None:
        raise Http404
    refusal: Refusal | None = None
    if request.method == "POST":
        form = ReceiptForm(transfer, request.POST)
        if form.is_valid():
            refusal = _receive(page, request, transfer, form)
            if refusal is None:
                return HttpResponseRedirect(page_of("transfer", pk))
            form.add_error(None, refusal.detail)
    else:
        form = ReceiptForm(transfer, initial={"token": str(uuid7())})
    context = {
        **page.admin_site.each_context(request),
        "title": f"Receive {transfer.reference or 'transfer'}",
        "subtitle": f"{transfer.from_location} to {transfer.to_location}",
        "opts": page.opts,
        "original": transfer,
        "form": form,
    }
    return TemplateResponse(request, "admin/inventory/receive.html", context)


def _receive(page: Any, request: HttpRequest, transfer: Transfer, form: ReceiptForm) -> Refusal | None:
    actor, arrived, close = actor_of(request), form.quantities(), form.cleaned_data["close"]

    def effect() -> idempotency.Answer:
        lines = [Line(sku=sku, quantity=pieces) for sku, pieces in arrived.items()]
        transfers.receive(transfer, actor=actor, lines=lines, close=close)
        return idempotency.Answer(200, b"")

    try:
        _, replayed = idempotency.once(
            principal=str(actor),
            key=f"receive-page:{form.cleaned_data['token']}",
            fingerprint=hashlib.sha256(repr((transfer.pk, arrived, close)).encode()).digest(),
            effect=effect,
        )
    except CAUGHT as error:
        refusal = as_refusal(error)
        if refusal is None:
            raise
        return refusal
    told = "This receipt was booked before; nothing was booked again." if replayed else "The receipt is booked."
    page.message_user(request, told, messages.WARNING if replayed else messages.SUCCESS)
    return None
