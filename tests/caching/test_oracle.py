"""The judge of `tests.coherence` sees what it is there for."""

import random
import tracemalloc

from tests.coherence.oracle import Judge, Read, Seen, Write, judge

HOME = {0: 0}
RIGHT = [
    Write(10, 20, 0, "version", 2),
    Write(30, 40, 0, "on_hand", 1),
]


def read(started: int, version: int, on_hand: int = 0, listing: int | None = None) -> Read:
    return Read(started, started + 5, False, (Seen(0, version, on_hand),), listing)


def test_a_read_that_overlaps_a_write_may_show_either_state() -> None:
    assert judge(RIGHT, [read(15, 1), read(15, 2)], HOME)["stale"] == 0


def test_a_read_that_starts_after_an_answer_and_shows_less_is_stale() -> None:
    assert judge(RIGHT, [read(21, 1)], HOME)["stale"] == 1
    assert judge(RIGHT, [read(41, 2, 0)], HOME)["stale"] == 1
    assert judge(RIGHT, [read(41, 2, 1)], HOME)["stale"] == 0


def test_a_write_without_an_answer_promises_nothing() -> None:
    assert judge([Write(10, None, 0, "version")], [read(50, 1)], HOME)["stale"] == 0


def test_a_read_that_shows_less_than_an_earlier_one_runs_backwards() -> None:
    assert judge([], [read(0, 2), read(10, 1)], HOME)["backwards"] == 1
    assert judge([], [read(0, 2), read(3, 1)], HOME)["backwards"] == 0


def test_a_product_on_a_page_that_it_had_left_or_missing_where_it_had_gone_is_misplaced() -> None:
    moved = [Write(10, 20, 0, "version", 2, category=1)]
    empty = Read(30, 35, False, (), 1)

    assert judge(moved, [read(30, 2, listing=0)], HOME)["misplaced"] == 1
    assert judge(moved, [empty], HOME)["misplaced"] == 1
    assert judge(moved, [read(30, 2, listing=1)], HOME)["misplaced"] == 0


def test_while_a_move_is_under_way_either_page_may_show_the_product() -> None:
    moving = [Write(10, 20, 0, "version", 2, category=1)]

    assert judge(moving, [read(12, 1, listing=0), Read(12, 14, False, (), 0)], HOME)["misplaced"] == 0


def test_after_a_move_without_an_answer_nobody_knows_until_the_next_answer() -> None:
    lost = Write(10, None, 0, "version", None, category=1)
    back = Write(50, 60, 0, "version", 3, category=0)

    assert judge([lost], [read(30, 1, listing=0), read(30, 2, listing=1)], HOME)["misplaced"] == 0
    assert judge([lost, back], [read(70, 3, listing=1)], HOME)["misplaced"] == 1


def test_what_has_not_ended_before_the_mark_waits() -> None:
    court = Judge(HOME)
    court.add([Write(10, 20, 0, "version", 2)], [read(21, 1), read(40, 1)])

    court.rule(30)
    early = court.found["stale"]
    court.rule()

    assert (early, court.found["stale"]) == (1, 2)


def test_a_move_that_ends_after_the_mark_is_already_known_to_be_under_way() -> None:
    court = Judge(HOME)
    court.add([Write(10, 40, 0, "version", 2, category=1)], [Read(12, 14, False, (), 0)])

    court.rule(30)

    assert court.found["reads"] == 1
    assert not court.guilty


def test_it_makes_no_difference_how_often_it_rules() -> None:
    dice = random.Random(7)
    writes, reads = chaos(dice)
    homes = dict.fromkeys(range(3), 0)

    court = Judge(homes)
    for mark in sorted(dice.randrange(10_000) for _ in range(40)):
        court.add(cut(writes, mark), cut(reads, mark))
        court.rule(mark)
    court.add(writes, reads)
    court.rule()

    assert court.found == judge(*chaos(random.Random(7)), homes)
    assert all(court.found[name] for name in ("stale", "backwards", "misplaced", "fresh"))


def test_it_forgets_the_reads_that_it_has_judged() -> None:
    court = Judge(HOME)

    tracemalloc.start()
    for start in range(0, 2_000_000, 100):
        court.add([], [read(start, 1)])
        court.rule(start)
    _, most = tracemalloc.get_traced_memory()
    tracemalloc.stop()

    assert court.found["reads"] > 19_000
    assert most < 100_000


def chaos(dice: random.Random) -> tuple[list[Write], list[Read]]:
    """Writes and reads that know nothing of each other, so that much is wrong."""
    moments = sorted(dice.randrange(10_000) for _ in range(200))
    writes = [
        Write(at, at + 20, dice.randrange(3), dice.choice(["version", "on_hand"]), at // 100, dice.choice([None, 0, 1]))
        for at in moments
    ]
    starts = sorted(dice.randrange(10_000) for _ in range(500))
    return writes, [
        Read(at, at + 9, False, (Seen(0, at // dice.choice([99, 120]), at),), dice.choice([None, 0])) for at in starts
    ]


def cut(records: list, mark: int) -> list:
    """Take away what started before the mark."""
    early = [record for record in records if record.started < mark]
    del records[: len(early)]
    return early
