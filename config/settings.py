"""Every setting of the service, in the order in which a request meets them.

Values come from the environment (`NAME`, or `NAME_FILE` for secrets that are mounted as files) and are listed with
their defaults in `docs/settings.md`. There is one module for every environment; nothing here decides by itself.
"""

import sys
from pathlib import Path

from environs import FileAwareEnv

BASE_DIR = Path(__file__).resolve().parent.parent
SAMPLE_SECRET_KEY = "sample-secret-key-for-development-only-change-me-before-deploying"  # noqa: S105

env = FileAwareEnv(eager=False)

# --- Safety -----------------------------------------------------------------------------------------------------------
DEBUG: bool = env.bool("DEBUG", False)
# `config.checks` refuses to start on the sample key while DEBUG is off.
SECRET_KEY: str = env.str("SECRET_KEY", SAMPLE_SECRET_KEY).strip()
SECRET_KEY_FALLBACKS: list[str] = env.list("SECRET_KEY_FALLBACKS", [])
ALLOWED_HOSTS: list[str] = env.list("ALLOWED_HOSTS", ["localhost", "127.0.0.1", "[::1]"])
CSRF_TRUSTED_ORIGINS: list[str] = env.list("CSRF_TRUSTED_ORIGINS", [])
HTTPS: bool = env.bool("HTTPS", False)
SECURE_SSL_REDIRECT = HTTPS
SECURE_HSTS_SECONDS = 31_536_000 if HTTPS else 0
SECURE_HSTS_INCLUDE_SUBDOMAINS = HTTPS
SECURE_HSTS_PRELOAD = HTTPS
SECURE_PROXY_SSL_HEADER = ("HTTP_X_FORWARDED_PROTO", "https") if env.bool("TRUST_PROXY", False) else None
SECURE_REDIRECT_EXEMPT = [r"^health/", r"^metrics$"]
SESSION_COOKIE_SECURE = HTTPS
SESSION_COOKIE_HTTPONLY = True
CSRF_COOKIE_SECURE = HTTPS
X_FRAME_OPTIONS = "DENY"
SECURE_REFERRER_POLICY = "same-origin"

# --- The door: servers, middleware, routes ----------------------------------------------------------------------------
WSGI_APPLICATION = "config.wsgi.application"
ROOT_URLCONF = "config.urls"
APPEND_SLASH = False
DATA_UPLOAD_MAX_MEMORY_SIZE = 5 * 1024 * 1024
INSTALLED_APPS = [
    "inventory",
    "api",
    "config",
    "rest_framework",
    "django_filters",
    "drf_spectacular",
    "drf_spectacular_sidecar",
    "procrastinate.contrib.django",
    "django_structlog",
    "django_prometheus",
    "inventory.admin.apps.StockroomAdminConfig",  # django.contrib.admin with our own site
    "django.contrib.auth",
    "django.contrib.contenttypes",
    "django.contrib.sessions",
    "django.contrib.messages",
    "django.contrib.staticfiles",
]
MIDDLEWARE = [
    "api.request_ids.RequestIdMiddleware",
    "django.middleware.security.SecurityMiddleware",
    "whitenoise.middleware.WhiteNoiseMiddleware",
    "api.content_policy.ContentPolicyMiddleware",
    "django.contrib.sessions.middleware.SessionMiddleware",
    "django.middleware.common.CommonMiddleware",
    "django.middleware.csrf.CsrfViewMiddleware",
    "django.contrib.auth.middleware.AuthenticationMiddleware",
    "django.contrib.messages.middleware.MessageMiddleware",
    "django.middleware.clickjacking.XFrameOptionsMiddleware",
]
TEMPLATES = [
    {
        "BACKEND": "django.template.backends.django.DjangoTemplates",
        "APP_DIRS": True,
        "OPTIONS": {
            "context_processors": [
                "django.template.context_processors.request",
                "django.contrib.auth.context_processors.auth",
                "django.contrib.messages.context_processors.messages",
            ],
        },
    },
]
CONTENT_SECURITY_POLICY = {
    "DIRECTIVES": {
        "default-src": ["'none'"],
        "script-src": ["'self'"],
        "style-src": ["'self'"],
        "img-src": ["'self'", "data:"],
        "font-src": ["'self'"],
        "connect-src": ["'self'"],
        "form-action": ["'self'"],
        "frame-ancestors": ["'none'"],
        "base-uri": ["'none'"],
    },
}

