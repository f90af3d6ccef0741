"""The policy that is put together once is the one that django-csp would put together each time."""

import pytest
from csp.constants import HEADER, NONCE
from csp.decorators import csp_exempt, csp_replace
from csp.middleware import CSPMiddleware
from django.http import HttpResponse

from api.content_policy import ContentPolicyMiddleware


def plain(request):
    return HttpResponse()


def with_nonce(request):
    return HttpResponse(str(request.csp_nonce))


def with_a_header_of_its_own(request):
    return HttpResponse(headers={HEADER: "default-src 'self'"})


VIEWS = {
    "plain": plain,
    "a header of its own": with_a_header_of_its_own,
    "exempt": csp_exempt()(plain),
    "another image source": csp_replace({"img-src": ["https://images.test"]})(plain),
}


@pytest.mark.parametrize("view", VIEWS.values(), ids=VIEWS)
def test_an_answer_has_the_policy_of_the_library(rf, view):
    ours = ContentPolicyMiddleware(view)(rf.get("/api/v1/me"))

    theirs = CSPMiddleware(view)(rf.get("/api/v1/me"))

    assert ours.get(HEADER) == theirs.get(HEADER)


def test_a_nonce_that_was_used_is_in_the_policy(rf, settings):
    directives = settings.CONTENT_SECURITY_POLICY["DIRECTIVES"] | {"script-src": ["'self'", NONCE]}
    settings.CONTENT_SECURITY_POLICY = {"DIRECTIVES": directives}

    response = ContentPolicyMiddleware(with_nonce)(rf.get("/"))

    assert f"'nonce-{response.content.decode()}'" in response[HEADER]
