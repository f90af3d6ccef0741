"""Where everything stands. The API's own routes are in `api/urls.py`."""

from django.contrib import admin
from django.urls import include, path, re_path
from django.views.decorators.csrf import csrf_exempt
from django.views.generic import RedirectView

from api.errors import page_not_found
from api.pages import health, people
from api.pages.schema import schema

handler400 = "api.errors.bad_request"
handler403 = "api.errors.permission_denied"
handler404 = "api.errors.page_not_found"
handler500 = "api.errors.server_error"

urlpatterns = [
    path("", people.home, name="home"),
    path("api/v1/", include("api.urls")),
    path("api/schema", schema, name="schema"),
    path("api/docs", people.docs, name="docs"),
    path("api/reference", people.reference, name="reference"),
    path("api/problems", people.problems, name="problems"),
    path("api/problems/<code>", people.problem, name="problem"),
    # Last under /api/, so that an unknown path is a problem also where Django would show its own page (DEBUG).
    re_path(r"^api(?:/|$)", csrf_exempt(page_not_found)),
    path("health/live", health.live, name="live"),
    path("health/ready", health.ready, name="ready"),
    path("metrics", people.metrics, name="metrics"),
    path("admin", RedirectView.as_view(pattern_name="admin:index")),
    path("admin/", admin.site.urls),
]
