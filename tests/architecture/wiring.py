"""What is connected to which signal, as the table in docs/receivers.md shows it.

`python -m tests.architecture.wiring` prints the table that belongs there.
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from importlib import import_module
from itertools import groupby
from types import ModuleType
from typing import Any
from weakref import ReferenceType

from django.dispatch import Signal

OURS = ("api.", "config.", "inventory.")


@dataclass(frozen=True, order=True)
class Row:
    """One receiver on one signal. `senders` and `uids` belong together, in this order."""

    name: str
    signal: str
    senders: str
    kind: str
    switch: str
    keeps: str
    uids: str

    def __str__(self) -> str:
        cells = (f"`{self.name}`", f"`{self.signal}`", self.senders, self.kind, self.switch, self.keeps, self.uids)
        return "| " + " | ".join(cells) + " |"


HEAD = "| receiver | rings on | of | kind | switch `INVENTORY_…_ENABLED` | what it does | `dispatch_uid` |"
RULE = "|---|---|---|---|---|---|---|"


def live() -> list[Row]:
    """The wiring of this process, once everything that a request could meet is loaded."""
    import_module("config.urls")
    found = sorted(_connections(), key=lambda one: (one[0], one[1]))
    rows = []
    for (name, signal), several in groupby(found, key=lambda one: (one[0], one[1])):
        ones = sorted(several, key=lambda one: one[3])
        bell, receiver = _bell(name), ones[0][4]
        kind = "plain" if bell is None else "required" if bell.required else "guarded"
        switch = "–" if bell is None else _short(bell.switch)
        senders = ", ".join(sender for _, _, sender, _, _ in ones)
        uids = ", ".join(f"`{uid}`" for _, _, _, uid, _ in ones)
        rows.append(Row(name, signal, senders, kind, switch, _sentence(receiver), uids))
    return rows


def documented(text: str) -> list[str]:
    """The rows of the table in the text."""
    return re.findall(r"^\| `\w+\.[\w.]+` \| `\w+` \|.*\|$", text, re.MULTILINE)


def table() -> str:
    return "\n".join([HEAD, RULE, *map(str, live())])


def signals() -> dict[str, Signal]:
    """Every signal of Django, of our own, and of the libraries, by its name."""
    from django.contrib.auth import signals as accounts
    from django.core import signals as requests
    from django.db.backends import signals as backends
    from django.db.models import signals as rows

    from inventory import signals as ours

    modules: list[ModuleType] = [rows, requests, accounts, backends, ours]
    return {name: one for module in modules for name, one in vars(module).items() if isinstance(one, Signal)}


def _connections() -> Iterator[tuple[str, str, str, str, Any]]:
    """Name of the receiver, signal, sender, dispatch_uid, and the function itself."""
    for signal_name, signal in signals().items():
        for (uid, sender_id), reference, *_ in signal.receivers:
            receiver: Any = reference() if isinstance(reference, ReferenceType) else reference
            module = getattr(receiver, "__module__", "")
            if receiver is not None and module.startswith(OURS):
                name = f"{module}.{receiver.__name__}".removeprefix("inventory.receivers.")
                yield name, signal_name, _sender(sender_id), uid if isinstance(uid, str) else "none", receiver


def _sender(sender_id: int) -> str:
    from django.apps import apps

    known = {id(model): model.__name__ for model in apps.get_models()}
    known |= {id(config): f"app {config.label}" for config in apps.get_app_configs()} | {id(None): "any"}
    return known.get(sender_id, "?")


def _bell(name: str) -> Any:
    from inventory.receivers.guards import REGISTRY

    return REGISTRY.get(name)


def _short(switch: str) -> str:
    return f"`{switch.removeprefix('INVENTORY_').removesuffix('_ENABLED')}`"


def _sentence(receiver: Any) -> str:
    return " ".join((receiver.__doc__ or "").split())


if __name__ == "__main__":
    import django

    django.setup()
    print(table())  # for docs/receivers.md
