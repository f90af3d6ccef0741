"""Users of the admin, with the notifications that they want."""

from typing import Any

from django.contrib import admin
from django.contrib.auth import get_user_model
from django.contrib.auth.admin import UserAdmin
from django.http import HttpRequest

from .inlines import OperatorProfileInline

User = get_user_model()
admin.site.unregister(User)


@admin.register(User)
class OperatorAdmin(UserAdmin):
    inlines = (OperatorProfileInline,)
    list_display = ("username", "email", "is_staff", "is_superuser", "is_active", "last_login", "notified")
    list_select_related = ("operator_profile",)

    def get_inlines(self, request: HttpRequest, obj: Any) -> Any:
        # A new user gets the profile from a receiver; a form of it would make a second one.
        return () if obj is None else self.inlines

    @admin.display(description="alerts by mail", boolean=True)
    def notified(self, row: Any) -> bool:
        profile = getattr(row, "operator_profile", None)
        return bool(profile and profile.notify_low_stock)
