"""Start-up complaints, each with a code that can be looked up in docs/settings.md."""

import os
from typing import Any

from django.conf import settings
from django.core.checks import CheckMessage, Error, Warning, register

#: Django names its signal dispatch after the receivers; a switch that no receiver has is a typing error.
PREFIX, SUFFIX = "INVENTORY_", "_ENABLED"


@register()
def switches_are_known(app_configs: Any, **kwargs: Any) -> list[CheckMessage]:
    """A misspelt switch would silently leave its receivers on."""
    from inventory.receivers.guards import REGISTRY

    known = {bell.switch for bell in REGISTRY.values()} | {"INVENTORY_CACHE_GUARD_ENABLED"}
    given = {name for name in dir(settings) if name.startswith(PREFIX) and name.endswith(SUFFIX)}
    in_environment = {name.removesuffix("_FILE") for name in os.environ if name.startswith(PREFIX)}
    unread = {name for name in in_environment if not hasattr(settings, name)}
    unknown = [
        Error(
            f"{name} switches nothing." if name in given else f"{name} in the environment sets nothing.",
            hint=f"Known switches: {', '.join(sorted(known))}.",
            id="inventory.E001",
        )
        for name in sorted((given - known) | unread)
    ]
    missing = [
        Error(f"The receivers behind {name} have no such setting.", id="inventory.E002")
        for name in sorted({bell.switch for bell in REGISTRY.values()} - given)
    ]
    return [*unknown, *missing]


@register()
def timeouts_are_in_order(app_configs: Any, **kwargs: Any) -> list[CheckMessage]:
    """A lock wait that outlives its statement can never be reported as what it is."""
    limits = settings.DATABASE_TIMEOUTS_MS
    if limits["lock_timeout"] >= limits["statement_timeout"]:
        return [
            Error("DATABASE_LOCK_TIMEOUT_MS must be shorter than DATABASE_STATEMENT_TIMEOUT_MS.", id="inventory.E003")
        ]
    return []


@register()
def redis_is_quick_to_give_up(app_configs: Any, **kwargs: Any) -> list[CheckMessage]:
    """Writers hold row locks while they wait for Redis."""
    if settings.REDIS_TIMEOUT_S > 1:
        return [
            Warning(
                f"REDIS_TIMEOUT_S is {settings.REDIS_TIMEOUT_S}: a hung Redis would hold row locks that long.",
                hint="0.25 to 0.5 seconds are plenty.",
                id="inventory.W001",
            )
        ]
    return []
