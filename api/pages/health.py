"""Health: is the process alive, and could it answer a request now?"""

import time
from collections.abc import Callable
from typing import Any

from django.db import DatabaseError, connection
from django.db.migrations.executor import MigrationExecutor
from django.http import HttpRequest, HttpResponse, JsonResponse
from django_redis import get_redis_connection
from redis.exceptions import RedisError

from api.pages.frame import page
from api.problems.answers import CONTENT_TYPE, encode, problem_body

_migrated = False


@page()
def live(request: HttpRequest) -> HttpResponse:
    """The process answers. Nothing else is asked, so that a restart is never tried for a dependency's sake."""
    return _fresh(JsonResponse({"status": "ok"}))


@page()
def ready(request: HttpRequest) -> HttpResponse:
    """200 `ok`, 200 `degraded` without Redis (everything works, slower), 503 without PostgreSQL or its migrations."""
    checks = {"postgresql": _timed(_postgresql), "redis": _timed(_redis)}
    checks["migrations"] = _timed(_migrations) if checks["postgresql"]["status"] == "ok" else _away("not asked")
    if any(checks[name]["status"] != "ok" for name in ("postgresql", "migrations")):
        return _fresh(_unready(request, checks))
    status = "ok" if checks["redis"]["status"] == "ok" else "degraded"
    return _fresh(JsonResponse({"status": status, "checks": checks}))


def _unready(request: HttpRequest, checks: dict[str, Any]) -> HttpResponse:
    missing = ", ".join(name for name, check in checks.items() if check["status"] != "ok")
    body = problem_body(request, "unavailable", f"Not ready: {missing}.") | {"checks": checks}
    return HttpResponse(encode(body), status=503, content_type=CONTENT_TYPE, headers={"Retry-After": "1"})


def _timed(check: Callable[[], str | None]) -> dict[str, Any]:
    """`check` returns None when all is well, else what is wrong."""
    started = time.perf_counter()
    wrong = check()
    if wrong is not None:
        return _away(wrong)
    return {"status": "ok", "milliseconds": round((time.perf_counter() - started) * 1000, 1)}


def _away(detail: str) -> dict[str, Any]:
    return {"status": "unavailable", "detail": detail}


def _postgresql() -> str | None:
    try:
        with connection.cursor() as cursor:
            cursor.execute("SELECT 1")
    except DatabaseError:
        return "no connection"  # the error itself may name hosts and users
    return None


def _redis() -> str | None:
    try:
        get_redis_connection("default").ping()
    except (RedisError, OSError):
        return "no connection"
    return None


def _migrations() -> str | None:
    global _migrated
    if _migrated:
        return None
    try:
        executor = MigrationExecutor(connection)
        waiting = executor.migration_plan(executor.loader.graph.leaf_nodes())
    except DatabaseError:
        return "no connection"
    _migrated = not waiting
    return f"{len(waiting)} not applied" if waiting else None


def _fresh(response: HttpResponse) -> HttpResponse:
    response["Cache-Control"] = "no-store"
    return response
