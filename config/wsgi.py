"""The WSGI entry point: what granian serves. The shim answers what would break Django before its first middleware."""

import os

from django.core.wsgi import get_wsgi_application

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "config.settings")

django_application = get_wsgi_application()

from api.shim import Shim  # noqa: E402 - needs the settings

application = Shim(django_application)
