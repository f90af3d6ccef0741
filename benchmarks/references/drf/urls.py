from rest_framework.routers import SimpleRouter

from .views import MovementViewSet, ProductViewSet

router = SimpleRouter(trailing_slash=False)
router.register("products", ProductViewSet)
router.register("movements", MovementViewSet)
urlpatterns = router.urls
