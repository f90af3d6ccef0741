"""What every noun shares: ids, versions, stamps, memory of the loaded values, and bulk writes that ring the bells."""

from collections.abc import Callable, Iterable, Sequence
from typing import Any, Self

from django.db import models, transaction
from django.db.models import F
from django.utils import timezone
from uuid_utils.compat import uuid7

from inventory.context import current_actor
from inventory.errors import NotFound, VersionMismatch
from inventory.signals import RowChange, rows_changed, rows_creating

BOOKKEEPING = ("version", "updated_at", "last_modified_by")


class Identified(models.Model):
    """A row with a UUIDv7 primary key: unique everywhere, and in order of creation."""

    id = models.UUIDField(primary_key=True, default=uuid7, editable=False)

    class Meta:
        abstract = True


class VersionedQuerySet(models.QuerySet):
    """Bulk writes of versioned rows: they count the version on and send `rows_changed` in the same transaction."""

    def update(self, **values: Any) -> int:
        stamps = {"version": F("version") + 1, "updated_at": timezone.now(), "last_modified_by": str(current_actor())}
        with transaction.atomic(using=self.db, savepoint=False):
            before = self._locked_rows()
            if not before:
                return 0
            rows = self.model._base_manager.using(self.db).filter(pk__in=list(before))
            count = models.QuerySet.update(rows, **{**stamps, **values})
            after = {row["id"]: row for row in rows.values()}
            self._ring([RowChange(pk, old, after.get(pk)) for pk, old in before.items()])
        return count

    update.alters_data = True  # type: ignore[attr-defined]

    def bulk_create(self, objs: Iterable[Any], *args: Any, **kwargs: Any) -> list[Any]:
        objs = list(objs)
        with transaction.atomic(using=self.db, savepoint=False):
            rows_creating.send(sender=self.model, instances=objs)
            created = super().bulk_create(objs, *args, **kwargs)
            rows = self.model._base_manager.using(self.db).filter(pk__in=[obj.pk for obj in created]).values()
            self._ring([RowChange(row["id"], None, row) for row in rows])
        return created

    def _locked_rows(self) -> dict[Any, dict[str, Any]]:
        # The old values are read under lock: a listing that a row leaves is known only from them.
        ids = self.order_by("pk").select_for_update(of=("self",)).values_list("pk", flat=True)
        rows = self.model._base_manager.using(self.db).filter(pk__in=list(ids))
        return {row["id"]: row for row in rows.values()}

    def _ring(self, changes: Sequence[RowChange]) -> None:
        rows_changed.send(sender=self.model, changes=list(changes), using=self.db)


class Versioned(Identified):
    """A row whose `version` counts its changes; a save from an old version is refused instead of lost.

    `save()` and `delete()` always run in a transaction, because their receivers keep promises there.
    """

    version = models.PositiveIntegerField(default=1, editable=False)
    created_at = models.DateTimeField(default=timezone.now, editable=False)
    updated_at = models.DateTimeField(default=timezone.now, editable=False)
    last_modified_by = models.CharField(max_length=255, blank=True, default="", editable=False)

    objects = VersionedQuerySet.as_manager()

    #: The column values as the database last had them; empty for a row that was never there.
    loaded: dict[str, Any]
    _saving_raw = False

    class Meta:
        abstract = True

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.loaded = {}

    def save(self, *args: Any, **kwargs: Any) -> None:
        if kwargs.get("update_fields") is not None:
            kwargs["update_fields"] = {*kwargs["update_fields"], *BOOKKEEPING}
        with transaction.atomic(using=kwargs.get("using") or self._state.db or "default", savepoint=False):
            super().save(*args, **kwargs)

    @classmethod
    def from_db(cls, *args: Any, **kwargs: Any) -> Self:
        instance = super().from_db(*args, **kwargs)
        instance.remember()
        return instance

    def refresh_from_db(self, *args: Any, **kwargs: Any) -> None:
        super().refresh_from_db(*args, **kwargs)
        self.remember()

    def remember(self) -> None:
        """Take the present values for the stored ones."""
        self.loaded = self.values()

    def values(self) -> dict[str, Any]:
        """Column name → value, for the columns that are loaded."""
        present = self.__dict__
        return {
            field.attname: present[field.attname] for field in self._meta.concrete_fields if field.attname in present
        }

    def settle(self) -> None:
        """Replace expressions such as `F("n") + 1` by what the database made of them."""
        unsettled = [name for name, value in self.values().items() if hasattr(value, "resolve_expression")]
        if unsettled:
            models.Model.refresh_from_db(self, fields=unsettled)

    def save_base(self, raw: bool = False, **kwargs: Any) -> None:  # type: ignore[override]
        self._saving_raw = raw
        if raw and not self.loaded:
            # A fixture knows nothing of the row that it overwrites, but the receivers have to.
            old = type(self)._base_manager.filter(pk=self.pk).first()
            self.loaded = old.loaded if old is not None else {}
        super().save_base(raw=raw, **kwargs)
        self.settle()
        self.remember()

    def delete(self, *args: Any, **kwargs: Any) -> tuple[int, dict[str, int]]:
        with transaction.atomic(using=kwargs.get("using") or self._state.db or "default", savepoint=False):
            return super().delete(*args, **kwargs)

    def _do_update(  # type: ignore[override]
        self, base_qs: Any, using: Any, pk_val: Any, values: Any, update_fields: Any, forced_update: bool
    ) -> bool:
        # The hook of Model.save() that makes the UPDATE: here the version joins its WHERE and its SET.
        update: Callable[..., bool] = super()._do_update  # type: ignore[assignment]
        if self._saving_raw:
            return update(base_qs, using, pk_val, values, update_fields, forced_update)
        expected, self.version = self.version, self.version + 1
        counted = [(f, m, self.version if f.name == "version" else value) for f, m, value in values]
        rows = base_qs.filter(version=expected)
        found = False
        try:
            found = update(rows, using, pk_val, counted, update_fields, forced_update)
        finally:
            if not found:
                self.version = expected
        if found:
            return True
        if base_qs.filter(pk=pk_val).exists():
            raise VersionMismatch(
                f"This {self._meta.verbose_name} was changed by somebody else since version {expected}. "
                "Read it again and repeat the change."
            )
        if update_fields is not None:
            raise NotFound(f"This {self._meta.verbose_name} was deleted meanwhile.")
        return False
