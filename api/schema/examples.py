"""An example for every request and every answer, as they were sent and given (tests/api/test_examples.py)."""

import json
from pathlib import Path
from typing import Any

from api.problems.catalogue import KINDS

FILE = Path(__file__).with_name("examples.json")
#: Operation id → `request` and `answer`, where there is one.
EXAMPLES: dict[str, dict[str, Any]] = json.loads(FILE.read_text())

_HOST = "https://stockroom.example"
_REQUEST_ID = "01932d6e-8a40-7c3e-9b51-0f6d1c2a7e55"


def show(operation: dict[str, Any]) -> None:
    """Put the examples of an operation where its bodies are described."""
    example = EXAMPLES.get(operation["operationId"], {})
    if "request" in example and "requestBody" in operation:
        _put(operation["requestBody"], example["request"])
    for status, response in operation["responses"].items():
        if status.startswith("2") and "answer" in example:
            _put(response, example["answer"])


def _put(body: dict[str, Any], example: Any) -> None:
    for media in body.get("content", {}).values():
        media["example"] = example


def of_problems(status: int) -> dict[str, Any]:
    """An example of each problem with this status, by its code."""
    return {
        kind.code: {"summary": kind.title, "value": _problem(kind.code)}
        for kind in KINDS.values()
        if kind.status == status
    }


def _problem(code: str) -> dict[str, Any]:
    kind = KINDS[code]
    return {
        "type": f"{_HOST}/api/problems/{code}",
        "title": kind.title,
        "status": kind.status,
        "detail": kind.example["detail"],
        "code": code,
        "request_id": _REQUEST_ID,
        "errors": kind.example.get("errors", []),
    }


def written(examples: dict[str, dict[str, Any]]) -> str:
    """The text of the file: a line for each request and each answer."""
    lines = []
    for name, example in examples.items():
        parts = [f"    {json.dumps(part)}: {json.dumps(body, ensure_ascii=False)}" for part, body in example.items()]
        lines.append(f"  {json.dumps(name)}: {{\n" + ",\n".join(parts) + "\n  }" if parts else f'  "{name}": {{}}')
    return "{\n" + ",\n".join(lines) + "\n}\n"
