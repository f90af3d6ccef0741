"""History: the activity log, and the archive of what was deleted with the way back."""

from collections.abc import Sequence
from typing import Any

from django.apps import apps
from django.db import models

from inventory import conf, locks
from inventory.context import Actor, current_actor, current_request_id, is_muted, muted
from inventory.errors import InvalidTransition, NotFound
from inventory.models import Activity, ArchivedObject, Category
from inventory.models.base import BOOKKEEPING, Versioned
from inventory.signals import RowChange

from .base import operation

#: Columns that are no news: ids, bookkeeping, what the database derives, and what must never be shown.
UNTOLD = {"id", "search", "created_at", "digest", "previous_digest", "last_used_at", *BOOKKEEPING}
ARCHIVED_TYPES = ("product", "category", "location")


def record(
    action: str, row: models.Model, before: dict[str, Any] | None = None, after: dict[str, Any] | None = None
) -> None:
    """Write the activity row of one change; `before`/`after` are column values (None: was not, is not there)."""
    changes = differences(before, after)
    if action == "updated" and not changes:
        return
    _row(action, type(row), str(row.pk), str(row), changes).save(force_insert=True)


def record_bulk(model: type[models.Model], changes: Sequence[RowChange]) -> None:
    """Write one activity row per changed row of a bulk write."""
    rows = []
    for change in changes:
        action = "created" if change.before is None else "deleted" if change.after is None else "updated"
        told = differences(change.before, change.after)
        if told or action != "updated":
            rows.append(_row(action, model, str(change.pk), _name(change.after or change.before or {}), told))
    Activity.objects.bulk_create(rows, batch_size=1000)


def differences(before: dict[str, Any] | None, after: dict[str, Any] | None) -> dict[str, list[Any]]:
    """Field → [before, after], for the fields that differ. Foreign keys lose their `_id`."""
    was, now = before or {}, after or {}
    names = [name for name in {**was, **now} if name not in UNTOLD]
    return {
        name.removesuffix("_id"): [plain(was.get(name)), plain(now.get(name))]
        for name in names
        if was.get(name) != now.get(name)
    }


def archive(row: Versioned) -> None:
    """Keep a snapshot of a row that is about to be deleted, as it was stored."""
    ArchivedObject.objects.create(
        object_type=_snake(type(row).__name__),
        object_id=row.pk,
        object_repr=str(row)[:350],
        snapshot={name: plain(value) for name, value in row.loaded.items()},
        actor=str(current_actor()),
        request_id=current_request_id(),
    )


@operation
def restore(archived: ArchivedObject, *, actor: Actor) -> Versioned:
    """Bring a deleted object back under its old id. Its category, if that is gone, stays empty.

    Raises InvalidTransition when it was restored before; a taken SKU or code clashes as on any create.
    """
    fresh = locks.row(ArchivedObject, archived.pk)
    if fresh is None:
        raise NotFound("This archive entry does not exist any more.")
    if fresh.restored_at is not None:
        raise InvalidTransition("This object was restored already.")
    model: type[Versioned] = apps.get_model("inventory", fresh.object_type)
    row = _rebuilt(model, fresh.snapshot)
    with muted("INVENTORY_ACTIVITY_LOG_ENABLED"):
        row.save(force_insert=True)
    if not is_muted("INVENTORY_ACTIVITY_LOG_ENABLED") and conf.is_on("INVENTORY_ACTIVITY_LOG_ENABLED"):
        record("restored", row, None, row.values())
    fresh.restored_at = row.updated_at
    fresh.save(update_fields=["restored_at"])
    return row


def _rebuilt(model: type[Versioned], snapshot: dict[str, Any]) -> Versioned:
    row: Any = model()
    for field in model._meta.concrete_fields:
        if field.attname in snapshot and not field.generated:
            setattr(row, field.attname, field.to_python(snapshot[field.attname]))
    if "slug" in snapshot and model._base_manager.filter(**{"slug": row.slug}).exists():
        row.slug = ""  # given to another meanwhile: a new one is made from the name
    row.version += 1  # an ETag of the former life must not fit the new one
    for name, target in (("category_id", Category), ("parent_id", Category), ("variant_of_id", model)):
        if getattr(row, name, None) and not target._base_manager.filter(pk=getattr(row, name)).exists():
            setattr(row, name, None)
    if hasattr(row, "is_default"):
        row.is_default = False
    return row


def _row(action: str, model: type[models.Model], pk: str, name: str, changes: dict[str, Any]) -> Activity:
    return Activity(
        action=action,
        object_type=_snake(model.__name__),
        object_id=pk,
        object_repr=name[:350],
        changes=changes,
        actor=str(current_actor()),
        request_id=current_request_id(),
    )


def _snake(name: str) -> str:
    return "".join("_" + letter.lower() if letter.isupper() else letter for letter in name).lstrip("_")


def _name(values: dict[str, Any]) -> str:
    return " ".join(str(values[key]) for key in ("sku", "code", "name") if values.get(key))


def plain(value: Any) -> Any:
    """A value as JSON shows it; what JSON has no word for becomes text."""
    return value if isinstance(value, (str, int, float, bool, list, dict, type(None))) else _text(value)


def _text(value: Any) -> str:
    return value.isoformat().replace("+00:00", "Z") if hasattr(value, "isoformat") else str(value)
