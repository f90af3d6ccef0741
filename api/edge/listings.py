"""One page of a category's products from the cache: its ids first, then the products."""

import re
from functools import lru_cache
from io import BytesIO
from types import SimpleNamespace
from typing import Any

import orjson
from django.core.handlers.wsgi import WSGIRequest
from django.http import QueryDict

from api import cached, filters, pagination
from api.edge import looking
from api.edge.asked import Answer, Asked, Lane
from api.problems.refusals import ApiRefusal
from api.unread import Environ
from api.viewsets.catalog import CategoryViewSet, page_name
from api.viewsets.products import ORDERINGS, enveloped
from inventory.caching import Page, keys

PATH, END = "/api/v1/categories/", "/products"
_ID = re.compile(r"[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}")
_LONGEST_QUERY = 500
_HEADERS = [("Content-Type", "application/json"), ("Cache-Status", cached.header("hit"))]


def answer(asked: Asked) -> Answer | None:
    """The page, if the cache has it and every product on it."""
    category = asked.path[len(PATH) : -len(END)]
    query = asked.environ.get("QUERY_STRING", "")
    field = _field(query) if query.isascii() and len(query) <= _LONGEST_QUERY else None
    if field is None or not _ID.fullmatch(category):
        return None
    page = looking.counted(asked, Page(keys.listing(category), field))
    if page is None:
        return None
    ids, following, previous, count = orjson.loads(page)
    entries = looking.all_of(asked, [keys.product(pk) for pk in ids])
    if entries is None:
        return None
    bodies = [entry.partition(b"\n")[2] for entry in entries]
    body = enveloped(_link(asked, following), _link(asked, previous), count, bodies)
    return Answer(200, body, _HEADERS, 1 + len(ids))


@lru_cache(256)
def _field(query: str) -> str | None:
    """The name of the page in its group. None: the query is refused below."""
    request: Any = SimpleNamespace(query_params=QueryDict(query))
    try:
        filters.check_parameters(request, dict.fromkeys(CategoryViewSet.extra_parameters["products"], False))
        descendants = filters.flag(request, "descendants", default=True)
        ordering = CategoryViewSet.ordering_among(request, ORDERINGS, default="name")
    except ApiRefusal:
        return None
    return page_name(descendants, ordering, request.query_params)


def _link(asked: Asked, cursor: str | None) -> str | None:
    if cursor is None:
        return None
    environ = asked.environ
    scheme = "https" if asked.passport.secure else "http"
    return _link_to(scheme, environ["HTTP_HOST"], asked.path, environ.get("QUERY_STRING", ""), cursor)


@lru_cache(1024)
def _link_to(scheme: str, host: str, path: str, query: str, cursor: str) -> str | None:
    environ: Environ = {
        "REQUEST_METHOD": "GET",
        "PATH_INFO": path,
        "QUERY_STRING": query,
        "HTTP_HOST": host,
        "wsgi.input": BytesIO(),
        "wsgi.url_scheme": scheme,
    }
    return pagination.link(WSGIRequest(environ), cursor)


LANE = Lane(
    answer,
    method="GET",
    route="api/v1/categories/(?P<pk>[^/]+)/products$",
    allow="GET, HEAD, OPTIONS",
    scope="catalog:read",
)
