"""A person at the admin: opens pages, fills in forms, presses buttons."""

from html import unescape
from typing import Any
from uuid import UUID

from django.contrib.auth import get_user_model
from django.contrib.auth.models import Permission
from django.test import Client
from django.urls import reverse


class Desk:
    """`client` raises no error of ours: the person would see the 500."""

    def __init__(self, user: Any) -> None:
        self.user = user
        self.client = Client(raise_request_exception=False)
        self.client.force_login(user)

    def open(self, page: str, *args: Any, **query: Any) -> Any:
        """GET of the admin's page `page` (`product_change`)."""
        return self.client.get(url(page, *args), query, follow=True)

    def fill(self, page: str, *args: Any, **fields: Any) -> Any:
        """Open the form, change `fields`, save. Returns the page that comes then."""
        return self.send(self.open(page, *args), page, *args, **fields)

    def send(self, seen: Any, page: str, *args: Any, **fields: Any) -> Any:
        """Save the form that was seen, with `fields` changed."""
        return self.client.post(url(page, *args), {**form_of(seen), **fields}, follow=True)

    def act(self, model: str, action: str, *rows: Any, **more: Any) -> Any:
        """Choose rows in the list of `model` and let `action` run."""
        chosen = {"action": action, "_selected_action": [str(getattr(row, "pk", row)) for row in rows], "index": "0"}
        return self.client.post(url(f"{model}_changelist"), {**chosen, **more}, follow=True)


def staff(name: str, *permissions: str) -> Desk:
    """Somebody who may only do what Django's `permissions` (`view_product`) say."""
    user = get_user_model().objects.create_user(name, password="pw", is_staff=True)
    user.user_permissions.set(Permission.objects.filter(codename__in=permissions))
    return Desk(user)


def url(page: str, *args: Any) -> str:
    """The address of the admin's page `page`: `index`, or `product_change` of our own app."""
    return reverse(f"admin:inventory_{page}" if "_" in page else f"admin:{page}", args=args)


def form_of(page: Any) -> dict[str, Any]:
    """What a browser would send back: the values of the page's main form and its inlines."""
    context = page.context
    forms = [context["adminform"].form] if "adminform" in context else []
    for inline in context.get("inline_admin_formsets", ()):
        forms += [inline.formset.management_form, *inline.formset.forms]
    data: dict[str, Any] = {}
    for form in forms:
        for bound in form:
            data |= _values(bound)
    return data


def told(page: Any) -> list[str]:
    """The messages on a page, and what its form complains about."""
    texts = [unescape(str(message)) for message in page.context.get("messages", ())]
    if "adminform" in page.context:
        errors = page.context["adminform"].form.errors
        texts += [text for field in errors.values() for text in field]
    return texts


def ledger_of(product: UUID) -> list[tuple[str, int, str]]:
    """(location code, change of on_hand, actor), oldest first."""
    from inventory.models import StockMovement

    rows = StockMovement.objects.filter(product=product).order_by("id")
    return list(rows.values_list("location_code", "delta_on_hand", "actor"))


def _values(bound: Any) -> dict[str, Any]:
    value = bound.value()
    widget = bound.field.widget
    if hasattr(widget, "decompress"):
        parts = widget.decompress(value)
        return {f"{bound.html_name}_{n}": part or "" for n, part in enumerate(parts)}
    if value is None or value is False:
        return {}
    if isinstance(value, (list, tuple)):
        return {bound.html_name: [str(part) for part in value]}
    return {bound.html_name: "on" if value is True else value}
