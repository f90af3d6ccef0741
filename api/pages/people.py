"""The pages for people: the front page, Swagger UI, the reference, and one page per error code."""

from functools import cache
from typing import Any

import orjson
from django.conf import settings
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.utils.crypto import constant_time_compare

from api import tally
from api.errors import page_not_found
from api.metrics import CONTENT_TYPE_LATEST, exposition
from api.pages import reference as reference_of
from api.pages.frame import page
from api.problems.answers import problem_response
from api.problems.catalogue import KINDS
from api.schema.document import document


@page()
def home(request: HttpRequest) -> HttpResponse:
    origin = request.build_absolute_uri("/").rstrip("/")
    return render(request, "api/home.html", {"origin": origin, "operations": _operations()})


@cache
def _operations() -> int:
    return sum(len(methods) for methods in document()["paths"].values())


@page()
def docs(request: HttpRequest) -> HttpResponse:
    return render(request, "api/docs.html")


@page()
def reference(request: HttpRequest) -> HttpResponse:
    return render(request, "api/reference.html", {"groups": reference_of.groups(), "models": reference_of.models()})


@page()
def problems(request: HttpRequest) -> HttpResponse:
    kinds = sorted(KINDS.values(), key=lambda kind: (kind.status, kind.code))
    return render(request, "api/problems.html", {"kinds": kinds})


@page()
def problem(request: HttpRequest, code: str) -> HttpResponse:
    kind = KINDS.get(code)
    if kind is None:
        return page_not_found(request)
    example: dict[str, Any] = {
        "type": request.build_absolute_uri(),
        "title": kind.title,
        "status": kind.status,
        "detail": kind.example["detail"],
        "code": kind.code,
        "request_id": "01932d6e-8a40-7c3e-9b51-0f6d1c2a7e55",
        "errors": kind.example.get("errors", []),
    }
    shown = orjson.dumps(example, option=orjson.OPT_INDENT_2).decode()
    return render(request, "api/problem.html", {"kind": kind, "example": shown})


@page()
def metrics(request: HttpRequest) -> HttpResponse:
    """Open unless METRICS_TOKEN is set; then it has to come as a bearer token."""
    given = request.META.get("HTTP_AUTHORIZATION", "")
    if settings.METRICS_TOKEN and not constant_time_compare(given, f"Bearer {settings.METRICS_TOKEN}"):
        challenge = {"WWW-Authenticate": "Bearer"}
        return problem_response(request, "not_authenticated", "Send the metrics token.", headers=challenge)
    tally.write_down()
    return HttpResponse(exposition(), content_type=CONTENT_TYPE_LATEST)
