"""Accounts: what the service keeps about its human operators."""

from typing import Any

from inventory.models import OperatorProfile


def ensure_profile(user: Any) -> None:
    """Make the user's operator profile if there is none."""
    OperatorProfile.objects.get_or_create(user=user)
