"""Every INVENTORY_* setting as a typed function of no arguments, read when called, so that overrides work in tests."""

from django.conf import settings


def is_on(switch: str) -> bool:
    """Is the receiver switch `switch` (a setting's full name) on? A name that no setting has is an AttributeError."""
    return bool(getattr(settings, switch))


def default_reorder_point() -> int | None:
    value = settings.INVENTORY_DEFAULT_REORDER_POINT
    return None if value is None else int(value)


def default_safety_stock() -> int:
    return int(settings.INVENTORY_DEFAULT_SAFETY_STOCK)


def cache_ttl_s() -> int:
    """How long a cached value may live, in seconds. Hygiene only: coherence never depends on it."""
    return int(settings.INVENTORY_CACHE_TTL_S)


def alert_recipients() -> list[str]:
    return list(settings.INVENTORY_ALERT_RECIPIENTS)


def allocation_strategy() -> str:
    """How pieces are taken from locations when a request does not say: priority, fewest_splits or most_stock."""
    return str(settings.INVENTORY_ALLOCATION_STRATEGY)


def reservations_per_owner() -> int | None:
    """How many active reservations one owner may have at once; None: any number."""
    value = settings.INVENTORY_RESERVATIONS_PER_OWNER
    return None if value is None else int(value)


def reservation_longest_life_s() -> int:
    """How long a hold may live in all, however often it is extended, in seconds."""
    return int(settings.INVENTORY_RESERVATION_LONGEST_LIFE_S)


def extra_receivers() -> list[str]:
    """Dotted module paths that are imported after our own receivers: a deployment's own doorbells."""
    return list(settings.INVENTORY_EXTRA_RECEIVERS)
