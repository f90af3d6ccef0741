"""What the operations and the database refuse, in words for a form or a message."""

from typing import Any

from django.db import DatabaseError, DataError, IntegrityError, OperationalError
from django.db.models.deletion import ProtectedError, RestrictedError

from inventory.errors import Duplicate, InUse, Invalid, Problem, Refusal, Unavailable

#: What a person may cause; everything else is our own mistake and stays an error.
CAUGHT = (Refusal, ProtectedError, RestrictedError, IntegrityError, DataError, OperationalError)

UNIQUE, FOREIGN_KEY = "23505", "23503"
#: Constraint → (form field or "", sentence).
SENTENCES = {
    "product_sku_is_unique": ("sku", "Another product has this SKU; upper and lower case count as the same."),
    "category_tree_is_a_tree": ("parent", "A category cannot be below itself, nor deeper than 64 levels."),
    "level_promises_no_more_than_it_has": ("backorder_limit", "More pieces are promised than this would allow."),
    "location_default_is_active": ("is_active", "The default location has to be active."),
    "location_default_is_one": ("is_default", "Somebody else has just made another location the default one."),
    "transfer_line_is_one_per_product": ("", "A product stands in two lines; put both quantities into one."),
}


def as_refusal(error: Exception) -> Refusal | None:
    """The refusal that `error` is to the person who asked, or None when it is nothing that they could cause."""
    if isinstance(error, Refusal):
        return error
    if isinstance(error, ProtectedError | RestrictedError):
        return InUse("Other rows still need this one. Delete or change them first.")
    if isinstance(error, IntegrityError):
        return _integrity(error)
    if isinstance(error, DataError):
        return Invalid("A value is out of the range that can be stored.")
    if isinstance(error, OperationalError):
        return Unavailable("The database is busy or away. Nothing was changed; try again in a moment.")
    return None


def field_of(problem: Problem) -> str:
    """The form field behind a JSON pointer such as `/parent`; empty for anything deeper or for the whole body."""
    pointer = (problem.pointer or "").removeprefix("/")
    return "" if "/" in pointer else pointer


def line_of(problem: Problem) -> int | None:
    """The line behind a JSON pointer such as `/lines/2/delta`."""
    parts = (problem.pointer or "").split("/")
    return int(parts[2]) if len(parts) > 2 and parts[1] == "lines" and parts[2].isdigit() else None


def _integrity(error: IntegrityError) -> Refusal:
    name = _constraint(error)
    field, sentence = SENTENCES.get(name, ("", ""))
    problems = [Problem(sentence, "invalid", f"/{field}")] if field else []
    state = getattr(error.__cause__, "sqlstate", "")
    if state == UNIQUE:
        return Duplicate(sentence or "Another row has the same unique value.", problems=problems)
    if state == FOREIGN_KEY:
        return InUse("A row that this needs is gone, or others still need this one.")
    return Invalid(sentence or f"This would break a rule of the data ({name or 'unnamed'}).", problems=problems)


def _constraint(error: DatabaseError) -> str:
    diagnosis: Any = getattr(error.__cause__, "diag", None)
    return getattr(diagnosis, "constraint_name", None) or ""
