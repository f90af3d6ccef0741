"""Issue an API key and print it, once, alone on the last line."""

import os
from argparse import ArgumentParser
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from django.core.management.base import BaseCommand, CommandError
from django.utils import timezone

from inventory.context import SYSTEM
from inventory.errors import Refusal
from inventory.models import Location, Scope
from inventory.operations import access


class Command(BaseCommand):
    help = "Issue an API key. The last line of the output is the key; it is never shown again."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("name", help="what lists show the key as")
        parser.add_argument("--scopes", required=True, help=f"`all`, or some of: {', '.join(Scope.values)}")
        parser.add_argument("--location", action="append", default=[], metavar="CODE", help="limit to it; repeatable")
        parser.add_argument("--expires-in", type=int, metavar="DAYS", help="days until the key expires")
        parser.add_argument("--rate-limit", type=int, metavar="N", help="requests per minute, instead of the default")
        parser.add_argument(
            "--secret-env", metavar="VAR", help="use the key in this environment variable; running again is harmless"
        )

    def handle(self, **options: Any) -> None:
        try:
            secret = self._given(**options) if options["secret_env"] else self._fresh(**options)
        except Refusal as refusal:
            details = "; ".join(problem.detail for problem in refusal.problems)
            raise CommandError(f"{refusal.detail} {details}".strip()) from refusal
        self.stdout.write(secret)

    def _fresh(self, *, name: str, scopes: str, rate_limit: int | None, **options: Any) -> str:
        key, secret = access.create_api_key(
            name=name,
            scopes=_scopes(scopes),
            locations=_locations(options["location"]),
            expires_at=_expiry(options["expires_in"]),
            rate_limit=rate_limit,
            actor=SYSTEM,
        )
        self.stdout.write(f"Key “{key.name}” with {', '.join(key.scopes)}:")
        return secret

    def _given(self, *, name: str, scopes: str, rate_limit: int | None, secret_env: str, **options: Any) -> str:
        secret = os.environ.get(secret_env, "").strip()
        if not secret:
            raise CommandError(f"The environment variable {secret_env} is empty.")
        if options["location"] or options["expires_in"]:
            raise CommandError("--secret-env goes with neither --location nor --expires-in.")
        access.ensure_api_key(secret, name=name, scopes=_scopes(scopes), rate_limit=rate_limit, actor=SYSTEM)
        return secret


def _scopes(text: str) -> list[str]:
    """`all` is the one scope that includes the others."""
    return [Scope.ADMIN.value] if text == "all" else [scope.strip() for scope in text.split(",") if scope.strip()]


def _locations(codes: list[str]) -> list[UUID]:
    found = dict(Location.objects.filter(code__in=codes).values_list("code", "pk"))
    missing = [code for code in codes if code not in found]
    if missing:
        raise CommandError(f"There is no location {', '.join(missing)}.")
    return [found[code] for code in codes]


def _expiry(days: int | None) -> datetime | None:
    return None if days is None else timezone.now() + timedelta(days=days)
