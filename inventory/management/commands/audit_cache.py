"""Compare what is cached with what is committed, or take trust away from all of it."""

from argparse import ArgumentParser
from typing import Any

from django.core.management.base import BaseCommand, CommandError
from redis.exceptions import RedisError

from inventory import caching
from inventory.operations import auditing


class Command(BaseCommand):
    help = (
        "Compare cached products and SKUs with the database. Exits with 1 if an entry is stale (which never happens)."
    )

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("--sample", type=int, metavar="N", help="look at N entries at random instead of all")
        parser.add_argument(
            "--forget", action="store_true", help="believe nothing that is cached now; after restoring a backup by hand"
        )

    def handle(self, *, sample: int | None, forget: bool, **options: Any) -> None:
        if forget:
            caching.forget()
            self.stdout.write("Nothing that was cached until now is believed any more.")
            return
        try:
            found = auditing.audit_cache(sample)
        except RedisError as error:
            raise CommandError(f"Redis went away during the audit: {error}") from error
        if not found.trusted:
            self.stdout.write("Redis is away, or not trusted now: reads come from the database, nothing can be stale.")
            return
        self.stdout.write(
            f"{found.compared} entries compared, {len(found.stale)} stale, {found.moving} changed meanwhile, "
            f"{found.skipped} of other kinds skipped."
        )
        for key, age_s in sorted(found.stale.items()):
            self.stdout.write(f"STALE {key}, stored at most {age_s:.0f} s ago")
        if found.stale:
            raise CommandError(f"{len(found.stale)} cached entries are not what is committed.")
