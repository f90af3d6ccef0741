"""One script counts as the two of the library `limits` do."""

import itertools
import time

import pytest
from limits import RateLimitItemPerMinute
from limits.storage import storage_from_string
from limits.strategies import SlidingWindowCounterRateLimiter

from api import counters

LIMIT = 5
ITEM = RateLimitItemPerMinute(LIMIT)
#: Count and milliseconds left, of the window before and of this one; none is about to end.
BEFORE = [None, (1, 30_500), (5, 59_500), (5, 20_000), (4, 5_000)]
NOW = [None, (0, 65_000), (3, 119_500), (5, 90_500), (4, 64_500), (5, 45_500), (2, 4_500)]


@pytest.fixture
def library():
    storage = storage_from_string(counters.redis_url(), key_prefix="stockroom:limits")
    storage.storage.flushdb()
    return SlidingWindowCounterRateLimiter(storage)


def prepare(library, principal, before, now):
    """Leave the two windows as earlier requests would have left them."""
    current = f"stockroom:limits:{{{ITEM.key_for(principal)}}}"
    for key, window in ((f"{current}/-1", before), (current, now)):
        if window is not None:
            library.storage.storage.set(key, window[0], px=window[1])


@pytest.mark.parametrize(("before", "now"), list(itertools.product(BEFORE, NOW)))
def test_the_same_windows_give_the_same_answers(library, before, now):
    for principal in ("ours", "theirs"):
        prepare(library, principal, before, now)

    ours = [counters.count("ours", LIMIT) for _ in range(3)]
    theirs = [(library.hit(ITEM, "theirs"), library.get_window_stats(ITEM, "theirs").remaining) for _ in range(3)]

    assert [(one.allowed, one.remaining) for one in ours] == theirs
    assert abs(ours[-1].reset_s - reset_of(library, "theirs")) <= 1


def test_both_count_in_the_same_place(library):
    assert library.hit(ITEM, "same")
    assert counters.count("same", LIMIT).remaining == LIMIT - 2

    library.hit(ITEM, "same")

    assert counters.count("same", LIMIT).remaining == LIMIT - 4


def test_a_request_asks_redis_once(library, monkeypatch):
    counters.count("once", LIMIT)
    client, asked = counters._script(counters.redis_url()).registered_client, []
    execute = client.execute_command
    monkeypatch.setattr(client, "execute_command", lambda *command, **how: asked.append(command) or execute(*command))

    counters.count("once", LIMIT)

    assert [command[0] for command in asked] == ["EVALSHA"]


def reset_of(library, principal):
    time.sleep(0.002)  # in the very millisecond in which a window begins, the library says that it is over
    wait_s = library.get_window_stats(ITEM, principal).reset_time - time.time()
    return min(counters.WINDOW_S, max(1, round(wait_s)))
