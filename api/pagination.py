"""Keyset pages: stable while rows come and go, as fast on the last page as on the first.

`page_of` works on any queryset, also on one of ids only (`queryset.values("id", "name")`): what it needs of a row is
the fields of the ordering and the primary key.
"""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

from django.core.exceptions import FieldDoesNotExist
from django.db import connections
from django.db.models import F, Model, Q, QuerySet
from django.db.models.fields.tuple_lookups import Tuple, TupleGreaterThan, TupleLessThan
from django.http import HttpRequest
from rest_framework.pagination import BasePagination
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.utils.urls import replace_query_param

from api import cursors
from api.cursors import Cursor
from api.problems.refusals import bad_parameter

DEFAULT_PAGE_SIZE = 50
LARGEST_PAGE_SIZE = 200
PARAMETERS = ("cursor", "page_size", "count")


@dataclass(frozen=True, slots=True)
class Page:
    """Rows, and the cursors (not URLs) of the neighbouring pages. `count` only when the caller asked for it."""

    rows: list[Any]
    next: str | None = None
    previous: str | None = None
    count: int | None = None


def page_of(queryset: QuerySet[Any], request: Request, ordering: Sequence[str], *, nulls_small: bool = False) -> Page:
    """The page of `queryset` that the query of `request` asks for, in the order of `ordering` (`name`, `-name`, …).

    NULL sorts as PostgreSQL does, as the largest value. `nulls_small` says the opposite, for fields that are never NULL
    and an index that says so, too. Raises 400 naming `cursor`, `page_size`, `count`.
    """
    keys = _Keys(queryset, ordering, nulls_small)
    size, cursor = page_size_of(request), _cursor_of(request, keys)
    forward = cursor is None or cursor.forward
    with planned_for_its_values(queryset.db):
        rows = list(keys.slice(cursor)[: size + 1])
        count = _count_of(queryset, request)
    more = len(rows) > size
    rows = rows[:size] if forward else rows[:size][::-1]
    if not rows:
        return Page([], count=count)
    has_next, has_previous = (more, cursor is not None) if forward else (True, more)

    def mark(row: Any, onwards: bool) -> str:
        return cursors.write(Cursor(keys.values(row), onwards), path=request.path, ordering=keys.ordering)

    return Page(
        rows,
        next=mark(rows[-1], True) if has_next else None,
        previous=mark(rows[0], False) if has_previous else None,
        count=count,
    )


@contextmanager
def planned_for_its_values(using: str) -> Iterator[None]:
    """Statements in the block are planned anew each time.

    A prepared statement soon gets one plan for all values. It does not know that hardly any row has the value that is
    asked for, and walks through the table until it has a page.
    """
    connections[using].ensure_connection()
    connection = connections[using].connection
    threshold, connection.prepare_threshold = connection.prepare_threshold, None
    try:
        yield
    finally:
        connection.prepare_threshold = threshold


def envelope(request: Request, page: Page, results: Any) -> dict[str, Any]:
    """The published shape of a list; the links keep every other parameter of the query."""
    body: dict[str, Any] = {
        "next": link(request, page.next),
        "previous": link(request, page.previous),
        "results": results,
    }
    if page.count is not None:
        body["count"] = page.count
    return body


def link(request: Request | HttpRequest, cursor: str | None) -> str | None:
    return None if cursor is None else replace_query_param(request.build_absolute_uri(), "cursor", cursor)


def page_size_of(request: Request) -> int:
    text = request.query_params.get("page_size")
    if text is None:
        return DEFAULT_PAGE_SIZE
    if not (text.isascii() and text.isdigit() and len(text) <= 3 and 1 <= int(text) <= LARGEST_PAGE_SIZE):
        raise bad_parameter("page_size", f"This must be a whole number from 1 to {LARGEST_PAGE_SIZE}.")
    return int(text)


def _cursor_of(request: Request, keys: "_Keys") -> Cursor | None:
    text = request.query_params.get("cursor")
    return None if text is None else cursors.read(text, path=request.path, ordering=keys.ordering)


def _count_of(queryset: QuerySet[Any], request: Request) -> int | None:
    text = request.query_params.get("count")
    if text is None:
        return None
    if text != "exact":
        raise bad_parameter("count", "The only value is “exact”.")
    return queryset.order_by().count()


