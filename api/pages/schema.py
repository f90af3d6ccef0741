"""`/api/schema`: the published document, JSON unless YAML is asked for."""

from django.http import HttpRequest, HttpResponse
from django.utils.cache import get_conditional_response

from api.negotiation import by_preference
from api.pages.frame import page
from api.problems.answers import problem_response
from api.problems.refusals import parameter_problem
from api.schema import document

JSON_TYPES = (
    "application/json",
    "application/vnd.oai.openapi+json",
    "application/*",
    "*/*",
    "application/problem+json",
)
YAML_TYPES = ("application/yaml", "application/x-yaml", "text/yaml", "application/vnd.oai.openapi", "text/*")


@page(parameters=["format"])
def schema(request: HttpRequest) -> HttpResponse:
    kind = request.GET["format"] if "format" in request.GET else _accepted(request)
    if kind not in ("json", "yaml"):
        if "format" in request.GET:
            problem = parameter_problem("format", "This must be json or yaml.", "invalid_choice")
            return problem_response(request, "validation_error", "The query cannot be taken.", [problem])
        return problem_response(request, "not_acceptable", "The schema comes as application/json or application/yaml.")
    response = HttpResponse(
        document.as_yaml() if kind == "yaml" else document.as_json(), content_type=f"application/{kind}"
    )
    response["ETag"] = document.etag(kind)
    response["Cache-Control"] = "public, max-age=60"
    response["Vary"] = "Accept"
    return get_conditional_response(request, etag=document.etag(kind), response=response) or response


def _accepted(request: HttpRequest) -> str | None:
    for media in by_preference(request.META.get("HTTP_ACCEPT", "")):
        if media in JSON_TYPES:
            return "json"
        if media in YAML_TYPES:
            return "yaml"
    return None
