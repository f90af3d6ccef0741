"""Operators: every user of the admin has a profile."""

import pytest
from django.contrib.auth.models import User
from django.test import override_settings

from inventory.models import OperatorProfile

pytestmark = pytest.mark.django_db(transaction=True)


def test_a_new_user_has_a_profile_that_asks_for_no_mail() -> None:
    user = User.objects.create_user("dora")

    assert user.operator_profile.notify_low_stock is False


def test_saving_a_user_again_makes_no_second_profile_and_keeps_the_first() -> None:
    user = User.objects.create_user("dora")
    OperatorProfile.objects.update(notify_low_stock=True)

    user.save()

    assert OperatorProfile.objects.get().notify_low_stock is True


def test_a_user_from_before_gets_a_profile_with_the_next_save() -> None:
    with override_settings(INVENTORY_PROFILES_ENABLED=False):
        user = User.objects.create_superuser("erin")
    without = OperatorProfile.objects.count()

    user.save()

    assert without == 0
    assert OperatorProfile.objects.get().user == user


def test_a_profile_goes_with_its_user() -> None:
    User.objects.create_user("dora").delete()

    assert not OperatorProfile.objects.exists()