class _Keys:
    """The fields that order a list, the primary key last, and the condition for “after this row” over them."""

    def __init__(self, queryset: QuerySet[Any], ordering: Sequence[str], nulls_small: bool) -> None:
        self.queryset, self.nulls_small = queryset, nulls_small
        last_down = bool(ordering) and ordering[-1].startswith("-")
        names = {name.removeprefix("-") for name in ordering}
        tie = () if names & {"pk", "id"} else ("-id" if last_down else "id",)
        self.ordering: tuple[str, ...] = (*ordering, *tie)

    def slice(self, cursor: Cursor | None) -> QuerySet[Any]:
        ordering = self.ordering
        if cursor is not None and not cursor.forward:
            ordering = tuple(_turned(name) for name in ordering)
        expressions = [_expression(name, self.nulls_small) for name in ordering]
        queryset = self.queryset.order_by(*expressions)
        if cursor is None:
            return queryset
        return queryset.filter(self._beyond_row(ordering, cursor.values) or self._after(ordering, cursor.values))

    def values(self, row: Any) -> tuple[Any, ...]:
        return tuple(_value(row, name.removeprefix("-")) for name in self.ordering)

    def _beyond_row(self, ordering: tuple[str, ...], values: tuple[Any, ...]) -> Any:
        """The condition as one comparison of rows, which finds its place also among many equals; None: it is none.

        An index answers it when the fields are of one table, in one direction and never NULL.
        """
        names = [name.removeprefix("-") for name in ordering]
        mixed = len({name[0] == "-" for name in ordering}) > 1 or any("__" in name for name in names)
        if len(names) == 1 or mixed or None in values or any(map(self._nullable, names)):
            return None
        lookup = TupleLessThan if ordering[0][0] == "-" else TupleGreaterThan
        return lookup(Tuple(*map(F, names)), values)

    def _after(self, ordering: tuple[str, ...], values: tuple[Any, ...]) -> Q:
        name, value, down = ordering[0].removeprefix("-"), values[0], ordering[0].startswith("-")
        rest = self._after(ordering[1:], values[1:]) if len(ordering) > 1 else None
        beyond = _beyond(name, value, down, self._nullable(name))
        if rest is None:
            return beyond or Q(pk__in=[])
        same = Q(**{f"{name}__isnull": True}) if value is None else Q(**{name: value})
        condition = same & rest if beyond is None else beyond | (same & rest)
        if value is not None and not self._nullable(name):
            # Without this bound PostgreSQL walks the index from its start to find the place.
            condition = Q(**{f"{name}__{'lte' if down else 'gte'}": value}) & condition
        return condition

    def _nullable(self, name: str) -> bool:
        model, field = self.queryset.model, None
        try:
            for step in name.split("__"):
                field = model._meta.get_field(step)
                model = field.related_model or model
        except FieldDoesNotExist:
            return True
        return bool(getattr(field, "null", True))


def _beyond(name: str, value: Any, down: bool, nullable: bool) -> Q | None:
    """Rows whose `name` sorts strictly after `value`; None when there can be none."""
    if value is None:
        return Q(**{f"{name}__isnull": False}) if down else None
    further = Q(**{f"{name}__{'lt' if down else 'gt'}": value})
    return further | Q(**{f"{name}__isnull": True}) if nullable and not down else further


def _expression(name: str, nulls_small: bool) -> Any:
    # Spelt out, so that the plan fits PostgreSQL's own index order and no database default can differ.
    if name.startswith("-"):
        return F(name[1:]).desc(nulls_last=True) if nulls_small else F(name[1:]).desc(nulls_first=True)
    return F(name).asc(nulls_first=True) if nulls_small else F(name).asc(nulls_last=True)


def _turned(name: str) -> str:
    return name[1:] if name.startswith("-") else "-" + name


def _value(row: Any, name: str) -> Any:
    if isinstance(row, dict):
        return row[name]
    value = row
    for step in name.split("__"):
        value = getattr(value, step)
    return value.pk if isinstance(value, Model) else value


class KeysetPagination(BasePagination):
    """REST framework's face of `page_of`: the view's `ordering_of(request)` gives the order."""

    def paginate_queryset(self, queryset: Any, request: Request, view: Any = None) -> list[Any]:
        self.request = request
        self.page = page_of(queryset, request, view.ordering_of(request))
        return self.page.rows

    def get_paginated_response(self, data: Any) -> Response:
        return Response(envelope(self.request, self.page, data))

    def get_paginated_response_schema(self, schema: dict[str, Any]) -> dict[str, Any]:
        address = {"type": ["string", "null"], "format": "uri", "description": "Follow it as it is."}
        return {
            "type": "object",
            "required": ["next", "previous", "results"],
            "properties": {
                "next": address,
                "previous": address,
                "results": schema,
                "count": {"type": "integer", "minimum": 0, "description": "Only with `?count=exact`."},
            },
        }

    def get_schema_operation_parameters(self, view: Any) -> list[dict[str, Any]]:
        return [
            _parameter("cursor", "Where to go on: taken from `next` or `previous`.", type="string", maxLength=2000),
            _parameter(
                "page_size",
                "How many results at most.",
                type="integer",
                minimum=1,
                maximum=LARGEST_PAGE_SIZE,
            ),
            _parameter("count", "`exact` adds the total, at a price.", type="string", enum=["exact"]),
        ]


def _parameter(name: str, description: str, **schema: Any) -> dict[str, Any]:
    return {"name": name, "in": "query", "required": False, "description": description, "schema": schema}
