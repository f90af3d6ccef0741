"""What will go says so: in its answers, in the published document, and nowhere else."""

from datetime import UTC, datetime

import pytest
from drf_spectacular.generators import SchemaGenerator

from api.deprecation import Deprecation
from api.viewsets.access import ApiKeyViewSet, MeViewSet
from api.viewsets.alerts import AlertViewSet

SINCE, SUNSET = datetime(2026, 11, 24, tzinfo=UTC), datetime(2027, 5, 24, 12, tzinfo=UTC)
PLAN = Deprecation(SINCE, SUNSET, about="/api/reference#list_alerts")
HEADERS = ("deprecation", "sunset", "link")


def told(answer):
    return [answer.headers.get(name) for name in HEADERS]


def operation(path, method="get"):
    return SchemaGenerator().get_schema(request=None, public=True)["paths"][f"/api/v1/{path}"][method]


def test_an_answer_of_a_deprecated_operation_says_since_when_until_when_and_why(door, stranger, monkeypatch):
    monkeypatch.setattr(AlertViewSet, "deprecations", {"list": PLAN})

    good, refused, unauthorised = door.get("alerts"), door.get("alerts?x=1"), stranger.get("alerts")

    expected = [
        "@1795478400",
        "Mon, 24 May 2027 12:00:00 GMT",
        '<http://127.0.0.1/api/reference#list_alerts>; rel="deprecation"; type="text/html"',
    ]
    assert [told(answer) for answer in (good, refused, unauthorised)] == [expected] * 3


def test_what_has_no_end_yet_has_no_sunset(door, monkeypatch):
    monkeypatch.setattr(MeViewSet, "deprecations", {"list": Deprecation(SINCE)})

    assert told(door.get("me"))[:2] == ["@1795478400", None]


def test_a_deprecated_parameter_is_told_to_those_who_use_it(door, monkeypatch):
    monkeypatch.setattr(ApiKeyViewSet, "deprecations", {"list?revoked": PLAN, "list?ordering": Deprecation(SUNSET)})

    with_it, with_both = door.get("api_keys?revoked=true"), door.get("api_keys?revoked=true&ordering=name")

    assert told(with_it)[0] == told(with_both)[0] == "@1795478400"
    assert told(with_both)[2].count('rel="deprecation"') == 2
    assert told(door.get("api_keys")) == told(door.get("me")) == [None, None, None]


@pytest.mark.parametrize(("what", "whole"), [("list", True), ("list?revoked", False)])
def test_the_document_marks_what_is_deprecated(monkeypatch, what, whole):
    monkeypatch.setattr(ApiKeyViewSet, "deprecations", {what: PLAN})

    listed, made = operation("api_keys"), operation("api_keys", "post")

    marked = [one["name"] for one in listed["parameters"] if one.get("deprecated")]
    assert (listed.get("deprecated", False), marked) == (whole, [] if whole else ["revoked"])
    assert ("Deprecated since 2026-11-24, gone from 2027-05-24." in listed["description"]) == whole
    assert {"Deprecation", "Sunset", "Link"} <= set(listed["responses"]["200"]["headers"])
    assert "deprecated" not in made
    assert "Sunset" not in made["responses"]["201"]["headers"]
