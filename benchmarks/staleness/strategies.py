"""The ways to cache one row and one shelf: `row` and `shelf` give {id: version}, `install` connects the receivers."""

from collections.abc import Callable
from typing import Any

from django.core.cache import cache
from django.db import connection, transaction
from django.db.models.signals import post_save

from inventory import caching
from inventory.caching import Loaded

from .models import Thing

Versions = dict[int, int]


def rows(**wanted: Any) -> list[tuple[int, int]]:
    with connection.cursor() as cursor:
        column, value = next(iter(wanted.items()))
        cursor.execute(f"SELECT id, version FROM staleness_thing WHERE {column} = %s ORDER BY id", [value])
        return list(cursor.fetchall())


class Naive:
    """The tutorial: get or set; the receiver deletes in `post_save`."""

    def install(self) -> None:
        post_save.connect(self.changed, sender=Thing, weak=False)

    def changed(self, instance: Any, **kwargs: Any) -> None:
        cache.delete_many([f"thing:{instance.pk}", f"shelf:{instance.shelf}"])

    def row(self, pk: int) -> Versions:
        return self._get(f"thing:{pk}", lambda: rows(id=pk))

    def shelf(self, shelf: int) -> Versions:
        return self._get(f"shelf:{shelf}", lambda: rows(shelf=shelf))

    def _get(self, key: str, load: Callable[[], list[tuple[int, int]]]) -> Versions:
        found = cache.get(key)
        if found is None:
            found = load()
            cache.set(key, found, 300)
        return dict(map(tuple, found))


class OnCommit(Naive):
    """The same, deleting in `transaction.on_commit`."""

    def changed(self, instance: Any, **kwargs: Any) -> None:
        transaction.on_commit(lambda: Naive.changed(self, instance))


class Cacheops:
    """django-cacheops 7, every operation cached."""

    def install(self) -> None:
        pass

    def row(self, pk: int) -> Versions:
        return {pk: Thing.objects.get(pk=pk).version}

    def shelf(self, shelf: int) -> Versions:
        return {thing.pk: thing.version for thing in Thing.objects.filter(shelf=shelf)}


class CacheopsFresh(Cacheops):
    """django-cacheops 7 with `cached_as(keep_fresh=True)`, its strictest mode."""

    def row(self, pk: int) -> Versions:
        from cacheops import cached_as

        load = cached_as(Thing.objects.filter(pk=pk), extra=pk, keep_fresh=True)(lambda: rows(id=pk))
        return dict(load())

    def shelf(self, shelf: int) -> Versions:
        from cacheops import cached_as

        load = cached_as(Thing.objects.filter(shelf=shelf), extra=f"s{shelf}", keep_fresh=True)(
            lambda: rows(shelf=shelf)
        )
        return dict(load())


class LockAndLease:
    """Ours."""

    def install(self) -> None:
        post_save.connect(self.changed, sender=Thing, weak=False)

    def changed(self, instance: Any, **kwargs: Any) -> None:
        caching.declare([f"thing:{instance.pk}", f"shelf:{instance.shelf}"])

    def row(self, pk: int) -> Versions:
        return self._decoded(caching.read(f"thing:{pk}", lambda: self._encoded(rows(id=pk))))

    def shelf(self, shelf: int) -> Versions:
        return self._decoded(caching.read_page(f"shelf:{shelf}", "1", lambda: self._encoded(rows(shelf=shelf))))

    def _encoded(self, found: list[tuple[int, int]]) -> Loaded:
        return Loaded(",".join(f"{pk}:{version}" for pk, version in found).encode())

    def _decoded(self, read: caching.Read) -> Versions:
        pairs = [pair.split(":") for pair in (read.body or b"").decode().split(",")]
        return {int(pk): int(version) for pk, version in pairs}


STRATEGIES: dict[str, Callable[[], Any]] = {
    "naive": Naive,
    "on_commit": OnCommit,
    "cacheops": Cacheops,
    "cacheops_keep_fresh": CacheopsFresh,
    "cachalot": Cacheops,  # the same queries; the library is another one
    "lock_and_lease": LockAndLease,
}
