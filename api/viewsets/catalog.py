"""Categories and locations: parse, one operation, answer."""

from collections.abc import Mapping, Sequence
from typing import Any
from urllib.parse import urlencode

from django.db.models import Q, QuerySet
from django.http import Http404
from drf_spectacular.utils import extend_schema
from rest_framework.decorators import action
from rest_framework.request import Request
from rest_framework.response import Response

from api import cached, filters, pagination
from api.idempotency import idempotent
from api.serializers.catalog import CategorySerializer, LocationSerializer, ProductSerializer
from api.viewsets.base import ListMixin, RetrieveMixin, StockroomViewSet
from api.viewsets.products import ORDERINGS, products_body, products_page, uuid_or_404
from inventory.errors import Forbidden
from inventory.models import Category, Location, Product
from inventory.operations import catalog, locations


class EditMixin(StockroomViewSet):
    """PUT and PATCH of a versioned row: everything, or what is given."""

    def change(self, row: Any, **values: Any) -> Any:
        raise TypeError(f"{type(self).__name__} does not say how to change a row")

    def update(self, request: Request, pk: str) -> Response:
        return self._edit(request, partial=False)

    def partial_update(self, request: Request, pk: str) -> Response:
        return self._edit(request, partial=True)

    def _edit(self, request: Request, *, partial: bool) -> Response:
        row = self.get_object()
        expected = self.expected_version(request, row.version)
        serializer: Any = self.get_serializer(data=request.data, partial=partial)
        serializer.is_valid(raise_exception=True)
        defaults = {} if partial else serializer.DEFAULTS
        row = self.change(row, actor=self.actor, expected_version=expected, **{**defaults, **serializer.validated_data})
        return self.answer(self.get_serializer(row).data, version=row.version)


class CategoryFilter(filters.FilterSet):
    parent = filters.UUIDFilter(field_name="parent_id", help_text="Only the direct children of this category.")
    root = filters.BooleanFilter(field_name="parent", lookup_expr="isnull", help_text="true: only the top of the tree.")
    q = filters.TextFilter(field_name="name", lookup_expr="icontains", help_text="Part of the name.")


class CategoryViewSet(ListMixin, RetrieveMixin, EditMixin):
    """The tree of categories."""

    required_scopes = {"read": "catalog:read", "write": "catalog:write"}
    queryset = Category.objects.all()
    serializer_class = CategorySerializer
    filterset_class = CategoryFilter
    ordering_fields = {"name": ("name",), "created_at": ("created_at",)}
    default_ordering = "name"
    extra_parameters = {"products": frozenset({"descendants", "ordering", *pagination.PARAMETERS})}
    action_orderings = {"products": ORDERINGS}
    cached_actions = frozenset({"products", "list", "retrieve"})

    def list(self, request: Request) -> Response:
        """The categories, cached as long as the tree stays as it is."""

        def load() -> tuple[Any, ...]:
            page = self.page(self.get_queryset())
            return self.get_serializer(page.rows, many=True).data, page.next, page.previous, page.count

        # Words make too many different pages to keep.
        name = "" if "q" in request.query_params else "list?" + urlencode(sorted(request.query_params.lists()), True)
        (rows, following, previous, count), status = cached.of_tree(name, load) if name else (load(), "bypass")
        response = self.answer_page(pagination.Page([], following, previous, count), rows)
        response["Cache-Status"] = cached.header(status)
        return response

    def retrieve(self, request: Request, pk: str) -> Response:
        category = uuid_or_404(pk)
        body, status = cached.of_tree(str(category), lambda: self.get_serializer(self.get_object()).data)
        response = self.answer(body, version=body["version"])
        response["Cache-Status"] = cached.header(status)
        return response

    @idempotent
    def create(self, request: Request) -> Response:
        serializer = self.get_serializer(data=request.data)
        serializer.is_valid(raise_exception=True)
        row = catalog.create_category(actor=self.actor, **serializer.validated_data)
        return self.created(self.get_serializer(row).data, version=row.version, path=f"/api/v1/categories/{row.pk}")

    def change(self, row: Category, **values: Any) -> Category:
        return catalog.update_category(row, **values)

    def destroy(self, request: Request, pk: str) -> Response:
        row = self.get_object()
        catalog.delete_category(row, actor=self.actor, expected_version=self.expected_version(request, row.version))
        return Response(status=204)

    @extend_schema(responses=ProductSerializer(many=True))
    @action(detail=True)
    def products(self, request: Request, pk: str) -> Response:
        """The products of a category and of everything below it (`descendants=false`: of itself only), cached."""
        category = uuid_or_404(pk)
        descendants = filters.flag(request, "descendants", default=True)
        ordering = self.ordering_among(request, ORDERINGS, default="name")

        def load() -> cached.Listed:
            if not Category.objects.filter(pk=category).exists():
                raise Http404
            within = Category.objects.with_descendants([category]) if descendants else [category]
            return products_page(Product.objects.filter(category__in=within), request, ordering)

        page, status = cached.listing(category, page_name(descendants, ordering, request.query_params), load)
        return Response(
            products_body(request, page),
            headers={"Cache-Status": cached.header(status)},
            content_type="application/json",
        )


def page_name(descendants: bool, ordering: Sequence[str], query: Mapping[str, str]) -> str:
    """Everything that decides what stands on the page."""
    return "|".join([str(descendants), *ordering, *(query.get(key, "") for key in pagination.PARAMETERS)])


class LocationFilter(filters.FilterSet):
    code = filters.TextListFilter(field_name="code", max_length=64)
    is_active = filters.BooleanFilter()


class LocationViewSet(ListMixin, RetrieveMixin, EditMixin):
    """Places that hold stock."""

    required_scopes = {"read": "catalog:read", "write": "catalog:write"}
    queryset = Location.objects.all()
    serializer_class = LocationSerializer
    filterset_class = LocationFilter
    ordering_fields = {"priority": ("priority", "code"), "code": ("code",), "name": ("name",)}
    default_ordering = "priority"

    def get_queryset(self) -> QuerySet[Location]:
        allowed = self.caller.location_ids
        return Location.objects.all() if allowed is None else Location.objects.filter(Q(pk__in=allowed))

    @idempotent
    def create(self, request: Request) -> Response:
        serializer = self.get_serializer(data=request.data)
        serializer.is_valid(raise_exception=True)
        if self.caller.location_ids is not None:
            raise Forbidden("Your key is limited to locations; it cannot make others.")
        row = locations.create_location(actor=self.actor, **serializer.validated_data)
        return self.created(self.get_serializer(row).data, version=row.version, path=f"/api/v1/locations/{row.pk}")

    def change(self, row: Location, **values: Any) -> Location:
        return locations.update_location(row, **values)

    def destroy(self, request: Request, pk: str) -> Response:
        row = self.get_object()
        locations.delete_location(row, actor=self.actor, expected_version=self.expected_version(request, row.version))
        return Response(status=204)
