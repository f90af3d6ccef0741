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
    """django-csp, which does all of it in DEBUG and where settings, view or nonce ask for more than the one policy."""

    def process_response(self, request: HttpRequest, response: HttpResponseBase) -> HttpResponseBase:
        own = getattr(request, "_csp_nonce", None) or any(hasattr(response, name) for name in _OWN)
        if own or settings.DEBUG or self._more_is_set:
            return super().process_response(request, response)
        response.headers.setdefault(HEADER, self._policy)
        return response

    @cached_property
    def _more_is_set(self) -> bool:
        report_only = getattr(settings, "CONTENT_SECURITY_POLICY_REPORT_ONLY", None)
        return bool(report_only) or set(settings.CONTENT_SECURITY_POLICY or ()) != {"DIRECTIVES"}

    @cached_property
    def _policy(self) -> str:
        return build_policy()
