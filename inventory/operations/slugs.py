"""Slugs: readable names for addresses, unique also when a hundred people create the same name at once."""

import re
from collections.abc import Sequence
from typing import Any

from django.db import models
from django.utils.text import slugify

from inventory import locks

MAX_LENGTH = 255
ROOM_FOR_NUMBER = 12


def fill_in(rows: Sequence[Any]) -> None:
    """Give every row without a slug a free one made from its name: `mug`, then `mug-2`, `mug-3` …

    Holds a lock per name until the transaction ends: two creates of one name would else both find it free.
    """
    nameless = [row for row in rows if not row.slug]
    taken: dict[str, set[str]] = {}
    for row in sorted(nameless, key=base_of):
        base = base_of(row)
        if base not in taken:
            locks.name(f"slug:{row._meta.label_lower}:{base}")
            taken[base] = _taken(type(row), base)
        row.slug = free(base, taken[base])
        taken[base].add(row.slug)


def free(base: str, taken: set[str]) -> str:
    """`base`, or `base-n` with the smallest n above every number that is taken."""
    if base not in taken:
        return base
    numbers = [int(slug[len(base) + 1 :]) for slug in taken if re.fullmatch(re.escape(base) + r"-\d{1,9}", slug)]
    return f"{base}-{max(numbers, default=1) + 1}"


def base_of(row: Any) -> str:
    words = slugify(str(row.name)) or row._meta.model_name
    return words[: MAX_LENGTH - ROOM_FOR_NUMBER].rstrip("-_") or row._meta.model_name


def _taken(model: type[models.Model], base: str) -> set[str]:
    rows = model._base_manager.filter(models.Q(slug=base) | models.Q(slug__startswith=f"{base}-"))
    return set(rows.values_list("slug", flat=True))
