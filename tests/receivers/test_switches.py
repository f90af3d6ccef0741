"""Conditional registration: every receiver has a switch, read when it rings; a misspelt one is found at the start."""

import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from threading import Thread
from typing import Any

import pytest
from django.apps import apps
from django.contrib.auth.models import User
from django.test import override_settings
from procrastinate.contrib.django.models import ProcrastinateJob

from inventory import checks
from inventory.context import is_muted, muted
from inventory.models import Activity, ArchivedObject, OperatorProfile, Product
from inventory.operations import catalog
from inventory.receivers import guards
from tests.builders import ANA, at_once, make_category, make_product, move, open_alerts
from tests.client import Api

pytestmark = pytest.mark.django_db(transaction=True)


def slug_was_made() -> bool:
    return make_product(name="Mug").slug == "mug"


def row_was_stamped() -> bool:
    return make_product(actor=ANA).last_modified_by == "user:ana"


def activity_was_told() -> bool:
    product = make_product()
    Product.objects.update(name="Cup")
    catalog.delete_product(product, actor=ANA)
    return Activity.objects.filter(object_id=str(product.pk)).count() == 3


def deletion_was_archived() -> bool:
    catalog.delete_product(make_product(), actor=ANA)
    return ArchivedObject.objects.exists()


def policy_was_applied() -> bool:
    product = make_product(category=make_category(reorder_point=5))
    return product.stock.reorder_point_in_force == 5


def alert_was_opened() -> bool:
    product = make_product(reorder_point=5, on_hand=10)
    move(product, -8)
    return len(open_alerts(product)) == 1


def mail_was_asked_for() -> bool:
    alert_was_opened()
    return ProcrastinateJob.objects.filter(task_name="inventory.tasks.mail_alert").exists()


def profile_was_made() -> bool:
    User.objects.create_user("dora")
    return OperatorProfile.objects.exists()


SWITCHES: dict[str, Callable[[], bool]] = {
    "INVENTORY_SLUGS_ENABLED": slug_was_made,
    "INVENTORY_STAMPS_ENABLED": row_was_stamped,
    "INVENTORY_ACTIVITY_LOG_ENABLED": activity_was_told,
    "INVENTORY_ARCHIVE_ENABLED": deletion_was_archived,
    "INVENTORY_POLICIES_ENABLED": policy_was_applied,
    "INVENTORY_STOCK_ALERTS_ENABLED": alert_was_opened,
    "INVENTORY_NOTIFICATIONS_ENABLED": mail_was_asked_for,
    "INVENTORY_PROFILES_ENABLED": profile_was_made,
}


@contextmanager
def recipients() -> Iterator[None]:
    with override_settings(INVENTORY_ALERT_RECIPIENTS=["shop@example.org"]):
        yield


@pytest.mark.parametrize("switch", SWITCHES)
def test_a_receiver_works_while_its_switch_is_on(switch: str) -> None:
    with recipients(), override_settings(**{switch: True}):
        assert SWITCHES[switch]()


@pytest.mark.parametrize("switch", SWITCHES)
def test_a_receiver_is_silent_while_its_switch_is_off(switch: str) -> None:
    with recipients(), override_settings(**{switch: False}):
        assert not SWITCHES[switch]()


@pytest.mark.parametrize("switch", SWITCHES)
def test_a_receiver_is_silent_while_it_is_muted(switch: str) -> None:
    with recipients(), muted(switch):
        assert not SWITCHES[switch]()


def test_with_invalidation_off_nothing_is_cached_at_all(api: Api) -> None:
    product = make_product(name="Mug")
    api.get(f"products/{product.pk}")

    with override_settings(INVENTORY_CACHE_INVALIDATION_ENABLED=False):
        catalog.update_product(product, actor=ANA, name="Cup")
        answer = api.get(f"products/{product.pk}")

    assert (answer["Cache-Status"], answer.json()["name"]) == ("stockroom; fwd=bypass", "Cup")


def test_every_switch_of_the_receivers_is_tried_above_or_has_tests_of_its_own() -> None:
    elsewhere = {"INVENTORY_CACHE_INVALIDATION_ENABLED", "INVENTORY_EVENTS_ENABLED"}
    ours = {bell.switch for name, bell in guards.REGISTRY.items() if name.count(".") == 1}

    assert ours - elsewhere == set(SWITCHES)


def test_a_switch_takes_effect_at_once_in_both_directions() -> None:
    with override_settings(INVENTORY_ACTIVITY_LOG_ENABLED=False):
        silent = make_product()
    told = make_product()

    heard = set(Activity.objects.values_list("object_id", flat=True))
    assert str(silent.pk) not in heard
    assert str(told.pk) in heard


