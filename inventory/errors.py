"""The refusals: every reason for which the domain says no.

    Refusal                      code
    ├── Invalid                  validation_error      a value breaks a rule of its field
    ├── NotFound                 not_found             the thing itself is gone
    ├── DoesNotExist             does_not_exist        a body names something that is not there
    ├── Conflict                                       the request clashes with the state
    │   ├── Duplicate            duplicate
    │   ├── InUse                in_use
    │   ├── InvalidTransition    invalid_transition
    │   ├── InsufficientStock    insufficient_stock
    │   └── StockChanged         stock_changed
    ├── InProgress               idempotency_in_progress
    ├── KeyReused                idempotency_mismatch
    ├── VersionMismatch          precondition_failed
    ├── PreconditionRequired     precondition_required
    ├── Forbidden                permission_denied
    └── Unavailable              unavailable

A refusal carries a sentence for its reader (`detail`) and one `Problem` per culprit. It knows no HTTP status:
`api/errors.py` alone turns a code into one.
"""

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any


@dataclass(frozen=True, slots=True)
class Problem:
    """One culprit: what is wrong (`detail`), where in the body (`pointer`, RFC 6901), and figures (`extra`)."""

    detail: str
    code: str
    pointer: str | None = None
    extra: dict[str, Any] = field(default_factory=dict)


class Refusal(Exception):
    """The domain says no. Subclasses set `code`; `retry_after` is in seconds."""

    code = "refused"
    retry_after: int | None = None

    def __init__(self, detail: str, *, problems: Sequence[Problem] = ()) -> None:
        super().__init__(detail)
        self.detail = detail
        self.problems = list(problems)


class Invalid(Refusal):
    code = "validation_error"


class DoesNotExist(Refusal):
    code = "does_not_exist"


class NotFound(Refusal):
    """What the caller wants to change was deleted meanwhile."""

    code = "not_found"


class Conflict(Refusal):
    """The request fits, but clashes with the present state."""


class Duplicate(Conflict):
    code = "duplicate"


class InUse(Conflict):
    code = "in_use"


class InvalidTransition(Conflict):
    code = "invalid_transition"


class InsufficientStock(Conflict):
    """Each problem's `extra` has `available` and `requested` (units)."""

    code = "insufficient_stock"


class StockChanged(Conflict):
    """Each problem's `extra` has `expected` and `current` (units)."""

    code = "stock_changed"


class InProgress(Refusal):
    code = "idempotency_in_progress"
    retry_after = 1


class KeyReused(Refusal):
    code = "idempotency_mismatch"


class VersionMismatch(Refusal):
    code = "precondition_failed"


class PreconditionRequired(Refusal):
    code = "precondition_required"


class Forbidden(Refusal):
    code = "permission_denied"


class Unavailable(Refusal):
    code = "unavailable"
    retry_after = 1
