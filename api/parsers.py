"""Strict JSON: what two parsers could read in two ways is refused, and so is what the database cannot store."""

import json
import re
from collections.abc import Mapping
from typing import IO, Any, NoReturn

from rest_framework.parsers import BaseParser

from api.problems.flatten import token
from api.problems.refusals import ApiRefusal, parameter_problem
from inventory.errors import Problem

DEEPEST = 32
_UNSTORABLE = re.compile("[\x00\ud800-\udfff]")


class StrictJSONParser(BaseParser):
    """`application/json` in UTF-8. An empty body is an empty object; sizes above the limit are 413."""

    media_type = "application/json"

    def parse(
        self, stream: IO[Any], media_type: str | None = None, parser_context: Mapping[str, Any] | None = None
    ) -> Any:
        # Through `body` Django itself applies DATA_UPLOAD_MAX_MEMORY_SIZE, before it reads anything.
        request = (parser_context or {}).get("request")
        if request is not None:
            _check_coding(request.META.get("HTTP_CONTENT_ENCODING", ""))
        raw = request._request.body if request is not None else stream.read()
        return parse_json(raw)


def _check_coding(coding: str) -> None:
    if coding.strip().lower() not in ("", "identity"):
        detail = "Bodies are read as they come: no content coding is undone."
        problem = parameter_problem("Content-Encoding", detail)
        raise ApiRefusal("unsupported_media_type", detail, problems=[problem])


def parse_json(raw: bytes) -> Any:
    """The document in `raw`. Raises ApiRefusal `malformed_json` with the position or the pointer of the culprit, and
    `validation_error` for texts that are JSON but that PostgreSQL cannot store."""
    if not raw:
        return {}
    try:
        text = raw.decode("utf-8")
    except UnicodeDecodeError as error:
        _refuse("The body is not UTF-8.", position=error.start)
    if text.startswith("\ufeff"):
        _refuse("The body starts with a byte order mark.", position=0)
    try:
        document = json.loads(text, object_pairs_hook=_object, parse_constant=_constant, parse_float=_number)
    except json.JSONDecodeError as error:
        _refuse(f"{error.msg} at line {error.lineno}, column {error.colno}.", position=error.pos)
    except RecursionError:
        _refuse(f"The body nests deeper than {DEEPEST} levels.")
    except ValueError:  # an integer of more digits than Python converts
        _refuse("A number has too many digits.")
    _check(document)
    return document


def _object(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    document = dict(pairs)
    if len(document) != len(pairs):
        seen: set[str] = set()
        twice = next(name for name, _ in pairs if name in seen or seen.add(name))  # type: ignore[func-returns-value]
        _refuse(f"The key “{twice[:100]}” stands twice in one object.")
    return document


def _constant(name: str) -> NoReturn:
    _refuse(f"{name} is not JSON.")


def _number(text: str) -> float:
    number = float(text)
    if number in (float("inf"), float("-inf")):
        _refuse("A number is too large.")
    return number


def _check(document: Any) -> None:
    """Without recursion: depth, and texts that PostgreSQL cannot store (NUL, half a surrogate pair)."""
    waiting: list[tuple[Any, str, int]] = [(document, "", 1)]
    while waiting:
        value, pointer, depth = waiting.pop()
        if isinstance(value, str):
            _check_text(value, pointer)
        elif isinstance(value, (dict, list)):
            if depth > DEEPEST:
                _refuse(f"The body nests deeper than {DEEPEST} levels.", pointer)
            if isinstance(value, dict):
                for name, inner in value.items():
                    _check_text(name, pointer)
                    waiting.append((inner, f"{pointer}/{token(name)}", depth + 1))
            else:
                waiting.extend((inner, f"{pointer}/{index}", depth + 1) for index, inner in enumerate(value))


def _check_text(text: str, pointer: str) -> None:
    if _UNSTORABLE.search(text):
        detail = "NUL characters and half surrogate pairs cannot be stored."
        raise ApiRefusal("validation_error", detail, problems=[Problem(detail, "unstorable_text", pointer)])


def _refuse(detail: str, pointer: str = "", **figures: int) -> NoReturn:
    raise ApiRefusal("malformed_json", detail, problems=[Problem(detail, "malformed_json", pointer, figures)])
