"""The trust row: who may be believed, since when, and what a change of server does to it."""

from typing import Any

import pytest
from django.db import connections, transaction

from inventory import caching
from inventory.caching.database import Database
from inventory.caching.trust import BELIEVE_S
from tests.builders import make_product
from tests.client import Api

from .probe import Process, sql, until


def row() -> tuple[str, str]:
    """Epoch and state."""
    trusted = Database().trusted()
    return trusted.epoch, trusted.state


def test_a_reader_believes_for_less_time_than_a_writer_waits(process: Process) -> None:
    patience = sql("SELECT extract(epoch FROM patience) FROM inventory_cache_trust")[0]

    assert float(patience) > BELIEVE_S


def test_taking_trust_away_starts_an_epoch_that_nobody_has_believed(process: Process) -> None:
    before, _ = row()

    process.database.distrust(before)

    after, state = row()
    assert after != before
    assert state == "off"
    assert 1.0 < process.database.trusted().wait_s <= 1.1


def test_trust_is_taken_away_once_for_each_epoch(process: Process) -> None:
    before, _ = row()
    process.database.distrust(before)
    after = process.database.trusted()

    process.database.distrust(before)

    assert process.database.trusted().epoch == after.epoch
    assert process.database.trusted().wait_s <= after.wait_s


def test_trust_comes_back_by_itself_when_nobody_can_believe_the_old_epoch_any_more(process: Process) -> None:
    process.read()
    other = Process()

    process.database.distrust(row()[0])

    assert other.read()[1] == "bypass"
    until(lambda: other.read()[1] == "hit")
    assert row()[1] == "on"


def test_trust_cannot_be_given_back_before_the_wait_is_over(process: Process) -> None:
    process.database.distrust(row()[0])

    assert not process.database.restore(row()[0], "some process")

    assert row()[1] == "off"


def test_trust_cannot_be_given_to_an_epoch_that_is_over(process: Process) -> None:
    old = row()[0]
    process.database.distrust(old)
    sql("UPDATE inventory_cache_trust SET off_since = now() - interval '1 day'")

    assert not process.database.restore(old, "some process")
    assert process.database.restore(row()[0], "some process")


def test_a_switch_whose_moment_was_not_stamped_is_settled_by_the_next_who_sees_it(process: Process) -> None:
    sql("UPDATE inventory_cache_trust SET enabled = false, off_since = NULL")
    assert row()[1] == "unsettled"

    Process().trust.current()

    assert row()[1] == "off"
    assert process.database.trusted().wait_s > 1.0


def test_a_clock_that_was_set_back_makes_nobody_wait_until_it_has_caught_up(process: Process) -> None:
    slept: list[float] = []
    process.writer._sleep = slept.append
    sql("UPDATE inventory_cache_trust SET enabled = false, off_since = now() + interval '1 hour'")

    process.write()

    assert len(slept) == 1
    assert 1.0 < slept[0] <= 1.1
    until(lambda: process.read() == (2, "hit"))


def test_after_postgresql_has_restarted_or_failed_over_nothing_older_is_believed(process: Process) -> None:
    process.read()
    before, _ = row()
    sql("UPDATE inventory_cache_trust SET server = 'another life of it'")
    assert row() == (before, "unsettled")

    assert Process().read()[1] == "bypass"

    assert row()[0] != before
    assert row()[1] == "off"


def test_a_writer_after_a_fail_over_waits_until_the_readers_of_before_believe_no_more(process: Process) -> None:
    process.read()
    slept: list[float] = []
    process.writer._sleep = slept.append
    sql("UPDATE inventory_cache_trust SET server = 'another life of it'")

    process.write()

    assert len(slept) == 1
    assert 1.0 < slept[0] <= 1.1


def test_while_trust_is_off_for_long_writers_neither_wait_nor_ask_redis(process: Process, settings: Any) -> None:
    slept: list[float] = []
    process.writer._sleep = slept.append
    process.database.distrust(row()[0])
    sql("UPDATE inventory_cache_trust SET off_since = now() - interval '2 seconds'")
    settings.CACHES = {"default": settings.CACHES["default"] | {"LOCATION": "unix:///nowhere"}}

    Process().write()

    assert not slept
    assert row()[1] == "off"


def test_trust_that_is_taken_away_inside_a_transaction_stays_away_when_that_is_rolled_back(process: Process) -> None:
    before, _ = row()

    with transaction.atomic():
        process.database.distrust(before)
        transaction.set_rollback(True)

    assert row()[1] == "off"


def test_while_trust_can_neither_be_kept_nor_taken_away_readers_are_told_to_come_back(
    api: Api, monkeypatch: pytest.MonkeyPatch
) -> None:
    product = make_product()
    api.get(f"products/{product.pk}")
    main, parameters = connections["default"], connections["default"].get_connection_params()
    monkeypatch.setattr(main, "get_connection_params", lambda: parameters | {"host": "/nowhere", "port": 1})
    sql("UPDATE inventory_cache_trust SET server = 'another life of it'")
    monkeypatch.setattr(caching._trust, "_trusted", None)
    monkeypatch.setattr(caching._trust, "_look_at", 0.0)

    answer = api.get(f"products/{product.pk}")

    assert (answer.status_code, answer.json()["code"]) == (503, "unavailable")
    assert "Retry-After" in answer


def test_a_reader_who_only_doubts_goes_on_when_trust_cannot_be_taken_away(
    process: Process, monkeypatch: pytest.MonkeyPatch
) -> None:
    process.read()
    trusted = process.trust.current()
    main, parameters = connections["default"], connections["default"].get_connection_params()
    monkeypatch.setattr(main, "get_connection_params", lambda: parameters | {"host": "/nowhere", "port": 1})

    process.trust._doubt(trusted)

    assert process.trust._trusted is None
