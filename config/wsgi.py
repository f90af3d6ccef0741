"""The WSGI entry point: what granian serves. The shim answers what would break Django before its first middleware.

Between the two stands the edge, which answers plain requests in Django's stead.
"""

import os

from django.core.wsgi import get_wsgi_application

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "config.settings")

django_application = get_wsgi_application()

from django.conf import settings  # noqa: E402 - Django first

from api.edge import Edge  # noqa: E402 - needs the settings
from api.shim import Shim  # noqa: E402

application = Shim(Edge(django_application) if settings.API_FAST_LANE else django_application)
