"""The settings of the service, and what differs in tests."""

from tests.servers import provide

provide()

from config.settings import *  # noqa: E402, F403 - the servers must be known before the settings are read
from config.settings import DATABASES, LOGGING, env  # noqa: E402

env.seal()

SECRET_KEY = "a-key-for-tests-that-is-long-enough-and-has-never-been-a-secret-0123456789"
DEBUG = False
INVENTORY_CACHE_GUARD_ENABLED = True  # a write path that does not declare its cache keys is an error here
ALLOWED_HOSTS = ["testserver", "localhost", "127.0.0.1"]
EMAIL_BACKEND = "django.core.mail.backends.locmem.EmailBackend"
PASSWORD_HASHERS = ["django.contrib.auth.hashers.MD5PasswordHasher"]
LOGGING["root"] = {"handlers": [], "level": "INFO"}  # caplog sees everything, the console nothing
# Races start more threads than a worker of the service has, and a loaded machine is slow.
DATABASES["default"]["OPTIONS"]["pool"] |= {"max_size": 24, "timeout": 20.0}
