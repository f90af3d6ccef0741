"""Categories are cached with the tree: a hit until any category changes, and never older than an answered write."""

import pytest

from tests.builders import make_category

pytestmark = pytest.mark.django_db(transaction=True)

HIT, MISS = "stockroom; hit", "stockroom; fwd=miss"


@pytest.mark.parametrize("path", ["categories", "categories?page_size=1", "categories?root=true", "categories/{id}"])
def test_the_second_read_is_a_hit_and_a_change_of_any_category_is_seen_at_once(api, path):
    mugs = make_category("Mugs")
    other = make_category("Cups", parent=mugs)
    address = path.format(id=mugs.pk)
    first, second = api.get(address), api.get(address)

    api.patch(f"categories/{mugs.pk}", {"name": "Big mugs"}, version=1)
    api.patch(f"categories/{other.pk}", {"name": "Zen cups"}, version=1)

    third = api.get(address)
    assert [answer["Cache-Status"] for answer in (first, second, third)] == [MISS, HIT, MISS]
    assert first.content == second.content
    assert b"Big mugs" in third.content


def test_a_category_that_is_gone_is_404_also_where_it_was_cached(api):
    mugs = make_category("Mugs")
    for _ in range(2):
        api.get(f"categories/{mugs.pk}")

    api.delete(f"categories/{mugs.pk}", version=1)

    assert api.get(f"categories/{mugs.pk}").status_code == 404


def test_words_are_looked_up_and_not_kept(api):
    make_category("Mugs")

    answer = api.get("categories?q=mug")

    assert answer["Cache-Status"] == "stockroom; fwd=bypass"
    assert len(answer.json()["results"]) == 1
