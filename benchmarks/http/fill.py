"""Before the servers start: the key, the category, the reference project's tables, and bodies to be had for nothing."""

import os
import subprocess
import sys
from dataclasses import dataclass
from uuid import UUID

from django.db import connection
from redis import Redis

from benchmarks.ground import Ground
from inventory.context import SYSTEM
from inventory.models import Category, Product, documents
from inventory.operations.access import create_api_key

PAGE = 50


@dataclass(frozen=True)
class Filled:
    ids: list[UUID]
    category: UUID
    key: str
    token: str


def furnished(ground: Ground, skus: list[str]) -> Filled:
    category = Category.objects.create(name="Everything", slug="everything")
    with connection.cursor() as cursor:
        cursor.execute("UPDATE inventory_product SET category_id = %s", [category.pk])
    ids = list(Product.objects.order_by("sku").values_list("pk", flat=True))
    _, key = create_api_key(name="benchmark", scopes=["catalog:read", "stock:read", "stock:write"], actor=SYSTEM)
    _keep_bodies(ground, ids)
    return Filled(ids, category.pk, key, _reference_project(ground))


def _keep_bodies(ground: Ground, ids: list[UUID]) -> None:
    """The same bytes that the service answers with, as files for `const` and as keys for the Redis references."""
    rendered = {pk: document.body for pk, document in documents.products(ids).items()}
    page = b'{"results":[%b]}' % b",".join([rendered[pk] for pk in ids[:PAGE]])
    folder = ground.folder / "bodies"
    folder.mkdir()
    (folder / "product").write_bytes(rendered[ids[0]])
    (folder / "page").write_bytes(page)
    redis = Redis.from_url(ground.redis_url.replace("db=0", "db=3"))
    redis.mset({str(pk): body for pk, body in rendered.items()} | {"page": page})


def _reference_project(ground: Ground) -> str:
    """Returns its token."""
    environment = os.environ | ground.environment() | {"DJANGO_SETTINGS_MODULE": "benchmarks.references.drf.settings"}
    command = [sys.executable, "-m", "benchmarks.references.drf"]
    done = subprocess.run(command, env=environment, capture_output=True, text=True, check=False)
    if done.returncode:
        raise AssertionError(done.stderr[-2000:])
    return done.stdout.strip()
