"""The policy that is put together once is the one that django-csp would put together each time."""

import pytest
from csp.constants import HEADER, HEADER_REPORT_ONLY, NONCE
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


@pytest.mark.parametrize(
    "deployment",
    [
        {"CONTENT_SECURITY_POLICY_REPORT_ONLY": {"DIRECTIVES": {"img-src": ["'self'"]}}},
        {"CONTENT_SECURITY_POLICY": {"EXCLUDE_URL_PREFIXES": ["/api/"], "DIRECTIVES": {"img-src": ["'self'"]}}},
        {"CONTENT_SECURITY_POLICY": None},
    ],
    ids=["reports", "excluded", "none"],
)
def test_what_a_deployment_sets_beside_the_policy_counts(rf, settings, deployment):
    for name, value in deployment.items():
        setattr(settings, name, value)

    ours, theirs = (kind(plain)(rf.get("/api/v1/me")) for kind in (ContentPolicyMiddleware, CSPMiddleware))

    assert [ours.get(name) for name in (HEADER, HEADER_REPORT_ONLY)] == [
        theirs.get(name) for name in (HEADER, HEADER_REPORT_ONLY)
    ]


def test_a_nonce_that_was_used_is_in_the_policy(rf, settings):
    directives = settings.CONTENT_SECURITY_POLICY["DIRECTIVES"] | {"script-src": ["'self'", NONCE]}
    settings.CONTENT_SECURITY_POLICY = {"DIRECTIVES": directives}

    response = ContentPolicyMiddleware(with_nonce)(rf.get("/"))

    assert f"'nonce-{response.content.decode()}'" in response[HEADER]
