"""What every edit of a versioned row shares: the version that the caller saw, and only the columns that differ."""

from typing import Any, TypeVar
from uuid import UUID

from django.db import models

from inventory.errors import DoesNotExist, Problem, VersionMismatch
from inventory.models.base import Versioned

V = TypeVar("V", bound=Versioned)


def expect_version(row: Versioned, expected: int | None) -> None:
    """Refuse unless `row` still has the version that the caller saw (None: any)."""
    if expected is not None and row.version != expected:
        raise VersionMismatch(
            f"This {row._meta.verbose_name} is at version {row.version}, not {expected}. "
            "Read it again and repeat the change."
        )


def change(row: V, expected: int | None, values: dict[str, Any]) -> V:
    """Save the columns of `values` that differ. The UPDATE itself checks that nobody was faster."""
    expect_version(row, expected)
    changed = {name for name, value in values.items() if getattr(row, name) != value}
    if not changed:
        return row
    before = {name: getattr(row, name) for name in changed}
    for name in changed:
        setattr(row, name, values[name])
    try:
        row.save(update_fields=[row._meta.get_field(name.removesuffix("_id")).name for name in changed])
    except BaseException:
        # The instance may be saved again after a deadlock: it must not remember what never happened.
        for name, value in before.items():
            setattr(row, name, value)
        raise
    return row


def refer(model: type[models.Model], pk: UUID | None, pointer: str) -> None:
    """Refuse a body that names a row which is not there."""
    if pk is not None and not model._base_manager.filter(pk=pk).exists():
        name = model._meta.verbose_name
        raise DoesNotExist(
            f"There is no {name} {pk}.",
            problems=[Problem(f"There is no {name} with this id.", "does_not_exist", pointer)],
        )
