"""Callers with keys."""

from collections.abc import Callable, Iterator
from typing import Any

import pytest

from api import authentication
from api.edge import frame
from inventory.context import SYSTEM
from inventory.operations.access import create_api_key
from tests.api.door import Door
from tests.builders import main_location


@pytest.fixture(autouse=True)
def forgetful(transactional_db: None) -> Iterator[None]:
    """No test inherits what another's keys and settings came to."""
    authentication.forget_all()
    frame.forget()
    yield
    authentication.forget_all()
    frame.forget()


@pytest.fixture
def door_with(transactional_db: None, unhurried: None) -> Callable[..., Door]:
    """A caller whose key has these scopes; further arguments are those of `create_api_key`."""

    def make(*scopes: str, **values: Any) -> Door:
        _, secret = create_api_key(name="test", scopes=scopes or ("admin",), actor=SYSTEM, **values)
        return Door(secret)

    return make


@pytest.fixture
def door(door_with: Callable[..., Door]) -> Door:
    """A caller who may do everything."""
    return door_with("admin")


@pytest.fixture
def shelf(transactional_db: None) -> str:
    """The code of the default location."""
    return main_location().code


@pytest.fixture
def stranger(transactional_db: None) -> Door:
    """A caller without a key."""
    return Door()
