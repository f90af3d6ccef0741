"""People: what we know of a user of the admin beyond the login."""

from django.conf import settings
from django.db import models
from django.utils import timezone

from .base import Identified


class OperatorProfile(Identified):
    """One per user, made when the user is created. `notify_low_stock` asks for alerts by e-mail."""

    user = models.OneToOneField(settings.AUTH_USER_MODEL, models.CASCADE, related_name="operator_profile")
    notify_low_stock = models.BooleanField(default=False)
    created_at = models.DateTimeField(default=timezone.now, editable=False)

    def __str__(self) -> str:
        return f"profile of {self.user}"
