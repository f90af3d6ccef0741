"""What the tests of the pages for people start from: somebody who has logged in."""

from typing import Any

import pytest
from django.contrib.auth import get_user_model

from .desk import Desk


@pytest.fixture
def desk(transactional_db: Any) -> Desk:
    """Ana, who may do everything, at her desk."""
    ana = get_user_model().objects.create_superuser("ana", "ana@example.com", "pw-of-ana")
    return Desk(ana)
