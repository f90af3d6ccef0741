"""`Content-Security-Policy` on every answer, put together once and not once for each request."""

from functools import cached_property

from csp.constants import HEADER
from csp.middleware import CSPMiddleware
from csp.utils import build_policy
from django.conf import settings
from django.http import HttpRequest
from django.http.response import HttpResponseBase

#: What the decorators of django-csp leave on an answer that wants another policy.
_OWN = ("_csp_config", "_csp_update", "_csp_replace", "_csp_exempt")


class ContentPolicyMiddleware(CSPMiddleware):
    """django-csp; where an answer has a policy or a nonce of its own, and in DEBUG, the library does all of it."""

    def process_response(self, request: HttpRequest, response: HttpResponseBase) -> HttpResponseBase:
        special = (
            settings.DEBUG or getattr(request, "_csp_nonce", None) or any(hasattr(response, name) for name in _OWN)
        )
        if special:
            return super().process_response(request, response)
        response.headers.setdefault(HEADER, self._policy)
        return response

    @cached_property
    def _policy(self) -> str:
        return build_policy()
