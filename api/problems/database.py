"""What the database refuses, in the words of the API: by SQLSTATE and by the constraint's own code and message."""

from functools import cache
from typing import Any, NamedTuple

from django.apps import apps
from django.db import DatabaseError, DataError, IntegrityError, InterfaceError, OperationalError
from django.db.models import UniqueConstraint
from django.db.models.deletion import ProtectedError, RestrictedError

from api.problems.catalogue import KINDS
from inventory.errors import Problem

UNIQUE, FOREIGN_KEY, CHECK, NOT_NULL, EXCLUSION = "23505", "23503", "23514", "23502", "23P01"
# Classes 08 connection, 40 deadlock and serialization, 53 resources, 55 locks, 57 cancelled or shut down, 58 system;
# 25P03 and 25P04 are PostgreSQL's own timeouts on transactions.
PASSING = ("08", "40", "53", "55", "57", "58", "25P03", "25P04")


class Translated(NamedTuple):
    code: str
    detail: str
    problems: list[Problem]


def translate(error: Exception) -> Translated | None:
    """The problem that this database error is to the caller, or None when it is our own mistake."""
    if isinstance(error, (ProtectedError, RestrictedError)):
        return _in_use(error)
    if isinstance(error, IntegrityError):
        return _integrity(error)
    if isinstance(error, DataError):
        return Translated("validation_error", "A value is out of the range that can be stored.", [])
    if isinstance(error, (OperationalError, InterfaceError)) or _sqlstate(error).startswith(PASSING):
        return Translated("unavailable", "The database is not available; try again shortly.", [])
    return None


def _integrity(error: IntegrityError) -> Translated | None:
    state, name = _sqlstate(error), _constraint_name(error)
    code, message = _declared(name)
    if state in (UNIQUE, EXCLUSION):
        detail = message or "There is another object with the same unique value."
        return Translated("duplicate", detail, [Problem(detail, "duplicate", _pointer_of(name))])
    if state == FOREIGN_KEY:
        if "still referenced" in str(error):
            return Translated("in_use", "Other objects still need this one.", [])
        return Translated("does_not_exist", "The request names an object that does not exist.", [])
    if state == CHECK:
        detail = message or "The change would break a rule of the data."
        # Rules that join several columns are in no schema: the request fits it, but clashes with the rest of the row.
        kind = code if code in KINDS else "invalid_transition"
        return Translated(kind, detail, [Problem(detail, code or name or "invalid", "")])
    if state == NOT_NULL:
        return Translated("validation_error", "A value that must be given is missing.", [])
    return None


def _in_use(error: ProtectedError | RestrictedError) -> Translated:
    holders = error.protected_objects if isinstance(error, ProtectedError) else error.restricted_objects
    names = sorted({str(holder._meta.verbose_name_plural) for holder in holders})
    detail = f"It is still used by {', '.join(names)}."
    return Translated("in_use", detail, [Problem(detail, "in_use")])


def _sqlstate(error: Exception) -> str:
    if not isinstance(error, DatabaseError | InterfaceError):
        return ""
    return getattr(error.__cause__, "sqlstate", None) or ""


def _constraint_name(error: Exception) -> str:
    diagnosis: Any = getattr(error.__cause__, "diag", None)
    return getattr(diagnosis, "constraint_name", None) or ""


@cache
def _constraints() -> dict[str, Any]:
    return {constraint.name: constraint for model in apps.get_models() for constraint in model._meta.constraints}


def _declared(name: str) -> tuple[str | None, str | None]:
    """The code and message that the model gives to its constraint, if it gives any."""
    constraint = _constraints().get(name)
    if constraint is None:
        return None, None
    message = constraint.violation_error_message
    own = message if message != constraint.default_violation_error_message else None
    return constraint.violation_error_code, str(own % {"name": name}) if own else None


def _pointer_of(name: str) -> str:
    """The body field behind a unique constraint of one field; the whole body otherwise."""
    constraint = _constraints().get(name)
    if isinstance(constraint, UniqueConstraint):
        expressions: list[Any] = list(constraint.expressions)
        sources = [source for expression in expressions for source in expression.flatten()]
        fields = list(constraint.fields) or [str(source.name) for source in sources if hasattr(source, "name")]
        return f"/{fields[0]}" if len(fields) == 1 else ""
    return ""
