"""Products: parse, one operation, answer. Bodies are the bytes that PostgreSQL renders, cached where they can be."""

from collections.abc import Iterable
from functools import cache
from typing import Any
from uuid import UUID

import orjson
from django.contrib.postgres.search import SearchQuery
from django.db.models import QuerySet
from django.db.models.functions import Lower
from django.http import Http404
from drf_spectacular.utils import extend_schema
from rest_framework.decorators import action
from rest_framework.request import Request
from rest_framework.response import Response

from api import cached, filters, pagination
from api.cached import Listed
from api.idempotency import idempotent
from api.problems.refusals import bad_parameter
from api.serializers.catalog import CategorySerializer, ProductSerializer
from api.serializers.history import ActivitySerializer
from api.viewsets.base import StockroomViewSet
from inventory.models import Activity, ArchivedObject, Category, Product, State, Status, documents
from inventory.models.documents import Document
from inventory.models.reservations import products_in_state, with_available
from inventory.operations import catalog

ORDERINGS = {"name": ("name",), "price": ("price",), "created_at": ("created_at",)}
#: So many hits of a search are read before the page is made.
HITS_AT_MOST = 500


class ProductFilter(filters.FilterSet):
    sku = filters.TextListFilter(method="by_sku", max_length=64, help_text="May be repeated.")
    category = filters.UUIDFilter(method="by_category", help_text="Only products of this category.")
    descendants = filters.BooleanFilter(method="ignore", help_text="With category: those below as well (default true).")
    status = filters.ChoiceFilter(choices=Status.choices)
    state = filters.ChoiceFilter(method="by_state", choices=State.choices)
    price_min = filters.MoneyFilter(field_name="price", lookup_expr="gte")
    price_max = filters.MoneyFilter(field_name="price", lookup_expr="lte")
    updated_since = filters.DateTimeFilter(field_name="updated_at", lookup_expr="gte")
    available_min = filters.IntegerFilter(method="by_available_min")
    available_max = filters.IntegerFilter(method="by_available_max")
    q = filters.TextFilter(method="by_words", help_text='Full text: words, "phrases", or, -not.')

    def by_sku(self, queryset: QuerySet[Product], name: str, values: list[str]) -> QuerySet[Product]:
        return queryset.alias(lower_sku=Lower("sku")).filter(lower_sku__in=[value.lower() for value in values])

    def by_category(self, queryset: QuerySet[Product], name: str, value: UUID) -> QuerySet[Product]:
        below = self.form.cleaned_data.get("descendants")
        return queryset.filter(category__in=[value] if below is False else Category.objects.with_descendants([value]))

    def ignore(self, queryset: QuerySet[Product], name: str, value: bool) -> QuerySet[Product]:
        return queryset

    def by_state(self, queryset: QuerySet[Product], name: str, value: str) -> QuerySet[Product]:
        return products_in_state(queryset, value)

    def by_available_min(self, queryset: QuerySet[Product], name: str, value: int) -> QuerySet[Product]:
        return with_available(queryset).filter(available_now__gte=value)

    def by_available_max(self, queryset: QuerySet[Product], name: str, value: int) -> QuerySet[Product]:
        return with_available(queryset).filter(available_now__lte=value)

    def by_words(self, queryset: QuerySet[Product], name: str, value: str) -> QuerySet[Product]:
        words = SearchQuery(value, config="simple", search_type="websearch")
        # Few hits are read first: PostgreSQL might walk an order's index to the end for them. Many are met on the way.
        hits = Product.objects.order_by().filter(search=words).values_list("pk", flat=True)[: HITS_AT_MOST + 1]
        with pagination.planned_for_its_values(hits.db):
            ids = list(hits)
        return queryset.filter(search=words) if len(ids) > HITS_AT_MOST else queryset.filter(pk__in=ids)


class ProductViewSet(StockroomViewSet):
    """The catalogue."""

    required_scopes = {"read": "catalog:read", "write": "catalog:write"}
    action_scopes = {"stock": "stock:read", "history": "audit:read"}
    queryset = Product.objects.all()
    serializer_class = ProductSerializer
    filterset_class = ProductFilter
    list_actions = frozenset({"list"})
    ordering_fields = {
        **ORDERINGS,
        "updated_at": ("updated_at",),
        "sku": ("sku",),
        "available": ("stock__available",),
    }
    # Newest first, as ids are: the one order that the indexes of state and available stock have as well.
    default_ordering = ("-id",)
    cached_actions = frozenset({"retrieve"})
    extra_parameters = {
        "list": frozenset({"fields", "expand"}),
        "retrieve": frozenset({"fields", "expand"}),
        "history": frozenset(pagination.PARAMETERS),
    }

    def list(self, request: Request) -> Response:
        shape = Shape(request)
        page = products_page(self.filter_queryset(Product.objects.all()), request, self.ordering_of(request))
        return Response(products_body(request, page, shape))

    def retrieve(self, request: Request, pk: str) -> Response:
        shape = Shape(request)
        document, status = cached.product_by_sku(pk[4:]) if pk.startswith("sku:") else cached.product(uuid_or_404(pk))
        if document is None:
            raise Http404
        response = self.answer(shape.one(document), version=document.version, shows_more=True)
        response["Cache-Status"] = cached.header(status)
        return response

    @idempotent
    def create(self, request: Request) -> Response:
        serializer = self.get_serializer(data=request.data)
        serializer.is_valid(raise_exception=True)
        row = catalog.create_product(actor=self.actor, **serializer.validated_data)
        return self.created(_body(row), version=row.version, path=f"/api/v1/products/{row.pk}", shows_more=True)

    def update(self, request: Request, pk: str) -> Response:
        return self._edit(request, pk, partial=False)

    def partial_update(self, request: Request, pk: str) -> Response:
        return self._edit(request, pk, partial=True)

    def _edit(self, request: Request, pk: str, *, partial: bool) -> Response:
        row = product_of(pk)
        expected = self.expected_version(request, row.version)
        serializer: Any = self.get_serializer(data=request.data, partial=partial)
        serializer.is_valid(raise_exception=True)
        values = {**({} if partial else serializer.DEFAULTS), **serializer.validated_data}
        row = catalog.update_product(row, actor=self.actor, expected_version=expected, **values)
        return self.answer(_body(row), version=row.version, shows_more=True)

    def destroy(self, request: Request, pk: str) -> Response:
        row = product_of(pk)
        catalog.delete_product(row, actor=self.actor, expected_version=self.expected_version(request, row.version))
        return Response(status=204)

    @extend_schema(responses=ActivitySerializer(many=True))
    @action(detail=True)
    def history(self, request: Request, pk: str) -> Response:
        """Every change of this product, newest first; also after its deletion."""
        rows = Activity.objects.filter(object_type="product", object_id=_known_id(pk))
        if not rows.exists():
            raise Http404
        page = pagination.page_of(rows, request, ("-id",))
        return self.answer_page(page, ActivitySerializer(page.rows, many=True).data)


