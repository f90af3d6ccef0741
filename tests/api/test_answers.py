"""What goes out: strict JSON, whatever the data; and an error while it is written is still a problem."""

import json
from datetime import UTC, datetime
from decimal import Decimal
from uuid import UUID

import pytest

from api.renderers import to_json
from tests.api.door import product


@pytest.mark.parametrize(
    ("data", "text"),
    [
        ({"a": Decimal("1.50")}, '{"a":"1.50"}'),
        (UUID(int=1), '"00000000-0000-0000-0000-000000000001"'),
        (datetime(2026, 11, 23, 9, tzinfo=UTC), '"2026-11-23T09:00:00Z"'),
        ({"é": "\U0001f4e6"}, '{"é":"\U0001f4e6"}'),
        ([10**30, datetime(2026, 11, 23, 9, tzinfo=UTC), UUID(int=1)], None),
        (frozenset({"b", "a"}), '["a","b"]'),
        (b'{"ready":1}', '{"ready":1}'),
        (None, ""),
    ],
)
def test_data_becomes_compact_json(data, text):
    written = to_json(data).decode()

    assert written == text or (text is None and json.loads(written)[0] == 10**30)


def test_what_has_no_json_form_is_an_error_and_not_a_guess():
    with pytest.raises(TypeError):
        to_json(object())


def test_integers_beyond_64_bits_come_back_as_they_were(door):
    made = product(door, attributes={"serial": 10**30})

    assert door.get(f"products/{made['id']}").json()["attributes"] == {"serial": 10**30}
    assert door.get(f"products/{made['id']}/history").status == 200


def test_an_error_while_the_answer_is_written_is_a_problem(door, monkeypatch):
    monkeypatch.setattr("api.renderers.to_json", lambda data: 1 / 0 if "kind" in data else json.dumps(data).encode())

    answer = door.get("me")

    assert (answer.status, answer.code) == (500, "internal_error")
