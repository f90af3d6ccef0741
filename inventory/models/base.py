"""What every noun shares: ids, versions, stamps, and the memory of what is stored."""

from collections.abc import Callable, Iterable
from typing import Any, Self

from django.db import models, transaction
from django.utils import timezone
from uuid_utils.compat import uuid7

from inventory.errors import NotFound, VersionMismatch

from .querysets import VersionedQuerySet

__all__ = ["BOOKKEEPING", "Identified", "Versioned", "VersionedQuerySet"]

BOOKKEEPING = ("version", "updated_at", "last_modified_by")


class Identified(models.Model):
    """A row with a UUIDv7 primary key: unique everywhere, and in order of creation."""

    id = models.UUIDField(primary_key=True, default=uuid7, editable=False)

    class Meta:
        abstract = True


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
        # What is reached through a relation (`category.products.add`) has to ring the bells, too.
        base_manager_name = "objects"

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.loaded = {}

    def save(self, *args: Any, **kwargs: Any) -> None:
        if kwargs.get("update_fields"):
            kwargs["update_fields"] = {*kwargs["update_fields"], *BOOKKEEPING}
        using = kwargs.get("using") or self._state.db or "default"
        with transaction.atomic(using=using, savepoint=False):
            self._complete(using)
            super().save(*args, **kwargs)

    @classmethod
    def from_db(cls, *args: Any, **kwargs: Any) -> Self:
        instance = super().from_db(*args, **kwargs)
        instance.remember()
        return instance

    def refresh_from_db(self, using: Any = None, fields: Any = None, *args: Any, **kwargs: Any) -> None:
        super().refresh_from_db(using, fields, *args, **kwargs)
        self.remember(fields)

    def values(self) -> dict[str, Any]:
        """Column name → value, for the columns that are loaded."""
        present = self.__dict__
        return {
            field.attname: present[field.attname] for field in self._meta.concrete_fields if field.attname in present
        }

    def written(self, fields: Iterable[str] | None) -> dict[str, Any]:
        """The columns as stored once `fields` (names; None: all) are saved; other attributes may have news as well."""
        if fields is None:
            return self.values()
        named = {field.attname for field in self._meta.concrete_fields if {field.name, field.attname} & {*fields}}
        return self.loaded | {name: value for name, value in self.values().items() if name in named}

    def remember(self, fields: Iterable[str] | None = None) -> None:
        """Take the present values of `fields` for the stored ones."""
        self.loaded = self.written(fields)

    def settle(self) -> None:
        """Replace expressions such as `F("n") + 1` by what the database made of them."""
        unsettled = [name for name, value in self.values().items() if hasattr(value, "resolve_expression")]
        if unsettled:
            models.Model.refresh_from_db(self, fields=unsettled)

    def save_base(self, raw: bool = False, *, update_fields: Any = None, **kwargs: Any) -> None:  # type: ignore[override]
        super().save_base(raw, update_fields=update_fields, **kwargs)
        self.settle()
        self.remember(update_fields)

    def delete(self, *args: Any, **kwargs: Any) -> tuple[int, dict[str, int]]:
        using = kwargs.get("using") or self._state.db or "default"
        with transaction.atomic(using=using, savepoint=False):
            stored = self._stored(using)
            if stored is None:
                return 0, {}
            self.loaded = stored.loaded
            return super().delete(*args, **kwargs)

    def _stored(self, using: str) -> Self | None:
        """The row as it is now, locked."""
        return type(self)._base_manager.using(using).select_for_update(of=("self",)).filter(pk=self.pk).first()

    def _complete(self, using: str) -> None:
        """Read what was deferred: the receivers compare whole rows."""
        present = self.__dict__
        missing = [f.attname for f in self._meta.concrete_fields if f.attname not in present and not f.generated]
        stored = self._stored(using) if missing and not self._state.adding else None
        if stored is None:
            return
        if any(stored.loaded[name] != value for name, value in self.loaded.items()):
            raise self._changed_meanwhile()
        for name in missing:
            setattr(self, name, getattr(stored, name))
        self.loaded = stored.loaded

    def _save_table(
        self,
        raw: bool = False,
        cls: Any = None,
        force_insert: Any = False,
        force_update: bool = False,
        using: Any = None,
        update_fields: Any = None,
    ) -> bool:
        self._saving_raw = raw
        stored = self._stored(using) if raw else None
        if stored is not None:
            # A fixture knows nothing of the row that it overwrites, but the receivers have to. Versions never go back.
            self.loaded = stored.loaded
            self.version = max(self.version, stored.version + 1)
        return super()._save_table(raw, cls, force_insert, force_update, using, update_fields)  # type: ignore[misc]

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
            raise self._changed_meanwhile()
        if update_fields is not None:
            raise NotFound(f"This {self._meta.verbose_name} was deleted meanwhile.")
        return False

    def _changed_meanwhile(self) -> VersionMismatch:
        return VersionMismatch(
            f"This {self._meta.verbose_name} was changed by somebody else since version {self.version}. "
            "Read it again and repeat the change."
        )
