"""Bulk writes that ring the bells, as single saves do."""

from collections.abc import Iterable, Sequence
from typing import Any

from django.db import NotSupportedError, models, transaction
from django.db.models import F

from inventory.signals import RowChange, rows_changed, rows_creating, rows_updating


class VersionedQuerySet(models.QuerySet):
    """Bulk writes of versioned rows: they count the version on and ring the bells, in one transaction.

    Instances that `bulk_update` wrote are out of date afterwards: saving one is refused as VersionMismatch.
    """

    def update(self, **values: Any) -> int:
        with transaction.atomic(using=self.db, savepoint=False):
            before = self._locked_rows()
            if not before:
                return 0
            rows_updating.send(sender=self.model, values=values, using=self.db)
            values["version"] = F("version") + 1
            count = models.QuerySet.update(self.filter(pk__in=list(before)), **values)
            after = self._rows(before)
            self._ring([RowChange(pk, old, after.get(pk)) for pk, old in before.items()])
        return count

    update.alters_data = True  # type: ignore[attr-defined]

    def delete(self) -> tuple[int, dict[str, int]]:
        # Django reads the rows that it is about to delete without a lock: what it tells the receivers might be old.
        with transaction.atomic(using=self.db, savepoint=False):
            rows = self.model._base_manager.using(self.db).filter(pk__in=self._locked_ids())
            return models.QuerySet.delete(rows)

    delete.alters_data = True  # type: ignore[attr-defined]
    delete.queryset_only = True  # type: ignore[attr-defined]

    def bulk_create(self, objs: Iterable[Any], *args: Any, **kwargs: Any) -> list[Any]:
        if kwargs.get("update_conflicts"):
            raise NotSupportedError("update_conflicts would change rows without counting their version; use update().")
        objs = list(objs)
        with transaction.atomic(using=self.db, savepoint=False):
            rows_creating.send(sender=self.model, instances=objs, using=self.db)
            created = super().bulk_create(objs, *args, **kwargs)
            rows = self._rows([obj.pk for obj in created])
            for obj in objs:
                if obj.pk in rows:
                    obj.remember()
            self._ring([RowChange(pk, None, row) for pk, row in rows.items()])
        return created

    def _locked_ids(self) -> list[Any]:
        return list(self.order_by("pk").select_for_update(of=("self",)).values_list("pk", flat=True))

    def _locked_rows(self) -> dict[Any, dict[str, Any]]:
        # The old values are read under lock: a listing that a row leaves is known only from them.
        return self._rows(self._locked_ids())

    def _rows(self, ids: Iterable[Any]) -> dict[Any, dict[str, Any]]:
        rows = self.model._base_manager.using(self.db).filter(pk__in=list(ids))
        # What the database makes of the other columns is no news, and may be long (the search vector).
        stored = [field.attname for field in self.model._meta.concrete_fields if not field.generated]
        return {row["id"]: row for row in rows.values(*stored)}

    def _ring(self, changes: Sequence[RowChange]) -> None:
        rows_changed.send(sender=self.model, changes=list(changes), using=self.db)
