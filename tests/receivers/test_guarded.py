"""Guarded receivers: whatever goes wrong in one, the write is kept, somebody hears of it, the work is done later."""

from collections.abc import Callable
from typing import Any

import pytest
from django.contrib.auth.models import User
from django.db import OperationalError, transaction

from inventory.context import Actor, acting_as, answering, current_actor, current_request_id
from inventory.models import OperatorProfile, Product, ReceiverFailure, StockAlert
from inventory.operations import catalog, failures
from inventory.receivers import guards
from inventory.signals import StockChange
from tests.builders import ANA, BEN, at_once, make_product, move, open_alerts

from .bells import FAILURES, broken, failures_counted, make_due, wrong_value

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture
def product() -> Product:
    """Ten pieces on hand, to be ordered again below five."""
    return make_product("A", reorder_point=5, on_hand=10)


def sell(product: Product) -> None:
    move(product, -8)


def raise_reorder_point(product: Product) -> None:
    catalog.update_product(product, actor=ANA, reorder_point=20)


def delete(product: Product) -> None:
    move(product, -10)
    catalog.delete_product(product, actor=ANA)


def employ(product: Product) -> None:
    User.objects.create_user("dora")


#: The service's guarded receivers: a deed that rings each, and what shows that the deed itself was kept.
DEEDS: dict[str, tuple[Callable[[Product], None], Callable[[Product], bool]]] = {
    "alerts.review_stock": (sell, lambda product: product.stock.on_hand == 2),
    "alerts.review_policies": (raise_reorder_point, lambda product: Product.objects.get().reorder_point == 20),
    "alerts.resolve_deleted": (delete, lambda product: not Product.objects.exists()),
    "notifications.mail": (sell, lambda product: len(open_alerts(product)) == 1),
    "notifications.tally": (sell, lambda product: len(open_alerts(product)) == 1),
    "accounts.ensure_profile": (employ, lambda product: User.objects.filter(username="dora").exists()),
}


def test_every_guarded_receiver_of_the_service_is_tried_below() -> None:
    ours = {name for name, bell in guards.REGISTRY.items() if not bell.required and name.count(".") == 1}

    assert ours == set(DEEDS)


@pytest.mark.parametrize("failure", FAILURES, ids=lambda failure: failure.__name__)
@pytest.mark.parametrize("name", DEEDS)
def test_the_write_is_kept_whatever_happens_in_a_receiver(
    name: str, failure: Callable[..., None], product: Product, caplog: pytest.LogCaptureFixture
) -> None:
    deed, is_kept = DEEDS[name]
    counted = failures_counted(name)

    with broken(name, failure):
        deed(product)

    assert is_kept(product)
    kept = list(ReceiverFailure.objects.filter(receiver=name))
    assert kept
    assert {row.receiver for row in ReceiverFailure.objects.all()} == {name}
    assert failures_counted(name) == counted + len(kept)
    assert len([line for line in caplog.records if line.name == "inventory.receivers"]) == len(kept)


@pytest.mark.parametrize("failure", FAILURES, ids=lambda failure: failure.__name__)
@pytest.mark.parametrize("name", DEEDS)
def test_the_worker_rings_again_until_it_is_done(name: str, failure: Callable[..., None], product: Product) -> None:
    with broken(name, failure):
        DEEDS[name][0](product)
        make_due()
        still_broken = guards.retry_due()
    make_due()

    repaired = guards.retry_due()

    assert still_broken == (0, repaired[0])
    assert repaired[1] == 0
    assert not ReceiverFailure.objects.exists()


def test_one_line_in_the_log_says_which_receiver_whose_change_and_which_request(
    caplog: pytest.LogCaptureFixture,
) -> None:
    with broken("accounts.ensure_profile", wrong_value), acting_as(BEN), answering("request-9"):
        user = User.objects.create_user("dora")

    (line,) = [line for line in caplog.records if line.name == "inventory.receivers"]
    told = line.__dict__
    assert told["receiver"] == "accounts.ensure_profile"
    assert (told["sender"], told["pk"]) == ("User", str(user.pk))
    assert (told["actor"], told["request_id"]) == ("user:ben", "request-9")
    assert "the receiver has a bug" in str(line.exc_info)


def test_what_is_kept_names_the_error_its_author_and_the_request() -> None:
    with broken("accounts.ensure_profile", wrong_value), acting_as(BEN), answering("request-9"):
        User.objects.create_user("dora")

    kept = ReceiverFailure.objects.get()
    assert kept.error == "ValueError: the receiver has a bug"
    assert (kept.actor, kept.request_id, kept.attempts) == ("user:ben", "request-9", 1)


def test_a_ring_that_is_repeated_belongs_to_the_author_and_the_request_of_the_first() -> None:
    heard: list[tuple[Actor, str]] = []
    with broken("accounts.ensure_profile", wrong_value), acting_as(BEN), answering("request-9"):
        User.objects.create_user("dora")

    with broken("accounts.ensure_profile", lambda **_: heard.append((str(current_actor()), current_request_id()))):
        guards.retry_due()

    assert heard == [("user:ben", "request-9")]


