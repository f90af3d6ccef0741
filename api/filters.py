"""Query filters that say no: an unknown, empty, repeated or malformed parameter is 400 and named.

The filters here are the only ones that views may use; each knows its bounds, and shows them in the schema.
"""

import re
from decimal import Decimal
from typing import Any
from uuid import UUID

import django_filters
from django import forms
from django.core.exceptions import ValidationError
from django.core.validators import EMPTY_VALUES
from django.db.models import QuerySet
from django.utils.dateparse import parse_datetime
from django_filters.rest_framework import DjangoFilterBackend
from drf_spectacular.utils import extend_schema_field
from rest_framework.request import Request

from api.problems.refusals import ApiRefusal, bad_parameter, parameter_problem
from inventory.errors import Problem

INT_MAX = 2_147_483_647
LARGEST_EXACT = 2**53 - 1  # in JSON: beyond it JavaScript rounds
_UUID = re.compile(r"[0-9a-fA-F]{8}(-[0-9a-fA-F]{4}){3}-[0-9a-fA-F]{12}")
_INTEGER = re.compile(r"-?(0|[1-9][0-9]{0,18})")
_MONEY = re.compile(r"(0|[1-9][0-9]{0,9})(\.[0-9]{1,2})?")
_RFC_3339 = re.compile(r"\d{4}-\d\d-\d\d[Tt]\d\d:\d\d:\d\d(\.\d{1,6})?([Zz]|[+-]\d\d:\d\d)", re.ASCII)


class _Strict(forms.CharField):
    """A form field that takes the text as it came: no trimming, and empty is an error instead of “not given”."""

    def __init__(self, **kwargs: Any) -> None:
        super().__init__(**{"strip": False, "required": False, **kwargs})

    def to_python(self, value: Any) -> Any:
        return None if value is None else self.parse(value)

    def parse(self, text: str) -> Any:
        return text

    def validate(self, value: Any) -> None:
        return None

    def run_validators(self, value: Any) -> None:
        if isinstance(value, str):
            super().run_validators(value)


class _UUIDField(_Strict):
    def parse(self, text: str) -> UUID:
        if not _UUID.fullmatch(text):
            raise ValidationError("This is not an id.", "invalid")
        return UUID(text)


class _DateTimeField(_Strict):
    def parse(self, text: str) -> Any:
        try:
            moment = parse_datetime(text.upper()) if _RFC_3339.fullmatch(text) else None
            if moment is None or not 1 < moment.year < 9999:
                raise ValueError(text)
        except ValueError:
            detail = "This is not a time like 2026-11-23T09:00:00Z (RFC 3339, with offset)."
            raise ValidationError(detail, "invalid") from None
        return moment


