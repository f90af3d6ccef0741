"""Where everything stands. The API's own routes are in `api/urls.py`."""

from django.contrib import admin
from django.urls import include, path, re_path

from api.errors import page_not_found

handler400 = "api.errors.bad_request"
handler403 = "api.errors.permission_denied"
handler404 = "api.errors.page_not_found"
handler500 = "api.errors.server_error"

urlpatterns = [
    path("api/v1/", include("api.urls")),
    # Last under /api/, so that an unknown path is a problem also where Django would show its own page (DEBUG).
    re_path(r"^api(?:/|$)", page_not_found),
    path("admin/", admin.site.urls),
]