def test_a_failure_waits_longer_after_each_try() -> None:
    waits = []
    with broken("accounts.ensure_profile", wrong_value):
        User.objects.create_user("dora")
        for _ in range(3):
            make_due()
            guards.retry_due()
            row = ReceiverFailure.objects.get()
            waits.append((row.due_at - row.created_at).total_seconds())

    assert waits == sorted(waits)
    assert waits[2] > 6
    assert guards.retry_due() == (0, 0)


def test_one_failing_receiver_does_not_silence_the_others(product: Product) -> None:
    with broken("notifications.mail", wrong_value), broken("notifications.tally", wrong_value):
        sell(product)

    assert len(open_alerts(product)) == 1
    assert ReceiverFailure.objects.count() == 2


def test_what_a_failing_receiver_had_done_is_undone() -> None:
    def half_done(instance: Any, **kwargs: Any) -> None:
        OperatorProfile.objects.create(user=instance, notify_low_stock=True)
        raise ValueError("after half of the work")

    with broken("accounts.ensure_profile", half_done):
        User.objects.create_user("dora")

    assert not OperatorProfile.objects.exists()


def test_a_failure_of_a_write_that_is_rolled_back_is_forgotten_with_it(product: Product) -> None:
    with transaction.atomic(), broken("alerts.review_stock", wrong_value):
        sell(product)
        transaction.set_rollback(True)

    assert not ReceiverFailure.objects.exists()


def test_work_that_can_neither_be_done_nor_kept_makes_the_write_fail(
    product: Product, monkeypatch: pytest.MonkeyPatch
) -> None:
    def no_room(*args: Any) -> None:
        raise OperationalError("no space left on device")

    monkeypatch.setattr(failures, "keep", no_room)

    with broken("alerts.review_stock", wrong_value), pytest.raises(OperationalError):
        sell(product)

    product.stock.refresh_from_db()
    assert product.stock.on_hand == 10


def test_a_row_that_is_gone_when_its_ring_is_repeated_needs_none() -> None:
    with broken("accounts.ensure_profile", wrong_value):
        User.objects.create_user("dora")
    User.objects.all().delete()

    assert guards.retry_due() == (1, 0)
    assert not ReceiverFailure.objects.exists()


def test_a_deletion_that_was_not_heard_is_repeated_with_the_values_of_the_row(product: Product) -> None:
    sell(product)
    with broken("alerts.resolve_deleted", wrong_value):
        move(product, -2)
        catalog.delete_product(product, actor=ANA)
    left_open = StockAlert.objects.filter(resolved_at=None).count()

    guards.retry_due()

    assert left_open == 1
    assert not StockAlert.objects.filter(resolved_at=None).exists()


def test_a_second_worker_passes_over_what_the_first_is_ringing(product: Product) -> None:
    by_the_second: list[Any] = []

    def ring_while_another_looks(**kwargs: Any) -> None:
        by_the_second.extend(at_once(guards.retry_due))

    with broken("alerts.review_stock", wrong_value):
        sell(product)
    with broken("alerts.review_stock", ring_while_another_looks):
        by_the_first = guards.retry_due()

    assert (by_the_first, by_the_second) == ((1, 0), [(0, 0)])


# --- The review of the past looks at the present ----------------------------------------------------------------------


def test_a_fall_that_was_not_heard_opens_its_alert_later(product: Product) -> None:
    with broken("alerts.review_stock", wrong_value):
        sell(product)
    none_yet = open_alerts(product)

    guards.retry_due()

    assert none_yet == []
    assert [alert.available for alert in open_alerts(product)] == [2]


def test_a_fall_that_was_not_heard_opens_no_ghost_alert_when_the_stock_has_risen_since(product: Product) -> None:
    with broken("alerts.review_stock", wrong_value):
        sell(product)
    move(product, 20)

    guards.retry_due()

    assert open_alerts(product) == []


def test_a_climb_that_was_not_heard_resolves_its_alert_later(product: Product) -> None:
    sell(product)
    with broken("alerts.review_stock", wrong_value):
        move(product, 20)
    still_open = open_alerts(product)

    guards.retry_due()

    assert len(still_open) == 1
    assert open_alerts(product) == []


def test_a_climb_that_was_not_heard_leaves_an_alert_when_the_stock_has_fallen_since(product: Product) -> None:
    sell(product)
    with broken("alerts.review_stock", wrong_value):
        move(product, 20)
    move(product, -21)

    guards.retry_due()

    assert [alert.available for alert in open_alerts(product)] == [1]


def test_a_repeated_review_of_what_was_low_all_along_opens_nothing() -> None:
    fresh = make_product("FRESH", reorder_point=5)
    with broken("alerts.review_stock", wrong_value):
        move(fresh, 1)

    guards.retry_due()

    assert open_alerts(fresh) == []


def test_a_repeated_review_is_harmless(product: Product) -> None:
    fall = StockChange(str(product.pk), None, 10, 2, 5, 5)
    sell(product)
    (alert,) = open_alerts(product)

    for _ in range(2):
        failures.keep(
            "alerts.review_stock",
            {"sender": "inventory.StockLevel", "changes": [fall.as_dict()], "pks": []},
            ValueError(),
        )
        assert guards.retry_due() == (1, 0)

    assert open_alerts(product) == [alert]
