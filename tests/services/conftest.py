"""A folder that PostgreSQL's own user may enter, with a path that is short enough for a socket."""

import shutil
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest

from config.supervisor.accounts import forget_shelter


@pytest.fixture
def home() -> Iterator[Path]:
    home = Path(tempfile.mkdtemp(prefix="sr-", dir="/tmp"))
    home.chmod(0o711)
    yield home
    for link in home.rglob("shelter"):
        forget_shelter(link.parent)
    shutil.rmtree(home)
