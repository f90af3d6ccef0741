"""The guide to the API says what the code does."""

import re
from pathlib import Path

from django.conf import settings

from api.authentication import REMEMBERED_FOR_S
from api.keysets import UNKNOWN_KEY_AGAIN_AFTER_S
from api.pagination import DEFAULT_PAGE_SIZE, LARGEST_PAGE_SIZE
from api.parsers import DEEPEST
from inventory.models import Scope
from inventory.operations.idempotency import KEPT_FOR

ROOT = Path(__file__).parents[2]
GUIDE = (ROOT / "docs" / "api.md").read_text()


def test_it_lists_every_scope_in_order():
    assert re.findall(r"^\| `([a-z]+(?::[a-z]+)?)` \|", GUIDE, re.MULTILINE) == Scope.values


def test_its_figures_are_those_of_the_code():
    assert f"{DEEPEST} levels and {settings.DATA_UPLOAD_MAX_MEMORY_SIZE // 2**20} MiB" in GUIDE
    assert f"`page_size` is 1 to {LARGEST_PAGE_SIZE} ({DEFAULT_PAGE_SIZE})" in GUIDE
    assert f"kept for {KEPT_FOR.total_seconds() / 3600:.0f} hours" in GUIDE
    assert REMEMBERED_FOR_S == 2
    assert f"q={settings.API_RATE_LIMIT};w=60" in GUIDE
    assert f"{' and '.join(settings.OIDC_ALGORITHMS)} unless" in GUIDE
    assert UNKNOWN_KEY_AGAIN_AFTER_S == 10


def test_its_pages_exist():
    for page in re.findall(r"`(?:api|inventory)/[\w/]+(?:\.py)?/?`", GUIDE):
        assert (ROOT / page.strip("`")).exists(), page
