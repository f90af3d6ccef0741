"""Every route of the API, one line per noun."""

from django.urls import URLPattern, URLResolver
from rest_framework.routers import SimpleRouter

from api.viewsets.access import ApiKeyViewSet, MeViewSet

router = SimpleRouter(trailing_slash=False)
router.register("api_keys", ApiKeyViewSet, "api_key")
router.register("me", MeViewSet, "me")

urlpatterns: list[URLPattern | URLResolver] = [*router.urls]
