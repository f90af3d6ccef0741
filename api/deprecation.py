"""What will go, and when: `Deprecation` (RFC 9745), `Sunset` (RFC 8594), and a `Link` to where it is explained.

A viewset says it in its table: `deprecations = {"list": Deprecation(…), "list?colour": Deprecation(…)}` – an action, or
one query parameter of it.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.utils.http import http_date

GUIDE = "/api/reference"


@dataclass(frozen=True, slots=True)
class Deprecation:
    """Discouraged from `since` on, perhaps gone at `sunset`; both with a time zone. `about` is a page for people."""

    since: datetime
    sunset: datetime | None = None
    about: str = GUIDE

    def __str__(self) -> str:
        gone = f", gone from {self.sunset:%Y-%m-%d}" if self.sunset else ""
        return f"Deprecated since {self.since:%Y-%m-%d}{gone}."


def show(view: Any, request: Any, response: Any) -> None:
    """Say it in the headers of an answer; of several, the dates that come first."""
    used = _used(view.deprecations, getattr(view, "action", None), request)
    if not used:
        return
    response["Deprecation"] = f"@{min(int(one.since.timestamp()) for one in used)}"
    sunsets = [one.sunset for one in used if one.sunset]
    if sunsets:
        response["Sunset"] = http_date(min(sunsets).timestamp())
    links = dict.fromkeys(request.build_absolute_uri(one.about) for one in used)
    response["Link"] = ", ".join(f'<{link}>; rel="deprecation"; type="text/html"' for link in links)


def _used(table: Mapping[str, Deprecation], action: str | None, request: Any) -> list[Deprecation]:
    return [
        one
        for what, one in table.items()
        for name, _, parameter in [what.partition("?")]
        if name == action and (not parameter or parameter in request.GET)
    ]
