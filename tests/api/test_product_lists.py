"""Lists of products: found by words, in every order, and by plans that do not grow with the catalogue."""

import pytest
from django.db import connection
from django.test import RequestFactory
from rest_framework.request import Request

from api.pagination import page_of
from api.viewsets import products
from benchmarks import past, questions
from inventory.models import Category
from tests.api.test_ledger_plans import overheard, plan_of
from tests.builders import make_category, make_product

RARE = ("low_stock, 1 %", "status, none", "available_min, none", "category, rare", "q, rare", "q, none")

pytestmark = pytest.mark.django_db(transaction=True)


def listed(door, query):
    answer = door.get(f"products?{query}")
    assert answer.status == 200, answer.body
    return [row["sku"] for row in answer.json()["results"]]


@pytest.fixture
def shelf_of_mugs(transactional_db):
    """M0 to M5 are red or blue mugs, newest last; M5 is of bone."""
    for number in range(6):
        made = "bone" if number == 5 else "clay"
        make_product(f"M{number}", name=f"Mug {'red' if number % 2 else 'blue'}", description=made, on_hand=number)


@pytest.mark.parametrize("at_most", [1, 500], ids=["more hits than are read first", "few hits"])
def test_words_find_the_same_however_many_hits_there_are(door, shelf_of_mugs, monkeypatch, at_most):
    monkeypatch.setattr(products, "HITS_AT_MOST", at_most)

    assert listed(door, "q=mug") == ["M5", "M4", "M3", "M2", "M1", "M0"]
    assert listed(door, "q=red&ordering=sku") == ["M1", "M3", "M5"]
    assert listed(door, "q=bone") == listed(door, "q=mug%20bone") == ["M5"]
    assert listed(door, "q=mug%20-red") == ["M4", "M2", "M0"]
    assert listed(door, "q=unobtainium") == []


def test_an_order_by_stock_has_every_product_on_some_page(door, shelf_of_mugs):
    make_product("EMPTY")

    first = door.get("products?ordering=-available&page_size=4").json()
    second = door.get(first["next"].partition("/api/v1/")[2]).json()

    assert [row["sku"] for row in first["results"]] == ["M5", "M4", "M3", "M2"]
    assert [row["sku"] for row in second["results"]] == ["M1", "EMPTY", "M0"]


def test_a_page_among_many_equals_finds_its_place_by_one_comparison(door):
    for number in range(6):
        make_product(f"M{number}", price="9.99")

    first = door.get("products?ordering=price&page_size=4").json()
    with overheard("inventory_product") as heard:
        second = door.get(first["next"].partition("/api/v1/")[2]).json()

    assert [row["sku"] for row in first["results"] + second["results"]] == [f"M{number}" for number in range(6)]
    assert '("inventory_product"."price", "inventory_product"."id") > (' in heard[0][0]


def test_a_page_is_planned_for_its_own_values(transactional_db):
    make_category()
    request = Request(RequestFactory().get("/list"))

    for _ in range(12):
        page_of(Category.objects.filter(name="Mugs"), request, ("name",))

    with connection.cursor() as cursor:
        # Not the statements by id of other tests, which the connection may have met before.
        cursor.execute(
            "SELECT statement FROM pg_prepared_statements WHERE statement LIKE '%category%\"name\" =%LIMIT%'"
        )
        assert cursor.fetchall() == []


def test_a_key_comes_in_the_order_of_an_index_with_small_nulls(transactional_db):
    names = [f"C{number}" for number in range(5)]
    ids = [make_category(name).pk for name in names]
    request = Request(RequestFactory().get("/list", {"page_size": 3}))

    with overheard("inventory_category") as heard:
        page = page_of(Category.objects.all(), request, ("-id",), nulls_small=True)

    assert [row.pk for row in page.rows] == ids[:1:-1]
    assert '"id" DESC NULLS LAST' in heard[0][0]


def test_no_list_of_products_reads_all_of_them(door):
    past.write(20_000, 20_000, lambda text: None)
    asked, whole = questions.of_products(), set()

    for name in (*RARE, *(name for name in asked if name.startswith("by ")), "first page", "page at 98 %"):
        with overheard("inventory_product") as heard:
            assert door.get(asked[name]).status == 200, name
        plans = [plan_of(*statement) for statement in heard]
        whole |= {f"{name}:\n{plan}" for plan in plans if "Seq Scan on inventory_product" in plan}

    assert whole == set()
