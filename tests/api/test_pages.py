"""Keyset pages: every row once, in both directions, while rows come and go; NULL included."""

import random
from urllib.parse import parse_qs, urlsplit

import pytest
from django.db.models import F
from django.test import RequestFactory
from rest_framework.request import Request

from api import cursors
from api.cursors import Cursor
from api.pagination import page_of
from api.problems.refusals import ApiRefusal
from inventory.models import Category
from tests.api.door import fresh


def names(answer):
    return [row["name"] for row in answer.json()["results"]]


def local(url):
    parts = urlsplit(url)
    return f"{parts.path}?{parts.query}"


def walk(door, path, way="next"):
    """All pages from `path` on, as lists of names."""
    pages = []
    while path:
        answer = door.get(path)
        pages.append(names(answer))
        path = answer.json()[way] and local(answer.json()[way])
    return pages


@pytest.fixture
def shelf_of_twenty(door):
    for number in range(20):
        door.post("categories", {"name": f"C{number:02}"})


def test_walking_forth_and_back_shows_every_row_once(door, shelf_of_twenty):
    forth = walk(door, "categories?ordering=name&page_size=6")
    last = door.get("categories?ordering=name&page_size=6")
    while last.json()["next"]:
        last = door.get(local(last.json()["next"]))

    back = walk(door, local(last.json()["previous"]), "previous")

    assert [len(page) for page in forth] == [6, 6, 6, 2]
    assert [name for page in forth for name in page] == [f"C{number:02}" for number in range(20)]
    assert back == forth[-2::-1]
    assert door.get("categories?ordering=name&page_size=6").json()["previous"] is None


def test_links_keep_the_other_parameters(door, shelf_of_twenty):
    following = door.get("categories?ordering=-name&page_size=3&root=true").json()["next"]

    query = parse_qs(urlsplit(following).query)

    assert following.startswith("http://127.0.0.1/api/v1/categories?")
    assert (query["ordering"], query["page_size"], query["root"]) == (["-name"], ["3"], ["true"])


def test_rows_that_come_and_go_move_no_other_row(door, shelf_of_twenty):
    first = door.get("categories?ordering=name&page_size=5")
    door.post("categories", {"name": "C00a"})  # before the place
    Category.objects.filter(name="C04").delete()  # the very row the cursor names

    second = door.get(local(first.json()["next"]))

    assert names(second) == [f"C{number:02}" for number in range(5, 10)]


def test_the_count_comes_only_when_asked_for(door, shelf_of_twenty):
    assert door.get("categories?count=exact&page_size=1").json()["count"] == 20
    assert "count" not in door.get("categories").json()


def test_null_sorts_as_in_postgresql_in_both_directions(transactional_db):
    for number in range(9):
        Category.objects.create(name=fresh("N"), reorder_point=None if number % 3 == 0 else number // 2)

    for ordering in (("reorder_point",), ("-reorder_point",), ("reorder_point", "-name"), ("-reorder_point", "name")):
        expected = list(
            Category.objects.order_by(
                *(F(n[1:]).desc(nulls_first=True) if n[0] == "-" else F(n).asc(nulls_last=True) for n in ordering),
                "-id" if ordering[-1][0] == "-" else "id",
            ).values_list("pk", flat=True)
        )
        for size in (1, 2, 4):
            assert pages_of(ordering, size) == expected, (ordering, size)
            assert pages_of(ordering, size, backwards=True) == expected, (ordering, size)


def pages_of(ordering, size, backwards=False):
    """The ids of all pages, read forwards, or read backwards from the last page."""

    def page(cursor):
        query = {"page_size": size} | ({"cursor": cursor} if cursor else {})
        return page_of(Category.objects.all(), Request(RequestFactory().get("/list", query)), ordering)

    found, current = [], page(None)
    found += [row.pk for row in current.rows]
    while current.next:
        current = page(current.next)
        found += [row.pk for row in current.rows]
    if not backwards:
        return found
    found = [row.pk for row in current.rows]
    while current.previous:
        current = page(current.previous)
        found = [row.pk for row in current.rows] + found
    return found


def test_a_page_of_values_needs_only_the_ordering_and_the_id(transactional_db):
    Category.objects.create(name="only")
    request = Request(RequestFactory().get("/list"))

    page = page_of(Category.objects.values("id", "name"), request, ("name",))

    assert [row["name"] for row in page.rows] == ["only"]


def good_cursor(path="/api/v1/categories", ordering=("name", "id")):
    return cursors.write(Cursor(("C01", "x")), path=path, ordering=ordering)


@pytest.mark.parametrize(
    "cursor",
    [
        "x",
        "abc:def",
        "cD1hYmM=",
        "%00",
        "é",
        "W10",
        "W10:" + "A" * 43,
        "x" * 3000,
        "null",
        "{}",
        "cursor:",
        ":",
        "%F0%9F",
    ],
)
def test_a_cursor_that_was_not_issued_is_400_and_named(door, cursor):
    answer = door.get(f"categories?cursor={cursor}")

    assert (answer.status, answer.culprit("parameter")) == (400, ["cursor"])


def test_a_cursor_fits_one_list_and_one_order():
    for wrong in (good_cursor(path="/api/v1/products"), good_cursor(ordering=("-name", "id")), good_cursor()[:-1]):
        with pytest.raises(ApiRefusal):
            cursors.read(wrong, path="/api/v1/categories", ordering=("name", "id"))


def test_no_byte_of_a_cursor_can_be_changed():
    cursor, choice = good_cursor(), random.Random(7)

    for place in range(len(cursor)):
        letter = choice.choice([c for c in "AZaz09-_:" if c != cursor[place]])
        with pytest.raises(ApiRefusal):
            cursors.read(
                cursor[:place] + letter + cursor[place + 1 :], path="/api/v1/categories", ordering=("name", "id")
            )


@pytest.mark.parametrize("size", ["0", "-1", "201", "1e2", "1.0", "abc", "٣", "+1", "01x", "9" * 5000, "%20 5", "NaN"])
def test_a_page_size_out_of_bounds_is_400_and_named(door, size):
    answer = door.get(f"categories?page_size={size}")

    assert (answer.status, answer.culprit("parameter")) == (400, ["page_size"])


def test_a_page_size_at_its_bounds_is_taken(door, shelf_of_twenty):
    assert len(door.get("categories?page_size=1").json()["results"]) == 1
    assert len(door.get("categories?page_size=200").json()["results"]) == 20
