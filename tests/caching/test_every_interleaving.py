"""Every interleaving of the real reader's and writer's steps, with accidents between any two of them.

In each world that can come about: what a trusted Redis holds is what is committed, and no read returns less than was
committed when it started. Each protection is then taken away; the explorer has to find what it was for.
"""

import pytest

from inventory.caching.values import encode

from . import weakened
from .actors import (
    believes,
    believes_then,
    believes_then_peeks,
    believes_then_reads,
    peeks,
    peeks_at_many,
    peeks_at_page,
    reads,
    reads_many,
    reads_page,
    warm,
    world,
    writes,
)
from .actors import writes_again_after_a_savepoint as writes_again
from .explorer import Rules, Script, World, explore

LOSSES = frozenset({"loss", "lease expiry"})
OUTAGES = frozenset({"redis error", "restart"})


# --- the protocol as it is --------------------------------------------------------------------------------------------


@pytest.mark.parametrize("reading", [reads, reads_many])
def test_two_writers_of_a_row_and_two_readers_never_leave_or_return_an_old_value(reading: Script) -> None:
    start = world([writes, writes, reading, reading], faults=2)
    rules = Rules({0: 0, 1: 0}, LOSSES, twins=[(0, 1), (2, 3)])

    found = explore(rules, [start, warm(start)])

    assert not found.wrong, found.trace
    assert found.worlds > 50_000


def test_two_writers_of_different_rows_never_leave_or_return_an_old_page_of_their_listing() -> None:
    start = world([writes, writes, reads_page, reads_page], rows=2, faults=1)
    rules = Rules({0: 0, 1: 1}, LOSSES, twins=[(2, 3)])

    found = explore(rules, [start, warm(start, page=True)])

    assert not found.wrong, found.trace
    assert found.worlds > 50_000


@pytest.mark.parametrize(("peeking", "page"), [(peeks, False), (peeks_at_many, False), (peeks_at_page, True)])
def test_a_peek_beside_two_writers_and_a_reader_never_returns_an_old_value(peeking: Script, page: bool) -> None:
    start = world([writes, writes, believes_then(peeking), reads_page if page else reads], faults=1)
    rules = Rules({0: 0, 1: 0}, LOSSES, twins=[(0, 1)])

    found = explore(rules, [start, warm(start, page=page)])

    assert not found.wrong, found.trace
    assert found.worlds > 10_000


def test_a_savepoint_that_is_rolled_back_takes_its_locks_along_and_nothing_else() -> None:
    start = world([writes_again, writes, reads, reads], faults=1)
    rules = Rules({0: 0, 1: 0}, LOSSES, twins=[(2, 3)])

    found = explore(rules, [start, warm(start)])

    assert not found.wrong, found.trace


@pytest.mark.parametrize("reading", [believes_then_reads, believes_then_peeks])
def test_an_outage_and_a_restart_with_old_data_are_no_way_around_the_trust_row(reading: Script) -> None:
    start = world([writes, reading], faults=2, ticks=2)
    rules = Rules({0: 0}, OUTAGES | {"snapshot"}, trust_moves=True)

    found = explore(rules, [warm(start)])

    assert not found.wrong, found.trace
    assert found.worlds > 100_000


@pytest.mark.parametrize(
    ("scripts", "twins"),
    [
        ([writes, writes, believes_then_reads], [(0, 1)]),
        ([writes, believes_then_reads, reads], []),
    ],
)
def test_several_processes_agree_on_whom_to_trust(scripts: list[Script], twins: list[tuple[int, int]]) -> None:
    start = world(scripts, faults=1, ticks=1)
    rules = Rules(
        {who: 0 for who, script in enumerate(scripts) if script is writes}, OUTAGES, trust_moves=True, twins=twins
    )

    found = explore(rules, [warm(start)])

    assert not found.wrong, found.trace
    assert found.worlds > 30_000


def test_the_explored_cache_does_serve_what_was_filled_after_the_last_commit() -> None:
    class Hit(Rules):
        def wrong_with(self, world: World) -> str:
            return "filled" if world.rows == (2,) and encode(b"2") in dict(world.store).values() else ""

    start = world([writes, writes, reads, reads])

    found = explore(Hit({0: 0, 1: 0}), [start])

    assert found.wrong == "filled"


# --- each protection taken away ---------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "weaken",
    [
        weakened.no_lock_test,
        weakened.no_lease,
        weakened.lock_test_before_the_lease,
        weakened.load_before_the_lock_test,
        weakened.delete_in_the_transaction_without_lock,
        weakened.delete_before_the_lock,
    ],
)
def test_without_this_protection_a_stale_value_is_found(weaken: Script) -> None:
    writing, reading = weakened.weak(weaken, writes), weakened.weak(weaken, reads)
    start = world([writing, writing, reading, reading])

    found = explore(Rules({0: 0, 1: 0}, twins=[(0, 1), (2, 3)]), [start, warm(start)])

    assert found.wrong


@pytest.mark.parametrize(
    "writing", [weakened.writes_and_deletes_on_commit, weakened.declares_once_although_the_savepoint_was_rolled_back]
)
def test_a_writer_that_declares_at_the_wrong_time_is_found(writing: Script) -> None:
    start = world([writing, writing, reads, reads])

    found = explore(Rules({0: 0, 1: 0}, twins=[(0, 1), (2, 3)]), [start, warm(start)])

    assert found.wrong


@pytest.mark.parametrize(
    "weaken",
    [
        weakened.errors_ignored,
        weakened.no_patience,
        weakened.any_process_will_do,
        weakened.moment_stamped_before_it_is_visible,
    ],
)
def test_without_this_part_of_the_trust_row_an_outage_is_found_to_leave_stale_reads(weaken: Script) -> None:
    start = world([weakened.weak(weaken, writes), weakened.weak(weaken, believes_then_reads)], faults=2, ticks=2)

    found = explore(Rules({0: 0}, OUTAGES | {"snapshot"}, trust_moves=True), [warm(start)])

    assert found.wrong


def test_a_peek_that_believes_for_ever_is_found() -> None:
    forever = weakened.weak(weakened.belief_at_hand_for_ever, believes_then_peeks)
    start = world([writes, forever], faults=2, ticks=2)

    found = explore(Rules({0: 0}, OUTAGES | {"snapshot"}, trust_moves=True), [warm(start)])

    assert found.wrong


def test_trust_that_is_given_back_too_early_is_found() -> None:
    class Hasty(Rules):
        def is_over(self, world: World, off_since: float) -> bool:
            return True

    start = world([writes, writes, believes_then_reads, weakened.weak(weakened.hasty, believes)], faults=1)

    found = explore(Hasty({0: 0, 1: 0}, frozenset({"redis error"}), trust_moves=True), [warm(start)])

    assert found.wrong
