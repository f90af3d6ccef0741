"""The waiting room: everybody gets the answer to what he asked, and who waits is not served alone."""

import threading
import time
from concurrent.futures import ThreadPoolExecutor

import pytest

from inventory.operations import waiting
from inventory.operations.waiting import WaitingRoom


class Desk:
    """Doubles numbers, slowly where it is told so. Notes who was served together."""

    def __init__(self):
        self.served, self.busy, self.delay, self.open = [], 0, 0, threading.Event()
        self.open.set()

    def serve(self, numbers):
        self.busy += 1
        assert self.busy == 1
        self.served.append(list(numbers))
        self.open.wait(5)
        time.sleep(self.delay)
        self.busy -= 1
        return [2 * number for number in numbers]


def asking(pool, room, numbers):
    return [pool.submit(room.ask, number) for number in numbers]


def until(there):
    for _ in range(1000):
        if there():
            return
        time.sleep(0.002)
    raise AssertionError("it did not come to that")


def test_who_comes_alone_is_served_at_once_and_alone():
    desk = Desk()
    room = WaitingRoom(desk.serve)

    answers = [room.ask(1), room.ask(2)]

    assert answers == [2, 4]
    assert desk.served == [[1], [2]]


def test_who_comes_while_somebody_is_served_is_served_with_all_who_wait():
    desk = Desk()
    room = WaitingRoom(desk.serve)
    desk.open.clear()

    with ThreadPoolExecutor(5) as pool:
        first = asking(pool, room, [1])
        until(lambda: desk.served)
        others = asking(pool, room, [2, 3, 4])
        until(lambda: len(room._waiting) == 3)
        desk.open.set()

    assert [future.result() for future in first + others] == [2, 4, 6, 8]
    assert [sorted(together) for together in desk.served] == [[1], [2, 3, 4]]


def test_no_more_are_served_together_than_may(monkeypatch):
    monkeypatch.setattr(waiting, "TOGETHER", 2)
    desk = Desk()
    room = WaitingRoom(desk.serve)
    desk.open.clear()

    with ThreadPoolExecutor(6) as pool:
        asking(pool, room, [1])
        until(lambda: desk.served)
        asking(pool, room, [2, 3, 4, 5, 6])
        until(lambda: len(room._waiting) == 5)
        desk.open.set()

    assert [len(together) for together in desk.served] == [1, 2, 2, 1]


def test_where_serving_fails_the_others_get_nothing_and_the_room_is_open_again():
    desk = Desk()
    room = WaitingRoom(lambda numbers: desk.serve(numbers) if 13 not in numbers else 1 / 0)
    desk.open.clear()

    with ThreadPoolExecutor(4) as pool:
        first = asking(pool, room, [1])
        until(lambda: desk.served)
        leader = asking(pool, room, [13])
        until(lambda: len(room._waiting) == 1)
        other = asking(pool, room, [2])
        until(lambda: len(room._waiting) == 2)
        desk.open.set()

        assert first[0].result() == 2
        with pytest.raises(ZeroDivisionError):
            leader[0].result()
        assert other[0].result() is None
    assert room.ask(4) == 8


def crowded(desk, room, seconds):
    """Eight were served together, which took so long, and will not come again."""
    desk.open.clear()
    with ThreadPoolExecutor(9) as pool:
        asking(pool, room, [0])
        until(lambda: desk.served)
        asking(pool, room, range(1, 9))
        until(lambda: len(room._waiting) == 8)
        desk.delay = seconds
        desk.open.set()


def seconds_for(deed):
    started = time.monotonic()
    deed()
    return time.monotonic() - started


def test_nobody_waits_longer_than_half_of_what_serving_took_for_those_who_do_not_come_again(monkeypatch):
    monkeypatch.setattr(waiting, "PATIENCE_S", 5)
    desk = Desk()
    room = WaitingRoom(desk.serve)
    crowded(desk, room, seconds=1)
    desk.delay = 0

    assert seconds_for(lambda: room.ask(1)) < 3


def test_nobody_waits_longer_than_a_moment_however_long_serving_took():
    desk = Desk()
    room = WaitingRoom(desk.serve)
    crowded(desk, room, seconds=3)
    desk.delay = 0

    assert seconds_for(lambda: room.ask(1)) < 1


def test_in_any_crowd_everybody_gets_his_own_answer():
    desk = Desk()
    room = WaitingRoom(desk.serve)

    with ThreadPoolExecutor(16) as pool:
        answers = list(pool.map(room.ask, range(5000)))

    assert answers == [2 * number for number in range(5000)]
    assert not room._busy
    assert not room._waiting
