"""The ground that every viewset stands on: caller, scope, strict query, versions, entity tags, pages."""

from collections.abc import Mapping
from typing import Any, ClassVar, cast

from django.http import HttpRequest
from django.http.response import HttpResponseBase
from django.utils.cache import patch_vary_headers
from rest_framework.exceptions import NotAuthenticated
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.viewsets import GenericViewSet

from api import deprecation, preconditions, throttling
from api.callers import Caller, caller_of
from api.deprecation import Deprecation
from api.filters import check_parameters
from api.pagination import PARAMETERS, Page, envelope, page_of
from api.problems.refusals import bad_parameter
from api.renderers import to_json
from inventory.context import Actor

SAFE = ("GET", "HEAD", "OPTIONS")
REPEATABLE = frozenset({"fields"})


class StockroomViewSet(GenericViewSet):
    """Subclasses say which scopes, parameters and orders they have; handlers parse, call one operation, answer.

    `required_scopes`: the scope for safe methods (`read`) and for the others (`write`). `action_scopes` overrides it
    for single actions. Nothing declared means that only `admin` may.
    """

    required_scopes: ClassVar[dict[str, str]] = {"read": "admin", "write": "admin"}
    action_scopes: ClassVar[dict[str, str | None]] = {}

    #: What will go: an action, or `action?parameter`.
    deprecations: ClassVar[Mapping[str, Deprecation]] = {}

    #: Statuses that the schema could not guess for the operations here.
    further_errors: ClassVar[tuple[int, ...]] = ()

    #: Actions that answer with a page: they know `cursor`, `page_size`, `count`, `ordering` and the filter set.
    list_actions: ClassVar[frozenset[str]] = frozenset({"list"})
    #: Actions that read through the cache and say so in `Cache-Status`.
    cached_actions: ClassVar[frozenset[str]] = frozenset()
    #: Actions on one object that answer with something else than the object, without an ETag.
    unversioned_actions: ClassVar[frozenset[str]] = frozenset()
    #: Further query parameters of single actions.
    extra_parameters: ClassVar[dict[str, frozenset[str]]] = {}
    #: Public name → fields of the model, each upwards; a `-` before the public name turns all of them round.
    ordering_fields: ClassVar[dict[str, tuple[str, ...]]] = {}
    #: The same for single actions that have an order of their own.
    action_orderings: ClassVar[dict[str, Mapping[str, tuple[str, ...]]]] = {}
    default_ordering: ClassVar[str | tuple[str, ...]] = ("-id",)

    lookup_value_regex = "[^/]+"

    # --- Who, and what may they -------------------------------------------------------------------------------------

    @property
    def caller(self) -> Caller:
        caller = caller_of(self.request)
        if caller is None:
            raise NotAuthenticated
        return caller

    @property
    def actor(self) -> Actor:
        return self.caller.actor

    def scope_for(self, request: Request) -> str | None:
        """The scope that this request needs; None when any valid key will do."""
        action = getattr(self, "action", None)
        if action in self.action_scopes:
            return self.action_scopes[action]
        return self.required_scopes["read" if request.method in SAFE else "write"]

    # --- The frame of every request ---------------------------------------------------------------------------------

    def dispatch(self, request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponseBase:
        try:
            return self._rendered(super().dispatch(request, *args, **kwargs))
        finally:
            throttling.give_place_back(request.META)

    def _rendered(self, response: Any) -> HttpResponseBase:
        """Render here, where an error that only shows while rendering still becomes a problem."""
        if not isinstance(response, Response):
            return cast(HttpResponseBase, response)
        try:
            return response.render()
        except Exception as error:
            problem = self.finalize_response(self.request, self.handle_exception(error))
            return cast(HttpResponseBase, problem.render())

    def initial(self, request: Request, *args: Any, **kwargs: Any) -> None:
        super().initial(request, *args, **kwargs)
        if self.action is not None:  # else the method is wrong, and 405 says so
            check_parameters(request, self.known_parameters())

    def finalize_response(self, request: Any, response: Any, *args: Any, **kwargs: Any) -> Any:
        response = super().finalize_response(request, response, *args, **kwargs)
        throttling.show(request, response)
        deprecation.show(self, request, response)
        patch_vary_headers(response, ["Authorization"])
        response.headers.setdefault("Cache-Control", "private, no-cache" if request.method in SAFE else "no-store")
        return response

    def options(self, request: Any, *args: Any, **kwargs: Any) -> Response:
        """The `Allow` header says it all."""
        return Response(status=204)

    def known_parameters(self) -> dict[str, bool]:
        """Name → may it be repeated? — for the action that runs."""
        action = self.action or ""
        known = {name: name in REPEATABLE for name in self.extra_parameters.get(action, ())}
        if action in self.list_actions:
            known |= dict.fromkeys(PARAMETERS, False)
            if self.ordering_fields:
                known["ordering"] = False
            filterset = getattr(self, "filterset_class", None)
            filters = filterset.base_filters if filterset is not None else {}
            known |= {name: getattr(one, "repeatable", False) for name, one in filters.items()}
        return known

    # --- Pages ------------------------------------------------------------------------------------------------------

    def ordering_of(self, request: Request) -> tuple[str, ...]:
        """The fields to order by. Raises 400 naming `ordering`."""
        if not self.ordering_fields or (
            "ordering" not in request.query_params and not isinstance(self.default_ordering, str)
        ):
            return tuple(self.default_ordering)
        return self.ordering_among(request, self.ordering_fields, default=str(self.default_ordering))

    @staticmethod
    def ordering_among(request: Request, choices: Mapping[str, tuple[str, ...]], *, default: str) -> tuple[str, ...]:
        """The fields behind the `ordering` of the query, which is a name of `choices`, perhaps with a `-` before it."""
        wanted = request.query_params.get("ordering", default)
        fields = choices.get(wanted.removeprefix("-"))
        if fields is None:
            known = ", ".join(sign + name for name in choices for sign in ("", "-"))
            raise bad_parameter("ordering", f"This must be one of: {known}.", "invalid_choice")
        return tuple(f"-{field}" for field in fields) if wanted.startswith("-") else fields

    def orderings(self) -> list[str]:
        """What `ordering` may be in the action that runs."""
        fields = self.action_orderings.get(self.action or "", self.ordering_fields)
        return [sign + name for name in fields for sign in ("", "-")]

    def page(self, queryset: Any) -> Page:
        """One page of the filtered queryset, in the order that was asked for."""
        return page_of(self.filter_queryset(queryset), self.request, self.ordering_of(self.request))

    def answer_page(self, page: Page, results: Any) -> Response:
        return Response(envelope(self.request, page, results))

    # --- Versions and answers ---------------------------------------------------------------------------------------

    def expected_version(self, request: Request, current: int | None = None) -> int | None:
        """What `If-Match` demands (None for `*`). Look the object up before, so that an unknown id is 404."""
        return preconditions.expected_version(request, current)

    def answer(self, data: Any, *, version: int, shows_more: bool = False, status: int = 200) -> Response:
        """A single resource with its ETag; 304 when a GET names it. `shows_more`: the body outruns its version."""
        body = to_json(data) if shows_more else data
        etag = preconditions.etag_for(version, body if shows_more else None)
        if self.request.method in SAFE and preconditions.is_unchanged(self.request, etag):
            return Response(status=304, headers={"ETag": etag})
        return Response(body, status=status, headers={"ETag": etag})

    def created(self, data: Any, *, version: int, path: str, shows_more: bool = False) -> Response:
        """201 with `Location`: `path` from the root of the host."""
        response = self.answer(data, version=version, shows_more=shows_more, status=201)
        response["Location"] = self.request.build_absolute_uri(path)
        return response


class ListMixin(StockroomViewSet):
    """GET of a collection: filter, order, page, serialize."""

    def list(self, request: Request, *args: Any, **kwargs: Any) -> Response:
        page = self.page(self.get_queryset())
        return self.answer_page(page, self.get_serializer(page.rows, many=True).data)


class RetrieveMixin(StockroomViewSet):
    """GET of one object with its ETag."""

    def retrieve(self, request: Request, *args: Any, **kwargs: Any) -> Response:
        row = self.get_object()
        return self.answer(self.get_serializer(row).data, version=row.version)