# --- Muting -----------------------------------------------------------------------------------------------------------


def test_muting_nests_and_ends_where_it_began() -> None:
    seen = []
    with muted("A"):
        with muted("B", "C"):
            seen.append([is_muted(name) for name in "ABC"])
        seen.append([is_muted(name) for name in "ABC"])
    seen.append([is_muted(name) for name in "ABC"])

    assert seen == [[True, True, True], [True, False, False], [False, False, False]]


def test_muting_ends_with_an_exception_too() -> None:
    with pytest.raises(KeyError), muted("A"):
        raise KeyError

    assert not is_muted("A")


def test_muting_is_of_one_thread_only() -> None:
    def elsewhere() -> str:
        return str(make_product().pk)

    with muted("INVENTORY_ACTIVITY_LOG_ENABLED"):
        here = str(make_product().pk)
        (there,) = at_once(elsewhere)

    heard = set(Activity.objects.values_list("object_id", flat=True))
    assert here not in heard
    assert there in heard


def test_a_thread_that_mutes_does_not_mute_the_one_that_started_it() -> None:
    seen: list[bool] = []

    def mute() -> None:
        with muted("A"):
            seen.append(is_muted("A"))

    thread = Thread(target=mute)
    thread.start()
    thread.join()

    assert seen == [True]
    assert not is_muted("A")


# --- A deployment's own receivers -------------------------------------------------------------------------------------


@pytest.fixture
def extra() -> Iterator[Any]:
    with override_settings(INVENTORY_EXTRA_RECEIVERS=["tests.receivers.extra"], INVENTORY_EXTRA_TEST_ENABLED=True):
        sys.modules.pop("tests.receivers.extra", None)
        apps.get_app_config("inventory").ready()
        module = sys.modules["tests.receivers.extra"]
        yield module
        module.disconnect()
        for name in [name for name in guards.REGISTRY if name.startswith("tests.receivers.extra.")]:
            del guards.REGISTRY[name]


def test_receivers_that_a_deployment_adds_ring_with_ours(extra: Any) -> None:
    product = make_product("A", reorder_point=5, on_hand=10)

    move(product, -8)

    assert extra.heard == [("created", "A"), ("alert", "A")]
    assert len(open_alerts(product)) == 1


def test_they_have_a_switch_and_a_name_of_their_own(extra: Any) -> None:
    with override_settings(INVENTORY_EXTRA_TEST_ENABLED=False):
        make_product("A")

    assert extra.heard == []
    assert "tests.receivers.extra.note_product" in guards.REGISTRY
    assert checks.switches_are_known(None) == []


def test_connecting_everything_twice_rings_once(extra: Any) -> None:
    apps.get_app_config("inventory").ready()

    product = make_product("A", reorder_point=5, on_hand=10)
    move(product, -8)

    assert extra.heard == [("created", "A"), ("alert", "A")]
    assert Activity.objects.filter(object_id=str(product.pk)).count() == 1
    assert len(open_alerts(product)) == 1


# --- Spelling ---------------------------------------------------------------------------------------------------------


def test_a_misspelt_switch_is_an_error_at_the_start() -> None:
    with override_settings(INVENTORY_STOCK_ALERT_ENABLED=False):
        (complaint,) = checks.switches_are_known(None)

    assert complaint.id == "inventory.E001"
    assert "INVENTORY_STOCK_ALERT_ENABLED" in complaint.msg
    assert "INVENTORY_STOCK_ALERTS_ENABLED" in complaint.hint


def test_a_misspelt_variable_of_the_environment_is_one_too(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("INVENTORY_STOCK_ALERT_ENABLED", "false")

    (complaint,) = checks.switches_are_known(None)

    assert complaint.id == "inventory.E001"
    assert "INVENTORY_STOCK_ALERT_ENABLED" in complaint.msg


def test_a_receiver_without_its_switch_is_an_error_at_the_start() -> None:
    @guards.guarded(switch="INVENTORY_NOWHERE_ENABLED")
    def lost(**kwargs: Any) -> None: ...

    try:
        (complaint,) = checks.switches_are_known(None)
    finally:
        del guards.REGISTRY[f"{lost.__module__}.lost"]

    assert complaint.id == "inventory.E002"
    assert "INVENTORY_NOWHERE_ENABLED" in complaint.msg


def test_all_is_spelt_well_as_shipped() -> None:
    assert checks.switches_are_known(None) == []
