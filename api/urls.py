"""Every route of the API on one page."""

from typing import Any

from django.urls import URLPattern, path, register_converter
from django.urls.converters import StringConverter
from rest_framework.routers import SimpleRouter

from api.viewsets.access import ApiKeyViewSet, MeViewSet
from api.viewsets.alerts import AlertViewSet
from api.viewsets.catalog import CategoryViewSet, LocationViewSet
from api.viewsets.events import EventViewSet
from api.viewsets.history import ActivityViewSet, ArchiveViewSet
from api.viewsets.products import ProductViewSet
from api.viewsets.reservations import ReservationViewSet
from api.viewsets.stock import AdjustmentViewSet, CountViewSet, LevelViewSet, MovementViewSet, ProductStockViewSet
from api.viewsets.transfers import TransferViewSet

COLLECTION = {"get": "list", "post": "create"}
MEMBER = {"get": "retrieve", "put": "update", "patch": "partial_update", "delete": "destroy"}


class ProductKey(StringConverter):
    """A product's id, or `sku:<SKU>`; a SKU may have slashes."""

    regex = r"sku:[^?#]+|[^/]+"


register_converter(ProductKey, "product")


def route(address: str, viewset: Any, actions: dict[str, str], name: str) -> URLPattern:
    return path(address, viewset.as_view(actions), name=name)


router = SimpleRouter(trailing_slash=False)
router.register("categories", CategoryViewSet, "category")
router.register("activity", ActivityViewSet, "activity")
router.register("alerts", AlertViewSet, "alert")
router.register("api_keys", ApiKeyViewSet, "api_key")
router.register("archive", ArchiveViewSet, "archive")
router.register("events", EventViewSet, "event")
router.register("locations", LocationViewSet, "location")
router.register("me", MeViewSet, "me")
router.register("reservations", ReservationViewSet, "reservation")
router.register("stock/adjustments", AdjustmentViewSet, "adjustment")
router.register("stock/counts", CountViewSet, "count")
router.register("stock/levels", LevelViewSet, "level")
router.register("stock/movements", MovementViewSet, "movement")
router.register("stock/transfers", TransferViewSet, "transfer")

# Django tries them from top to bottom, so what is asked most stands first. `<product:pk>` takes slashes: the routes
# that go on behind it stand before the one that ends with it.
urlpatterns: list[Any] = [
    route("products", ProductViewSet, COLLECTION, "product-list"),
    route("products/<product:pk>/stock", ProductStockViewSet, {"get": "retrieve"}, "product-stock"),
    route("products/<product:pk>/history", ProductViewSet, {"get": "history"}, "product-history"),
    route("products/<product:pk>", ProductViewSet, MEMBER, "product-detail"),
    *router.urls,
]