# --- Who may call -----------------------------------------------------------------------------------------------------
AUTH_PASSWORD_VALIDATORS = [
    {"NAME": f"django.contrib.auth.password_validation.{name}"}
    for name in ("UserAttributeSimilarityValidator", "MinimumLengthValidator", "CommonPasswordValidator")
]
LOGIN_URL = "admin:login"
CSRF_FAILURE_VIEW = "api.errors.csrf_failure"
# Requests per minute of one key, counted over all processes; and at the same time, counted in each process.
API_RATE_LIMIT: int = env.int("API_RATE_LIMIT", 60_000)
API_CONCURRENT_REQUESTS: int = env.int("API_CONCURRENT_REQUESTS", 100)
# Plain requests are answered before Django (`api/edge`), with the same answers.
API_FAST_LANE: bool = env.bool("API_FAST_LANE", True)
# Tokens of an identity provider are taken beside API keys once OIDC_ISSUER is set.
OIDC_ISSUER: str = env.str("OIDC_ISSUER", "")
OIDC_AUDIENCE: list[str] = env.list("OIDC_AUDIENCE", [])
OIDC_JWKS_URL: str = env.str("OIDC_JWKS_URL", "")
OIDC_JWKS: str = env.str("OIDC_JWKS", "")
OIDC_ALGORITHMS: list[str] = env.list("OIDC_ALGORITHMS", ["RS256", "ES256"])
OIDC_SCOPES_CLAIM: str = env.str("OIDC_SCOPES_CLAIM", "scope")
OIDC_LOCATIONS_CLAIM: str = env.str("OIDC_LOCATIONS_CLAIM", "")
OIDC_LEEWAY_S: int = env.int("OIDC_LEEWAY_S", 10)
OIDC_JWKS_TTL_S: int = env.int("OIDC_JWKS_TTL_S", 300)
OIDC_TIMEOUT_S: float = env.float("OIDC_TIMEOUT_S", 2.0)

# --- The API ----------------------------------------------------------------------------------------------------------
REST_FRAMEWORK = {
    "DEFAULT_AUTHENTICATION_CLASSES": ["api.authentication.ApiKeyAuthentication"],
    "DEFAULT_PERMISSION_CLASSES": ["api.permissions.HasScope"],
    "DEFAULT_THROTTLE_CLASSES": ["api.throttling.KeyThrottle"],
    "DEFAULT_PARSER_CLASSES": ["api.parsers.StrictJSONParser"],
    "DEFAULT_RENDERER_CLASSES": ["api.renderers.JSONRenderer"],
    "DEFAULT_CONTENT_NEGOTIATION_CLASS": "api.negotiation.JSONNegotiation",
    "DEFAULT_PAGINATION_CLASS": "api.pagination.KeysetPagination",
    "DEFAULT_FILTER_BACKENDS": ["api.filters.StrictFilterBackend"],
    "DEFAULT_SCHEMA_CLASS": "api.schema.StockroomSchema",
    "EXCEPTION_HANDLER": "api.errors.handler",
    "UNAUTHENTICATED_USER": None,
    "COERCE_DECIMAL_TO_STRING": True,
    "TEST_REQUEST_DEFAULT_FORMAT": "json",
}

SPECTACULAR_SETTINGS = {
    "TITLE": "Stockroom",
    "DESCRIPTION": (
        "An inventory service whose numbers can be trusted. Every error is a problem (RFC 9457), every POST may carry "
        "an `Idempotency-Key`, every change names the version that it is meant for. `X-Request-ID` is yours to set."
    ),
    "VERSION": "1.0.0",
    "OAS_VERSION": "3.1.0",
    "LICENSE": {"name": "MIT", "identifier": "MIT"},
    "CONTACT": {"name": "The Stockroom maintainers"},
    "SERVERS": [{"url": "/", "description": "This service"}],
    "SCHEMA_PATH_PREFIX": r"/api/v[0-9]+",
    "COMPONENT_SPLIT_REQUEST": True,
    "COMPONENT_SPLIT_PATCH": True,
    "SORT_OPERATION_PARAMETERS": False,
    "ENUM_SUFFIX": "",
    "ENUM_GENERATE_CHOICE_DESCRIPTION": False,
    "ENUM_NAME_OVERRIDES": {
        "AlertState": "inventory.models.AlertState",
        "MovementKind": "inventory.models.Kind",
        "MovementReason": "inventory.models.Reason",
        "ProductStatus": "inventory.models.Status",
        "Scope": "inventory.models.Scope",
        "Severity": "inventory.models.Severity",
        "StockState": "inventory.models.State",
        "TransferState": "inventory.models.TransferState",
    },
    "POSTPROCESSING_HOOKS": [
        "drf_spectacular.hooks.postprocess_schema_enums",
        "api.schema.finish.finish",
        "api.schema.tidy.tidy",
    ],
    "ENABLE_DJANGO_DEPLOY_CHECK": False,  # a test of its own does more
}

