"""Bodies are checked by a serializer that is there already, and nothing of one is left for the next."""

from threading import Thread
from types import SimpleNamespace
from typing import Any

import pytest
from rest_framework.exceptions import ValidationError

from api.bodies import _reader, checked
from api.serializers.stock import AdjustmentSerializer

GOOD = {"reason": "sold", "lines": [{"sku": "A", "delta": -1}, {"sku": "B", "delta": -2, "location": None}]}
BAD: list[Any] = [
    {},
    [],
    None,
    {"reason": "sold"},
    {"reason": "sold", "lines": []},
    {"reason": "sold", "lines": [{"sku": "A", "delta": 0}, {"delta": 1}, 7]},
    {"reason": "eaten", "colour": "red", "lines": [{"sku": "A", "product": "x", "delta": 2**40}]},
]


def fresh(body: Any) -> Any:
    serializer = AdjustmentSerializer(data=body)
    serializer.is_valid(raise_exception=True)
    return serializer.validated_data


@pytest.mark.parametrize("body", BAD, ids=str)
def test_a_refusal_says_what_a_serializer_of_its_own_would_say(body: Any) -> None:
    with pytest.raises(ValidationError) as ours:
        checked(AdjustmentSerializer, SimpleNamespace(data=body))
    with pytest.raises(ValidationError) as theirs:
        fresh(body)

    assert ours.value.get_full_details() == theirs.value.get_full_details()


def test_nothing_of_a_body_is_left_for_the_next() -> None:
    first = checked(AdjustmentSerializer, SimpleNamespace(data=GOOD))
    first["lines"][0]["sku"] = "changed by the caller"
    for body in BAD:
        with pytest.raises(ValidationError):
            checked(AdjustmentSerializer, SimpleNamespace(data=body))

    again = checked(AdjustmentSerializer, SimpleNamespace(data=GOOD))

    assert again == fresh(GOOD)


def test_threads_do_not_share_a_serializer() -> None:
    seen = [_reader(AdjustmentSerializer)]

    thread = Thread(target=lambda: seen.append(_reader(AdjustmentSerializer)))
    thread.start()
    thread.join()

    assert _reader(AdjustmentSerializer) is seen[0]
    assert seen[1] is not seen[0]