class _IntegerField(_Strict):
    def __init__(self, *, min_value: int = -INT_MAX, max_value: int = INT_MAX, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.bounds = min_value, max_value

    def parse(self, text: str) -> int:
        low, high = self.bounds
        if not _INTEGER.fullmatch(text) or not low <= int(text) <= high:
            raise ValidationError(f"This must be a whole number from {low} to {high}.", "invalid")
        return int(text)


class _MoneyField(_Strict):
    def parse(self, text: str) -> Decimal:
        if not _MONEY.fullmatch(text):
            raise ValidationError("This must be an amount like 12.50.", "invalid")
        return Decimal(text)


class _BooleanField(_Strict):
    def parse(self, text: str) -> bool:
        if text not in ("true", "false"):
            raise ValidationError("This must be true or false.", "invalid")
        return text == "true"


class _ChoiceField(_Strict):
    def __init__(self, *, choices: Any = (), **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.choices = [value for value, _ in choices]

    def parse(self, text: str) -> str:
        if text not in self.choices:
            raise ValidationError(f"This must be one of: {', '.join(self.choices)}.", "invalid_choice")
        return text


class _ListField(_Strict):
    """A repeatable parameter: every value is parsed by the same rule."""

    widget = forms.MultipleHiddenInput

    def __init__(self, *, each: _Strict, at_most: int = 200, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.each, self.at_most = each, at_most

    def to_python(self, value: Any) -> Any:
        if not value:
            return None
        if len(value) > self.at_most:
            raise ValidationError(f"At most {self.at_most} values.", "max_length")
        return [self.each.clean(text) for text in value]


class UUIDFilter(django_filters.Filter):
    field_class = _UUIDField
    schema: dict[str, Any] = {"type": "string", "format": "uuid"}


class DateTimeFilter(django_filters.Filter):
    """RFC 3339 with an offset."""

    field_class = _DateTimeField
    schema = {"type": "string", "format": "date-time"}


class BooleanFilter(django_filters.Filter):
    field_class = _BooleanField
    schema = {"type": "boolean"}


class MoneyFilter(django_filters.Filter):
    field_class = _MoneyField
    schema = {"type": "string", "pattern": f"^{_MONEY.pattern}$"}


class IntegerFilter(django_filters.Filter):
    """`min_value` and `max_value` bound it; by default what PostgreSQL's integer holds."""

    field_class = _IntegerField

    @property
    def schema(self) -> dict[str, Any]:
        low, high = self.extra.get("min_value", -INT_MAX), self.extra.get("max_value", INT_MAX)
        return {"type": "integer", "minimum": low, "maximum": high}


class ChoiceFilter(django_filters.Filter):
    """`choices=Kind.choices`."""

    field_class = _ChoiceField

    @property
    def schema(self) -> dict[str, Any]:
        return {"type": "string", "enum": [value for value, _ in self.extra["choices"]]}


class TextFilter(django_filters.Filter):
    """Text of 1 to `max_length` characters (default 200)."""

    field_class = _Strict

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        kwargs.setdefault("max_length", 200)
        super().__init__(*args, **kwargs)

    @property
    def schema(self) -> dict[str, Any]:
        return {"type": "string", "minLength": 1, "maxLength": self.extra["max_length"]}


class TextListFilter(django_filters.Filter):
    """A parameter that may be repeated: `?sku=A&sku=B` matches either."""

    field_class = _ListField
    repeatable = True

    def __init__(self, *args: Any, max_length: int = 200, at_most: int = 200, **kwargs: Any) -> None:
        kwargs.setdefault("lookup_expr", "in")
        super().__init__(*args, each=_Strict(max_length=max_length), at_most=at_most, **kwargs)
        self.max_length, self.at_most = max_length, at_most

    @property
    def schema(self) -> dict[str, Any]:
        items = {"type": "string", "minLength": 1, "maxLength": self.max_length}
        return {"type": "array", "items": items, "minItems": 1, "maxItems": self.at_most}


class FilterSet(django_filters.FilterSet):
    """The base of every filter set. Declare filters by hand; `Meta.fields` would bring lenient ones."""


class StrictFilterBackend(DjangoFilterBackend):
    filterset_base = FilterSet

    def filter_queryset(self, request: Request, queryset: QuerySet[Any], view: Any) -> QuerySet[Any]:
        filterset = self.get_filterset(request, queryset, view)
        if filterset is None:
            return queryset
        if not filterset.is_valid():
            raise _invalid(filterset.errors)
        return filterset.qs


def check_parameters(request: Request, known: dict[str, bool]) -> None:
    """Every parameter of the query is `known` (name → may it be repeated?), given once, and not empty."""
    problems: list[Problem] = []
    kind = "validation_error"
    for name, values in request.query_params.lists():
        if name not in known:
            kind = "unknown_parameter"
            problems.append(parameter_problem(name[:200], "This operation has no such parameter.", "unknown_parameter"))
        elif any(value in EMPTY_VALUES for value in values):
            problems.append(parameter_problem(name, "This may not be empty.", "empty"))
        elif len(values) > 1 and not known[name]:
            problems.append(parameter_problem(name, "This may be given once only.", "repeated"))
    if problems:
        raise ApiRefusal(kind, _sentence(problems), problems=problems)


def flag(request: Request, name: str, *, default: bool) -> bool:
    """A parameter of an action that is `true` or `false`."""
    text = request.query_params.get(name, "true" if default else "false")
    if text not in ("true", "false"):
        raise bad_parameter(name, "This must be true or false.")
    return text == "true"


def moment(request: Request, name: str) -> Any:
    """A parameter of an action that is an RFC 3339 time, or None when it is not given."""
    text = request.query_params.get(name)
    if text is None:
        return None
    try:
        return _DateTimeField().clean(text)
    except ValidationError as error:
        raise bad_parameter(name, error.messages[0]) from None


def _invalid(errors: Any) -> ApiRefusal:
    problems = [
        parameter_problem(name, str(message), error.code or "invalid")
        for name, found in errors.as_data().items()
        for error in found
        for message in error.messages
    ]
    return ApiRefusal("validation_error", _sentence(problems), problems=problems)


def _sentence(problems: list[Problem]) -> str:
    names = ", ".join(f"“{problem.extra['parameter']}”" for problem in problems[:5])
    return f"The query cannot be taken: see {names}."


__all__ = [
    "BooleanFilter",
    "ChoiceFilter",
    "DateTimeFilter",
    "FilterSet",
    "IntegerFilter",
    "MoneyFilter",
    "StrictFilterBackend",
    "TextFilter",
    "TextListFilter",
    "UUIDFilter",
    "check_parameters",
    "extend_schema_field",
]
