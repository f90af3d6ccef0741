"""Filters that stay short and fast where the tables are long."""

from collections.abc import Iterable
from datetime import timedelta
from typing import Any

from django.contrib.admin import SimpleListFilter
from django.db.models import QuerySet
from django.http import HttpRequest
from django.utils import timezone

from inventory.models import AlertState, Category, Location, Product, ReservationState, State
from inventory.models.reservations import available_at_levels, products_in_state

from .moments import first_id
from .search import as_uuid

CHOICES_AT_MOST = 100
Choices = Iterable[tuple[Any, str]]


class ByState(SimpleListFilter):
    """Products by the state of their stock over all locations, at this instant."""

    title, parameter_name = "stock", "state"

    def lookups(self, request: HttpRequest, model_admin: Any) -> Choices:
        return [(state.value, state.value.replace("_", " ")) for state in State]

    def queryset(self, request: HttpRequest, queryset: QuerySet[Any]) -> QuerySet[Any]:
        return self.within(queryset, str(self.value())) if self.value() in State.values else queryset

    def within(self, rows: Any, state: str) -> QuerySet[Any]:
        return products_in_state(rows, state)


class ByTotalState(ByState):
    def within(self, rows: Any, state: str) -> QuerySet[Any]:
        return rows.filter(product__in=products_in_state(Product.objects.order_by(), state).values("pk"))


class ByLevelState(ByState):
    def within(self, rows: Any, state: str) -> QuerySet[Any]:
        return rows.in_state(state, available_at_levels())


class ByReservationState(SimpleListFilter):
    title, parameter_name = "state", "state"

    def lookups(self, request: HttpRequest, model_admin: Any) -> Choices:
        return [(state.value, state.value) for state in ReservationState]

    def queryset(self, request: HttpRequest, queryset: Any) -> QuerySet[Any]:
        return queryset.in_state(self.value()) if self.value() in ReservationState.values else queryset


class ByShelf(SimpleListFilter):
    """Products in a category at the top of the tree and in everything below it."""

    title, parameter_name = "category", "within"

    def lookups(self, request: HttpRequest, model_admin: Any) -> Choices:
        tops = Category.objects.filter(parent=None).order_by("name")
        return [(str(top.pk), top.name) for top in tops[:CHOICES_AT_MOST]]

    def queryset(self, request: HttpRequest, queryset: QuerySet[Any]) -> QuerySet[Any]:
        top = as_uuid(self.value() or "")
        return queryset.filter(category__in=Category.objects.with_descendants([top])) if top else queryset


class ByPlace(SimpleListFilter):
    title, parameter_name, path = "location", "place", "location"

    def lookups(self, request: HttpRequest, model_admin: Any) -> Choices:
        return [(str(place.pk), place.code) for place in Location.objects.all()[:CHOICES_AT_MOST]]

    def queryset(self, request: HttpRequest, queryset: QuerySet[Any]) -> QuerySet[Any]:
        place = as_uuid(self.value() or "")
        return queryset.filter(**{self.path: place}) if place else queryset


class Since(SimpleListFilter):
    """Rows written of late, found by their primary keys."""

    title, parameter_name = "time", "since"

    def lookups(self, request: HttpRequest, model_admin: Any) -> Choices:
        return [("1", "past 24 hours"), ("7", "past 7 days"), ("30", "past 30 days")]

    def queryset(self, request: HttpRequest, queryset: QuerySet[Any]) -> QuerySet[Any]:
        if self.value() not in ("1", "7", "30"):
            return queryset
        return queryset.filter(pk__gte=first_id(timezone.now() - timedelta(days=int(self.value() or 0))))


class ByAlertState(SimpleListFilter):
    title, parameter_name = "state", "state"

    def lookups(self, request: HttpRequest, model_admin: Any) -> Choices:
        return [("unresolved", "unresolved"), *((state.value, state.value) for state in AlertState)]

    def queryset(self, request: HttpRequest, queryset: QuerySet[Any]) -> QuerySet[Any]:
        if self.value() == "unresolved":
            return queryset.filter(resolved_at=None)
        return queryset.filter(state=self.value()) if self.value() in AlertState.values else queryset


class Fixed(SimpleListFilter):
    """A column whose few values are known beforehand, so that nobody has to look for them in a long table."""

    values: tuple[str, ...] = ()

    def lookups(self, request: HttpRequest, model_admin: Any) -> Choices:
        return [(value, value.replace("_", " ")) for value in self.values]

    def queryset(self, request: HttpRequest, queryset: QuerySet[Any]) -> QuerySet[Any]:
        return queryset.filter(**{str(self.parameter_name): self.value()}) if self.value() in self.values else queryset


class ByAction(Fixed):
    title, parameter_name = "action", "action"
    values = ("created", "updated", "deleted", "restored")


class ByObject(Fixed):
    title, parameter_name = "object", "object_type"
    values = ("product", "category", "location", "api_key", "webhook")
