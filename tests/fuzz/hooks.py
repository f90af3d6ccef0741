"""What schemathesis has to know about this service beyond its schema.

FUZZ_KEY_ID is the id of the key that the run uses, FUZZ_SKUS and FUZZ_LOCATIONS are some SKUs and codes that exist.
"""

import os
import random
import uuid
from typing import Any

import schemathesis

OWN_KEY = os.environ.get("FUZZ_KEY_ID", "")
SKUS = os.environ.get("FUZZ_SKUS", "").split()
LOCATIONS = os.environ.get("FUZZ_LOCATIONS", "").split()
REFERENCES = ("parent", "category", "variant_of")


@schemathesis.hook
def before_load_schema(context: Any, raw_schema: dict[str, Any]) -> None:
    """Cursors are issued, not invented: no schema can tell those that are ours, and others get 400 (tested apart)."""
    for methods in raw_schema["paths"].values():
        for operation in methods.values():
            parameters = operation.get("parameters", [])
            operation["parameters"] = [one for one in parameters if one["name"] != "cursor"]


@schemathesis.hook
def filter_query(context: Any, query: Any) -> bool:
    """A query is text: `null` and objects, meant to be wrong, arrive as good text or not at all."""
    return not any(value is None or isinstance(value, dict) for value in (query or {}).values())


@schemathesis.hook
def before_call(context: Any, case: Any, **kwargs: Any) -> None:
    """Keep the run's own key alive, and name things that exist, so that requests come past the front door."""
    if OWN_KEY and str((case.path_parameters or {}).get("id", "")) == OWN_KEY and case.method in ("DELETE", "POST"):
        case.path_parameters["id"] = str(uuid.uuid4())
    if isinstance(case.body, dict):
        choice = random.Random(repr(case.body))  # the same body is always changed in the same way
        for name in REFERENCES:
            if isinstance(case.body.get(name), str) and choice.random() < 0.7:
                case.body[name] = None
        lines = case.body.get("lines")
        for line in lines if isinstance(lines, list) else []:
            _name_what_exists(line, choice)
        for name in ("from_location", "to_location"):
            if isinstance(case.body.get(name), str) and choice.random() < 0.7:
                case.body[name] = choice.choice(LOCATIONS)


def _name_what_exists(line: Any, choice: random.Random) -> None:
    if isinstance(line, dict) and isinstance(line.get("sku"), str) and choice.random() < 0.8:
        line["sku"] = choice.choice(SKUS)
    if isinstance(line, dict) and isinstance(line.get("location"), str) and choice.random() < 0.8:
        line["location"] = choice.choice(LOCATIONS)