class Shape:
    """`fields` and `expand`: which members of a product are shown, and whether its category is shown in full."""

    def __init__(self, request: Request) -> None:
        # `a,b` and `a` repeated mean the same: generated clients differ in how they write a list.
        wanted = [name for text in request.query_params.getlist("fields") for name in text.split(",")]
        self.fields = wanted or None
        for name in self.fields or ():
            if name not in _members():
                raise bad_parameter("fields", f"A product has no field “{name[:64]}”.", "invalid_choice")
        expand = request.query_params.get("expand")
        if expand not in (None, "category"):
            raise bad_parameter("expand", "The only value is “category”.", "invalid_choice")
        self.expand = expand is not None

    def one(self, document: Document) -> bytes:
        return self.many([document])[0]

    def many(self, documents: list[Document]) -> list[bytes]:
        if self.fields is None and not self.expand:
            return [document.body for document in documents]
        bodies = [orjson.loads(document.body) for document in documents]
        if self.expand:
            shown = Category.objects.in_bulk({body["category"] for body in bodies} - {None})
            for body in bodies:
                category = shown.get(UUID(body["category"])) if body["category"] else None
                body["category"] = None if category is None else CategorySerializer(category).data
        if self.fields is not None:
            bodies = [{name: body[name] for name in self.fields} for body in bodies]
        return [orjson.dumps(body) for body in bodies]


@cache
def _members() -> frozenset[str]:
    """The members of a product; building a serializer costs more than reading the product."""
    return frozenset(ProductSerializer().fields)


def products_page(queryset: QuerySet[Product], request: Request, ordering: tuple[str, ...]) -> Listed:
    """One page of ids: nothing else is read of the rows, so that the limit is found before anything is joined."""
    columns = {"id", *(name.removeprefix("-") for name in ordering)}
    if any(column.startswith("stock__") for column in columns):
        # Every product has its totals, but only an inner join lets their index give the order.
        queryset = queryset.filter(stock__isnull=False)
    page = pagination.page_of(queryset.values(*columns), request, ordering)
    return Listed([row["id"] for row in page.rows], page.next, page.previous, page.count)


def products_body(request: Request, page: Listed, shape: Shape | None = None) -> bytes:
    """The envelope of a page, composed from the products' own bytes."""
    found = cached.products(page.ids)
    present = [found[pk] for pk in page.ids if pk in found]
    results = [document.body for document in present] if shape is None else shape.many(present)
    return enveloped(pagination.link(request, page.next), pagination.link(request, page.previous), page.count, results)


def enveloped(following: str | None, previous: str | None, count: int | None, results: Iterable[bytes]) -> bytes:
    """The page around JSON that is there already."""
    head: dict[str, Any] = {"next": following, "previous": previous}
    if count is not None:
        head["count"] = count
    return orjson.dumps(head)[:-1] + b',"results":[' + b",".join(results) + b"]}"


def product_of(pk: str) -> Product:
    """The product that a path names, by id or by `sku:<SKU>`; 404 without one."""
    rows = Product.objects.by_sku(pk[4:]) if pk.startswith("sku:") else Product.objects.filter(pk=uuid_or_404(pk))
    row = rows.first()
    if row is None:
        raise Http404
    return row


def _known_id(pk: str) -> str:
    """The id of a product that is, or was, in the catalogue."""
    if not pk.startswith("sku:"):
        return str(uuid_or_404(pk))
    row = Product.objects.by_sku(pk[4:]).first()
    if row is not None:
        return str(row.pk)
    gone = ArchivedObject.objects.filter(object_type="product", snapshot__sku__iexact=pk[4:]).first()
    if gone is None:
        raise Http404
    return str(gone.object_id)


def _body(row: Product) -> bytes:
    return documents.products([row.pk])[row.pk].body


def uuid_or_404(text: str) -> UUID:
    try:
        return UUID(text)
    except ValueError:
        raise Http404 from None
