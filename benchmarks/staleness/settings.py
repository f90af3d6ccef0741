"""One Django for each strategy: the libraries patch it when they are installed."""

import os

from config.settings import CACHES, DATABASES, REDIS_TIMEOUT_S, REDIS_URL  # noqa: F401 - the service's connections

STRATEGY = os.environ["STRATEGY"]
SECRET_KEY = "of-no-value"
USE_TZ = True
INVENTORY_CACHE_TTL_S = 300
INVENTORY_CACHE_INVALIDATION_ENABLED = True
DEFAULT_AUTO_FIELD = "django.db.models.BigAutoField"
INSTALLED_APPS = ["benchmarks.staleness"]
DATABASES["default"]["ENGINE"] = "django.db.backends.postgresql"
if STRATEGY.startswith("cacheops"):
    INSTALLED_APPS.append("cacheops")
    CACHEOPS_REDIS = REDIS_URL
    CACHEOPS = {"staleness.*": {"ops": "all", "timeout": 300}}
if STRATEGY == "cachalot":
    INSTALLED_APPS.append("cachalot")
