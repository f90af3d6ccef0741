"""A person at the admin: opens a page, types into some fields, and presses the button."""

from typing import Any

from django.contrib.auth.models import User
from django.test import Client
from django.urls import reverse

from inventory.models import Product


class Desk:
    """Logged in as the superuser `root`."""

    def __init__(self) -> None:
        self.client = Client()
        self.client.force_login(User.objects.create_superuser("root"))

    def add(self, model: str, **typed: Any) -> None:
        self._type(reverse(f"admin:inventory_{model}_add"), typed)

    def change(self, row: Any, **typed: Any) -> None:
        self._type(reverse(f"admin:inventory_{row._meta.model_name}_change", args=[row.pk]), typed)

    def delete(self, row: Any) -> None:
        self._press(reverse(f"admin:inventory_{row._meta.model_name}_delete", args=[row.pk]), {"post": "yes"})

    def choose(self, row: Any, action: str) -> None:
        """Tick the row in its list and run the action."""
        chosen = {"action": action, "_selected_action": str(row.pk), "post": "yes"}
        self._press(reverse(f"admin:inventory_{row._meta.model_name}_changelist"), chosen)

    def adjust(self, product: Product, delta: int, reason: str) -> None:
        address = reverse("admin:inventory_stocklevel_adjust") + f"?product={product.pk}"
        page = self.client.get(address).context
        typed = {name: page["booking"][name].value() or "" for name in page["booking"].fields}
        typed |= {f"lines-{name}": value for name, value in page["lines"].management_form.initial.items()}
        for form in page["lines"]:
            typed |= {form.add_prefix(name): form[name].value() or "" for name in form.fields}
        self._press(address, {**typed, "reason": reason, "lines-0-delta": delta})

    def _type(self, address: str, typed: dict[str, Any]) -> None:
        form = self.client.get(address).context["adminform"].form
        shown = {name: form[name].value() for name in form.fields}
        filled = {name: value for name, value in shown.items() if value is not None and value is not False}
        self._press(address, {**filled, **typed})

    def _press(self, address: str, typed: dict[str, Any]) -> None:
        answer = self.client.post(address, typed)
        assert answer.status_code == 302, answer.context and answer.context.get("errors")