# --- The database -----------------------------------------------------------------------------------------------------
# `config.database` is Django's PostgreSQL backend plus the commit guard (an aborted transaction never looks committed).
# The limits below are the server's own, set for each connection; the client's are in `connect_timeout` and
# `tcp_user_timeout`, because a hung server cannot time itself out.
DATABASES = {"default": env.dj_db_url("DATABASE_URL", "postgres://stockroom@127.0.0.1:5432/stockroom")}
DATABASES["default"] |= {
    "ENGINE": "config.database",
    "ATOMIC_REQUESTS": False,
    "CONN_MAX_AGE": 0,
    "DISABLE_SERVER_SIDE_CURSORS": env.bool("DATABASE_TRANSACTION_POOLING", False),
}
DATABASE_TIMEOUTS_MS = {
    "lock_timeout": env.int("DATABASE_LOCK_TIMEOUT_MS", 5_000),
    "statement_timeout": env.int("DATABASE_STATEMENT_TIMEOUT_MS", 15_000),
    "idle_in_transaction_session_timeout": env.int("DATABASE_IDLE_TIMEOUT_MS", 15_000),
}
DATABASES["default"]["OPTIONS"] = {
    **DATABASES["default"].get("OPTIONS", {}),
    "pool": {
        "min_size": env.int("DATABASE_POOL_MIN", 1),
        "max_size": env.int("DATABASE_POOL_MAX", 16),
        "timeout": env.float("DATABASE_POOL_TIMEOUT_S", 3.0),
    },
    "server_side_binding": True,
    "prepare_threshold": None if env.bool("DATABASE_TRANSACTION_POOLING", False) else 5,
    "connect_timeout": 3,
    "keepalives_idle": 10,
    "keepalives_interval": 3,
    "keepalives_count": 3,
    "tcp_user_timeout": 20_000,
    "options": " ".join(f"-c {name}={value}" for name, value in DATABASE_TIMEOUTS_MS.items()),
}
DEFAULT_AUTO_FIELD = "django.db.models.BigAutoField"

# --- The cache --------------------------------------------------------------------------------------------------------
# Raw bytes through django-redis' client; pickle never. The cache owns its logical database and may wipe it.
REDIS_URL: str = env.str("REDIS_URL", "redis://127.0.0.1:6379/0")
REDIS_TIMEOUT_S: float = env.float("REDIS_TIMEOUT_S", 0.3)
CACHES = {
    "default": {
        "BACKEND": "django_redis.cache.RedisCache",
        "LOCATION": REDIS_URL,
        "KEY_PREFIX": env.str("CACHE_KEY_PREFIX", "stockroom"),
        "OPTIONS": {
            "SERIALIZER": "django_redis.serializers.json.JSONSerializer",
            "SOCKET_TIMEOUT": REDIS_TIMEOUT_S,
            "SOCKET_CONNECT_TIMEOUT": REDIS_TIMEOUT_S,
            "CONNECTION_POOL_KWARGS": {"max_connections": 64},
        },
    },
}
# Rate limits count in their own logical database: the cache may be wiped at any time, counters may not.
LIMITS_REDIS_URL: str = env.str("LIMITS_REDIS_URL", "")

