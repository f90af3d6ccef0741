"""Operators: every user of the admin has a profile."""

from typing import Any

from django.conf import settings
from django.db.models.signals import post_save
from django.dispatch import receiver

from inventory.operations import accounts

from .guards import guarded


@receiver(post_save, sender=settings.AUTH_USER_MODEL, dispatch_uid="accounts.ensure_profile")
@guarded(switch="INVENTORY_PROFILES_ENABLED")
def ensure_profile(sender: Any, instance: Any, **kwargs: Any) -> None:
    """Give the user an operator profile."""
    accounts.ensure_profile(instance)
