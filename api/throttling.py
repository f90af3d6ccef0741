"""How much one caller may ask: requests per minute (everywhere together) and at the same time (in each process)."""

from collections.abc import Sequence
from typing import Any

from django.conf import settings
from django.http.response import HttpResponseBase
from rest_framework.request import Request
from rest_framework.throttling import BaseThrottle

from api import counters
from api.callers import Caller, caller_of
from api.problems.refusals import ApiRefusal
from api.unread import Environ

_DECISION, _SLOT = "stockroom.rate", "stockroom.slot"


class KeyThrottle(BaseThrottle):
    """Counts by caller, never by address: a forged `X-Forwarded-For` changes nothing."""

    def allow_request(self, request: Request, view: Any) -> bool:
        caller = caller_of(request)
        if caller is None:
            return True
        if not take_place(request.META, caller):
            raise _throttled("Too many requests of this key are running at once.", 1)
        decision = decide(request.META, caller)
        if not decision.allowed:
            raise _throttled(f"This key may send {decision.limit} requests per minute.", decision.reset_s)
        return True


# What the fast lane has taken for a request travels in its environ, which is `request.META`: nothing is taken twice.


def take_place(meta: Environ, caller: Caller) -> bool:
    """Begin the request, unless as many of the caller's run here as may. Who got True has to `give_place_back`."""
    return _SLOT in meta or enter(meta, caller.principal, settings.API_CONCURRENT_REQUESTS)


def enter(meta: Environ, principal: str, at_most: int) -> bool:
    if not counters.enter(principal, at_most):
        return False
    meta[_SLOT] = principal
    return True


def give_place_back(meta: Environ) -> None:
    """The request is answered. To be called as often as one likes."""
    principal = meta.pop(_SLOT, None)
    if principal is not None:
        counters.leave(principal)


def decide(meta: Environ, caller: Caller) -> counters.Decision:
    """Take the request from the caller's window, unless that was done."""
    decision: counters.Decision | None = meta.get(_DECISION)
    if decision is None:
        decision = counters.count(caller.principal, limit_of(caller))
        remember(meta, decision)
    return decision


def decide_together(asked: Sequence[tuple[Environ, Caller]]) -> list[bool]:
    """`decide` for requests that were not counted yet: one round trip for each caller. May they go on?"""
    by_caller: dict[tuple[str, int], list[Environ]] = {}
    for meta, caller in asked:
        by_caller.setdefault((caller.principal, limit_of(caller)), []).append(meta)
    for (principal, limit), metas in by_caller.items():
        for meta, decision in zip(metas, counters.count_many(principal, limit, len(metas)), strict=True):
            remember(meta, decision)
    return [meta[_DECISION].allowed for meta, _ in asked]


def remember(meta: Environ, decision: counters.Decision) -> None:
    """The request was taken from its caller's window already."""
    meta[_DECISION] = decision


def limit_of(caller: Caller) -> int:
    """Requests per minute."""
    return caller.rate_limit or settings.API_RATE_LIMIT


def show(request: Any, response: HttpResponseBase) -> None:
    """Tell the caller what is left, in the fields of the IETF draft on rate limit headers."""
    decision: counters.Decision | None = request.META.get(_DECISION)
    if decision is not None:
        for name, value in fields(decision):
            response[name] = value


def fields(decision: counters.Decision) -> list[tuple[str, str]]:
    return [
        ("RateLimit-Policy", f'"default";q={decision.limit};w={counters.WINDOW_S}'),
        ("RateLimit", f'"default";r={decision.remaining};t={decision.reset_s}'),
    ]


def _throttled(detail: str, wait_s: int) -> ApiRefusal:
    return ApiRefusal("throttled", f"{detail} Ask again in {wait_s} s.", headers={"Retry-After": str(wait_s)})
