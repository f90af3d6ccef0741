"""What the pages share: they are read, never written, and refuse in the words of the API."""

from collections.abc import Callable, Iterable
from functools import wraps
from typing import Any

from django.http import HttpRequest, HttpResponse
from django.views.decorators.csrf import csrf_exempt

from api.problems.answers import problem_response
from api.problems.refusals import parameter_problem

READ = ("GET", "HEAD", "OPTIONS")
ALLOW = {"Allow": ", ".join(READ)}

View = Callable[..., HttpResponse]


def page(*, parameters: Iterable[str] | None = None) -> Callable[[View], View]:
    """A view for reading. With `parameters`, any other query parameter is refused."""
    known = None if parameters is None else frozenset(parameters)

    def wrap(view: View) -> View:
        @wraps(view)
        def guarded(request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponse:
            if request.method not in READ:
                return problem_response(request, "method_not_allowed", "This can only be read.", headers=ALLOW)
            if request.method == "OPTIONS":
                return HttpResponse(status=204, headers=ALLOW)
            unknown = [] if known is None else [name for name in request.GET if name not in known]
            if unknown:
                problems = [parameter_problem(name[:200], "There is no such parameter.") for name in unknown[:20]]
                return problem_response(request, "unknown_parameter", "The query cannot be taken.", problems)
            return view(request, *args, **kwargs)

        # What refuses to write needs no token against forged writes, and its refusal should be the one above.
        return csrf_exempt(guarded)

    return wrap
