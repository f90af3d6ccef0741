"""Refusals of the front door itself: they end in a problem like those of the domain, without passing through it."""

from collections.abc import Sequence
from typing import Any

from rest_framework.exceptions import APIException

from api.problems.catalogue import KINDS
from inventory.errors import Problem


class ApiRefusal(APIException):
    """The front door says no. `code` is one of the catalogue; `headers` go into the answer."""

    def __init__(
        self, code: str, detail: str, *, problems: Sequence[Problem] = (), headers: dict[str, str] | None = None
    ) -> None:
        self.status_code = KINDS[code].status
        super().__init__(detail, code)
        self.code = code
        self.problems = list(problems)
        self.headers = headers or {}


def bad_parameter(name: str, detail: str, code: str = "invalid", *, kind: str = "validation_error") -> ApiRefusal:
    """A query parameter or header field `name` that cannot be taken: 400, and the answer names it."""
    return ApiRefusal(kind, detail, problems=[parameter_problem(name, detail, code)])


def parameter_problem(name: str, detail: str, code: str = "invalid", **extra: Any) -> Problem:
    return Problem(detail, code, extra={"parameter": name, **extra})