# --- Inventory: the domain's own switches and numbers, typed in inventory/conf.py, listed in docs/settings.md ---------
INVENTORY_CACHE_INVALIDATION_ENABLED: bool = env.bool("INVENTORY_CACHE_INVALIDATION_ENABLED", True)
INVENTORY_CACHE_GUARD_ENABLED: bool = env.bool("INVENTORY_CACHE_GUARD_ENABLED", False)  # takes effect with `migrate`
INVENTORY_STOCK_ALERTS_ENABLED: bool = env.bool("INVENTORY_STOCK_ALERTS_ENABLED", True)
INVENTORY_ACTIVITY_LOG_ENABLED: bool = env.bool("INVENTORY_ACTIVITY_LOG_ENABLED", True)
INVENTORY_EVENTS_ENABLED: bool = env.bool("INVENTORY_EVENTS_ENABLED", True)
INVENTORY_ARCHIVE_ENABLED: bool = env.bool("INVENTORY_ARCHIVE_ENABLED", True)
INVENTORY_SLUGS_ENABLED: bool = env.bool("INVENTORY_SLUGS_ENABLED", True)
INVENTORY_STAMPS_ENABLED: bool = env.bool("INVENTORY_STAMPS_ENABLED", True)
INVENTORY_POLICIES_ENABLED: bool = env.bool("INVENTORY_POLICIES_ENABLED", True)
INVENTORY_PROFILES_ENABLED: bool = env.bool("INVENTORY_PROFILES_ENABLED", True)
INVENTORY_NOTIFICATIONS_ENABLED: bool = env.bool("INVENTORY_NOTIFICATIONS_ENABLED", True)
INVENTORY_EXTRA_RECEIVERS: list[str] = env.list("INVENTORY_EXTRA_RECEIVERS", [])
INVENTORY_DEFAULT_REORDER_POINT: int | None = env.int("INVENTORY_DEFAULT_REORDER_POINT", None)
INVENTORY_DEFAULT_SAFETY_STOCK: int = env.int("INVENTORY_DEFAULT_SAFETY_STOCK", 0)
INVENTORY_ALLOCATION_STRATEGY: str = env.str("INVENTORY_ALLOCATION_STRATEGY", "priority")
INVENTORY_RESERVATIONS_PER_OWNER: int | None = env.int("INVENTORY_RESERVATIONS_PER_OWNER", None)
INVENTORY_RESERVATION_LONGEST_LIFE_S: int = env.int("INVENTORY_RESERVATION_LONGEST_LIFE_S", 2_592_000)
INVENTORY_CACHE_TTL_S: int = env.int("INVENTORY_CACHE_TTL_S", 300)
INVENTORY_ALERT_RECIPIENTS: list[str] = env.list("INVENTORY_ALERT_RECIPIENTS", [])

# --- Post: notifications leave through Django's mail backend, from the worker only ------------------------------------
EMAIL_BACKEND: str = env.str("EMAIL_BACKEND", "django.core.mail.backends.console.EmailBackend")
EMAIL_HOST: str = env.str("EMAIL_HOST", "localhost")
EMAIL_PORT: int = env.int("EMAIL_PORT", 25)
EMAIL_HOST_USER: str = env.str("EMAIL_HOST_USER", "")
EMAIL_HOST_PASSWORD: str = env.str("EMAIL_HOST_PASSWORD", "").strip()
EMAIL_USE_TLS: bool = env.bool("EMAIL_USE_TLS", False)
EMAIL_TIMEOUT = 10
DEFAULT_FROM_EMAIL: str = env.str("DEFAULT_FROM_EMAIL", "stockroom@localhost")

# --- Language, time, files --------------------------------------------------------------------------------------------
USE_TZ = True
TIME_ZONE = "UTC"
USE_I18N = False
FORMAT_MODULE_PATH = "inventory.admin.formats"  # ISO dates for people, too
STATIC_URL = "static/"
STATIC_ROOT = BASE_DIR / "staticfiles"
WHITENOISE_USE_FINDERS = True
WHITENOISE_AUTOREFRESH = False

# --- Seeing inside ----------------------------------------------------------------------------------------------------
# /metrics is open while this is empty; set it where strangers can reach the service.
METRICS_TOKEN: str = env.str("METRICS_TOKEN", "").strip()
LOG_LEVEL: str = env.str("LOG_LEVEL", "INFO")
LOGGING = {
    "version": 1,
    "disable_existing_loggers": False,
    "formatters": {"json": {"()": "config.logs.JsonFormatter"}},
    "handlers": {"stdout": {"class": "logging.StreamHandler", "formatter": "json"}},
    "root": {"handlers": ["stdout"], "level": LOG_LEVEL},
    "loggers": {
        "django": {"handlers": []},  # without this, DEBUG prints everything twice
        "django.server": {"level": "WARNING"},
        "procrastinate": {"level": "WARNING"},
    },
}

if "pytest" not in sys.modules:
    env.seal()
else:  # the tests' own settings module seals after it has said what differs
    pass
