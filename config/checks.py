"""What must be right before the service may start. `python manage.py check` runs these, and so does every command."""

from typing import Any

from django.conf import settings
from django.core.checks import CheckMessage, Error, Tags, register

LEAST_SECRET_LENGTH = 50


@register(Tags.security)
def secret_key_is_secret(**_: Any) -> list[CheckMessage]:
    """Cursors, sessions and CSRF tokens are signed with SECRET_KEY: everybody knows the sample one."""
    if settings.DEBUG:
        return []
    if settings.SECRET_KEY == settings.SAMPLE_SECRET_KEY:
        return [
            Error(
                "SECRET_KEY is the sample from the source code.",
                hint="Set SECRET_KEY (or SECRET_KEY_FILE) to 50 random characters or more, or DEBUG=true to develop.",
                id="stockroom.E001",
            )
        ]
    if len(settings.SECRET_KEY) < LEAST_SECRET_LENGTH:
        return [Error(f"SECRET_KEY has fewer than {LEAST_SECRET_LENGTH} characters.", id="stockroom.E002")]
    return []
