"""Which media type is sent. JSON unless the caller wants another that the view offers; 406 when nothing fits."""

from collections.abc import Iterable

from rest_framework.negotiation import BaseContentNegotiation, DefaultContentNegotiation
from rest_framework.parsers import BaseParser
from rest_framework.renderers import BaseRenderer
from rest_framework.request import Request

from api.problems.refusals import ApiRefusal

_LONGEST = 2_000
_PROBLEM = "application/problem+json"


class JSONNegotiation(BaseContentNegotiation):
    def select_parser(self, request: Request, parsers: Iterable[BaseParser]) -> BaseParser | None:
        return DefaultContentNegotiation().select_parser(request, parsers)

    def select_renderer(
        self, request: Request, renderers: Iterable[BaseRenderer], format_suffix: str | None = None
    ) -> tuple[BaseRenderer, str]:
        renderers = list(renderers)
        header = request.META.get("HTTP_ACCEPT", "")
        for accepted in by_preference(header):
            for renderer in renderers:
                if _fits(accepted, renderer.media_type or ""):
                    return renderer, renderer.media_type or ""
        offers = ", ".join(sorted({renderer.media_type or "" for renderer in renderers}))
        raise ApiRefusal("not_acceptable", f"This operation answers with {offers}.")


def by_preference(header: str) -> list[str]:
    """The media ranges of an Accept header, best first. None, and one too long to be honest, accept anything."""
    if not header.strip() or len(header) > _LONGEST:
        return ["*/*"]
    ranges: list[tuple[float, int, str]] = []
    for part in header.split(","):
        media, *parameters = (piece.strip().lower() for piece in part.split(";"))
        quality = _quality(parameters)
        if media and quality > 0:
            specificity = 0 if media == "*/*" else 1 if media.endswith("/*") else 2
            ranges.append((quality, specificity, media))
    return [media for _, _, media in sorted(ranges, key=lambda found: found[:2], reverse=True)]


def _quality(parameters: list[str]) -> float:
    for parameter in parameters:
        name, _, value = parameter.partition("=")
        if name.strip() == "q":
            try:
                return float(value)
            except ValueError:
                return 0
    return 1


def _fits(accepted: str, offered: str) -> bool:
    if accepted == _PROBLEM:
        accepted = "application/json"  # a client that only names errors still wants the answer
    kind, _, _ = accepted.partition("/")
    return accepted in ("*/*", offered) or (accepted == f"{kind}/*" and offered.startswith(f"{kind}/"))
