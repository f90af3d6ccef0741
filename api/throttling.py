"""How much one caller may ask: requests per minute (everywhere together) and at the same time (in each process)."""

from typing import Any

from django.conf import settings
from django.http.response import HttpResponseBase
from rest_framework.request import Request
from rest_framework.throttling import BaseThrottle

from api import counters
from api.callers import caller_of
from api.problems.refusals import ApiRefusal

_DECISION, _SLOT = "stockroom.rate", "stockroom.slot"


class KeyThrottle(BaseThrottle):
    """Counts by caller, never by address: a forged `X-Forwarded-For` changes nothing."""

    def allow_request(self, request: Request, view: Any) -> bool:
        caller = caller_of(request)
        if caller is None:
            return True
        if not counters.enter(caller.principal, settings.API_CONCURRENT_REQUESTS):
            raise _throttled("Too many requests of this key are running at once.", 1)
        request.META[_SLOT] = caller.principal
        decision = counters.count(caller.principal, caller.rate_limit or settings.API_RATE_LIMIT)
        request.META[_DECISION] = decision
        if not decision.allowed:
            raise _throttled(f"This key may send {decision.limit} requests per minute.", decision.reset_s)
        return True


def release(request: Any) -> None:
    """The request is answered: give its place back."""
    principal = request.META.pop(_SLOT, None)
    if principal is not None:
        counters.leave(principal)


def show(request: Any, response: HttpResponseBase) -> None:
    """Tell the caller what is left, in the fields of the IETF draft on rate limit headers."""
    decision: counters.Decision | None = request.META.get(_DECISION)
    if decision is not None:
        response["RateLimit-Policy"] = f'"default";q={decision.limit};w={counters.WINDOW_S}'
        response["RateLimit"] = f'"default";r={decision.remaining};t={decision.reset_s}'


def _throttled(detail: str, wait_s: int) -> ApiRefusal:
    return ApiRefusal("throttled", f"{detail} Ask again in {wait_s} s.", headers={"Retry-After": str(wait_s)})
