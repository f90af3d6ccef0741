"""`manage.py doctor`: is everything there that the service needs, and set as it should be?"""

from collections.abc import Callable, Iterator
from typing import Any

from django.conf import settings
from django.core.checks import run_checks
from django.core.management.base import BaseCommand
from django.db import connection
from django.db.migrations.executor import MigrationExecutor
from django_redis import get_redis_connection
from rich.console import Console

from inventory.models import Location, Product, ReceiverFailure

Finding = tuple[bool, str]
OLDEST_POSTGRESQL = 160000


class Command(BaseCommand):
    help = "Check PostgreSQL, Redis, migrations and settings; exit code 1 when something must be mended."
    requires_system_checks = ()

    def handle(self, *args: Any, **options: Any) -> None:
        console, ill = Console(), 0
        for name, examine in EXAMINATIONS.items():
            try:
                findings = list(examine())
            except Exception as error:
                findings = [(False, f"{type(error).__name__}: {str(error).strip()}")]
            for well, text in findings:
                ill += not well
                console.print(
                    f"[{'green' if well else 'red'}]{'ok ' if well else 'ill'}[/] {name}: {text}", highlight=False
                )
        if ill:
            raise SystemExit(1)


def _postgresql() -> Iterator[Finding]:
    with connection.cursor() as cursor:
        cursor.execute("SELECT current_setting('server_version'), current_setting('max_locks_per_transaction')::int")
        version, locks = cursor.fetchone()
        cursor.execute("SELECT current_setting('synchronous_commit'), current_setting('fsync')")
        durable = cursor.fetchone() == ("on", "on")
    number: int = getattr(connection, "pg_version", 0)
    yield number >= OLDEST_POSTGRESQL, f"version {version} (16 or newer is needed)"
    yield (
        durable,
        "acknowledged writes survive a crash" if durable else "fsync or synchronous_commit is off: writes can be lost",
    )
    yield locks >= 128, f"max_locks_per_transaction is {locks} (at least 128, for large imports)"


def _redis() -> Iterator[Finding]:
    info = get_redis_connection("default").info("server")
    yield True, f"{info.get('server_name', 'redis')} {info.get('valkey_version', info.get('redis_version'))} answers"


def _migrations() -> Iterator[Finding]:
    executor = MigrationExecutor(connection)
    missing = [f"{m.app_label}.{m.name}" for m, _ in executor.migration_plan(executor.loader.graph.leaf_nodes())]
    yield not missing, "all applied" if not missing else f"run `manage.py migrate`: {', '.join(missing)}"


def _settings() -> Iterator[Finding]:
    messages = run_checks(include_deployment_checks=False)
    for message in messages:
        yield False, f"{message.id}: {message.msg}"
    yield not settings.DEBUG, "DEBUG is off" if not settings.DEBUG else "DEBUG is on: never in production"


def _data() -> Iterator[Finding]:
    yield Location.objects.filter(is_default=True).exists(), "there is a default location"
    failures = ReceiverFailure.objects.count()
    yield failures == 0, f"{failures} failed receivers wait for another try"
    yield True, f"{Product.objects.count()} products"


EXAMINATIONS: dict[str, Callable[[], Iterator[Finding]]] = {
    "PostgreSQL": _postgresql,
    "Redis": _redis,
    "migrations": _migrations,
    "settings": _settings,
    "data": _data,
}
