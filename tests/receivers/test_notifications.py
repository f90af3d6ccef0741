"""Delayed work: people hear of an alert by mail, from the task queue, once the transaction has committed."""

from typing import Any

import pytest
from django.contrib.auth.models import User
from django.core import mail
from django.db import transaction
from django.test import override_settings
from procrastinate.contrib.django import app
from procrastinate.contrib.django.models import ProcrastinateJob

from inventory.models import OperatorProfile, Product
from tests.builders import make_level, make_location, make_product, move, open_alerts

MAIL = "inventory.tasks.mail_alert"

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture(autouse=True)
def recipients() -> Any:
    with override_settings(INVENTORY_ALERT_RECIPIENTS=["shop@example.org"]):
        yield


@pytest.fixture
def product() -> Product:
    return make_product("A", reorder_point=5, on_hand=10)


def waiting() -> int:
    """How many mails are still to be sent."""
    return ProcrastinateJob.objects.filter(status="todo", task_name=MAIL).count()


def work() -> None:
    """Let a real worker do everything that waits, in this process."""
    with app.replace_connector(app.connector.get_worker_connector()):
        app.run_worker(wait=False, install_signal_handlers=False, listen_notify=False, delete_jobs="never")


def test_a_mail_is_asked_for_in_the_transaction_and_sent_by_the_worker(product: Product) -> None:
    move(product, -8)
    asked, sent_by_the_request = waiting(), len(mail.outbox)

    work()

    assert asked == 1
    assert sent_by_the_request == 0
    (message,) = mail.outbox
    assert message.subject == "Low stock: A (2 available)"
    assert message.bcc == ["shop@example.org"]
    assert "Reorder point: 5" in message.body
    assert waiting() == 0


def test_a_transaction_that_is_rolled_back_asks_for_nothing(product: Product) -> None:
    with transaction.atomic():
        move(product, -8)
        inside = waiting()
        transaction.set_rollback(True)

    assert inside == 1
    assert waiting() == 0


def test_an_alert_that_is_resolved_before_the_worker_comes_is_no_news(product: Product) -> None:
    move(product, -8)
    move(product, 8)

    work()

    assert mail.outbox == []


def test_a_mail_names_the_location_of_a_level() -> None:
    level = make_level(make_product("A"), make_location("SHOP"), on_hand=10, reorder_point=5)
    move(level.product, -8, at=level.location)

    work()

    assert mail.outbox[0].subject == "Low stock: A at SHOP (2 available)"


def test_operators_who_want_to_know_are_told_hidden_from_each_other(product: Product) -> None:
    for name in ("dora", "erin", "fay"):
        User.objects.create_user(name, email=f"{name}@example.org")
    OperatorProfile.objects.exclude(user__username="erin").update(notify_low_stock=True)
    User.objects.filter(username="fay").update(is_active=False)
    move(product, -8)

    work()

    (message,) = mail.outbox
    assert message.bcc == ["dora@example.org", "shop@example.org"]
    assert message.to == []


def test_nobody_is_asked_for_when_nobody_wants_to_know(product: Product) -> None:
    with override_settings(INVENTORY_ALERT_RECIPIENTS=[]):
        move(product, -8)

    assert waiting() == 0
    assert len(open_alerts(product)) == 1


def test_a_mail_server_that_is_away_is_asked_again_later(product: Product, monkeypatch: pytest.MonkeyPatch) -> None:
    move(product, -8)
    with monkeypatch.context() as away:
        away.setattr("django.core.mail.message.EmailMessage.send", _refuse)
        work()
    put_off = ProcrastinateJob.objects.get(task_name=MAIL)

    assert mail.outbox == []
    assert (put_off.status, put_off.attempts) == ("todo", 1)
    assert put_off.scheduled_at is not None


def _refuse(self: Any, *args: Any, **kwargs: Any) -> None:
    raise ConnectionRefusedError("no mail server")
