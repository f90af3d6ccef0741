"""The breaker: pauses that grow after failures, one caller who tries, and no memory after a success."""

import pytest

from inventory.caching.breaker import FIRST_PAUSE_S, LONGEST_PAUSE_S, Breaker


class Clock:
    def __init__(self) -> None:
        self.now = 1000.0

    def __call__(self) -> float:
        return self.now


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def breaker(clock: Clock) -> Breaker:
    return Breaker(clock)


def test_without_a_failure_everybody_may_ask(breaker: Breaker) -> None:
    assert breaker.allows()
    assert breaker.allows()


def test_after_a_failure_nobody_asks_until_the_pause_is_over_and_then_one(breaker: Breaker, clock: Clock) -> None:
    breaker.failed()
    assert not breaker.allows()

    clock.now += FIRST_PAUSE_S - 0.01
    assert not breaker.allows()
    clock.now += 0.01

    assert breaker.allows()
    assert not breaker.allows()


def test_pauses_grow_to_a_limit(breaker: Breaker, clock: Clock) -> None:
    pauses = []
    for _ in range(8):
        breaker.failed()
        begun = clock.now
        while not breaker.allows():
            clock.now += 0.01
        pauses.append(round(clock.now - begun, 2))

    assert pauses[:3] == pytest.approx([FIRST_PAUSE_S, 2 * FIRST_PAUSE_S, 4 * FIRST_PAUSE_S], abs=0.011)
    assert pauses[-1] == pytest.approx(LONGEST_PAUSE_S, abs=0.011)


def test_failures_without_end_are_still_only_the_longest_pause(breaker: Breaker, clock: Clock) -> None:
    for _ in range(5000):
        breaker.failed()

    clock.now += LONGEST_PAUSE_S
    assert breaker.allows()


def test_a_caller_who_tries_and_never_tells_keeps_the_others_away_for_one_more_pause_only(
    breaker: Breaker, clock: Clock
) -> None:
    breaker.failed()
    clock.now += FIRST_PAUSE_S
    assert breaker.allows()

    clock.now += FIRST_PAUSE_S

    assert breaker.allows()


def test_a_success_forgets_all_failures(breaker: Breaker, clock: Clock) -> None:
    for _ in range(4):
        breaker.failed()
    breaker.succeeded()
    assert breaker.allows()
    assert breaker.allows()

    breaker.failed()
    clock.now += FIRST_PAUSE_S

    assert breaker.allows()
