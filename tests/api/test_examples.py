"""Every operation of the published schema shows a request that is taken and an answer that was given.

After a change of shapes: EXAMPLES=write make test ARGS="tests/api/test_examples.py -n 0", then `make schema`.
"""

import os
import re
from typing import Any

import pytest

from api.schema.document import document
from api.schema.examples import EXAMPLES, FILE, written
from tests.api.contract import resolved, validator
from tests.api.walk import Walk

OPERATIONS = {
    operation["operationId"]: operation for methods in document()["paths"].values() for operation in methods.values()
}
SECRET = re.compile(r"sk_stockroom_\w{12,}")
LONGEST = 2  # rows of a list


def shortened(value: Any) -> Any:
    """Without secrets that look like real ones, and with lists that can be read."""
    if isinstance(value, str):
        return SECRET.sub("sk_stockroom_…", value)
    if isinstance(value, dict):
        return {name: shortened(one) for name, one in value.items()}
    if isinstance(value, list) and value and isinstance(value[0], dict):
        return [shortened(one) for one in value[:LONGEST]]
    return value


def kinds(value: Any) -> Any:
    """What does not change from one day to the next: names, and types of the values."""
    if isinstance(value, dict):
        return {name: kinds(one) for name, one in value.items() if name not in ("data", "changes", "snapshot")}
    if isinstance(value, list):
        return [kinds(one) for one in value[:1]]
    return type(value)


@pytest.fixture
def walked(door) -> dict[str, dict[str, Any]]:
    """Operation id → what was sent and what came back."""
    taken = {}
    for name, (body, answer) in sorted(Walk(door).all().items()):
        taken[name] = {"request": body} if body is not None else {}
        if answer.body:
            taken[name]["answer"] = shortened(answer.json())
    if os.environ.get("EXAMPLES") == "write":
        FILE.write_text(written(taken))
    return taken


def test_the_examples_are_requests_that_are_taken_and_answers_of_their_shape(walked):
    assert set(EXAMPLES) == set(OPERATIONS), "EXAMPLES=write makes them anew"
    for name, example in EXAMPLES.items():
        assert kinds(walked[name]) == kinds(example), f"{name}: EXAMPLES=write makes it anew"


@pytest.mark.parametrize("name", OPERATIONS)
def test_the_examples_of_an_operation_fit_its_schema(name):
    operation = OPERATIONS[name]
    bodies = [operation["requestBody"]] if "requestBody" in operation else []
    answers = [resolved(response) for response in operation["responses"].values()]

    shown = [media for one in (*bodies, *answers) for media in one.get("content", {}).values()]

    for media in shown:
        examples = [media["example"]] if "example" in media else [one["value"] for one in media["examples"].values()]
        assert examples
        for example in examples:
            validator(media["schema"]).validate(example)


def test_no_example_looks_like_a_secret():
    assert not SECRET.search(FILE.read_text())
