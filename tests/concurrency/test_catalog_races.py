"""Edits of one product by many hands: whoever saw an older version is told so, and no edit is lost."""

import random
import time

import pytest
from django.db import models

from inventory.models import Product
from inventory.models.base import Versioned
from inventory.operations import writing
from tests.api.door import Door
from tests.builders import make_key, make_product

from .races import race

pytestmark = pytest.mark.django_db(transaction=True)

EDITORS = 50


def count_up(product):
    """Everybody adds one to a figure that all read first, and tries again when somebody was faster."""
    door, path = Door(make_key()), f"products/{product.pk}"
    door.get(path)  # the judge of the answers reads the published schema

    def edit(number):
        for refusals in range(1000):
            seen = door.get(path)
            figure = seen.json()["attributes"]["figure"] + 1
            answer = door.patch(path, {"attributes": {"figure": figure}}, if_match=seen.headers["etag"])
            if answer.status == 200:
                return refusals
            assert answer.status == 412, answer.body
            time.sleep(random.uniform(0, 0.8))
        raise AssertionError("never got through")

    return race(EDITORS, edit)


def test_fifty_edits_at_once_lose_none():
    mug = make_product(attributes={"figure": 0})

    refusals = count_up(mug)

    assert all(isinstance(result, int) for result in refusals), refusals
    row = Product.objects.get(pk=mug.pk)
    assert (row.attributes, row.version) == ({"figure": EDITORS}, 1 + EDITORS)
    assert sum(refusals) > 0


def test_red_without_the_check_of_the_version_edits_are_lost(monkeypatch):
    mug = make_product(attributes={"figure": 0})
    monkeypatch.setattr(writing, "expect_version", lambda row, expected: None)
    monkeypatch.setattr(Versioned, "_do_update", models.Model._do_update)

    count_up(mug)

    assert Product.objects.get(pk=mug.pk).attributes["figure"] < EDITORS
