"""The protocol with one protection taken away at a time. Each function weakens one process."""

from dataclasses import replace
from typing import Any

from inventory.caching.reader import Reader
from inventory.caching.trust import Trust
from inventory.caching.values import encode
from inventory.caching.writer import Writer

from .actors import KEY
from .explorer import Actor, Script


class DropsWithoutLock(Writer):
    def declare(self, changed: Any, database: Any) -> None:
        self._drop(database.trusted(), list(changed))


class DropsBeforeItLocks(Writer):
    def declare(self, changed: Any, database: Any) -> None:
        self._drop(database.trusted(), list(changed))
        database.hold(changed)


class IgnoresErrors(Writer):
    def _drop(self, row: Any, keys: list[str]) -> bool:
        super()._drop(row, keys)
        return True


class TakesNoLease(Reader):
    def _lease(self, trusted: Any, slots: Any, lease: bytes) -> Any:
        return list(slots)

    def _fill(self, trusted: Any, held: Any, lease: bytes, quiet: Any, loaded: Any) -> None:
        for slot in held:
            if slot.key in quiet:
                trusted.redis.overwrite(trusted.name(slot.key), encode(loaded[slot.key].body))


class PeeksForEver(Trust):
    def at_hand(self) -> Any:
        return self._trusted


class TestsTheLockFirst(Reader):
    __test__ = False

    def _miss(self, trusted: Any, slots: Any, load: Any) -> Any:
        quiet = self._database.quiet([slot.key for slot in slots])
        held = self._lease(trusted, slots, b"lease:mine")
        loaded = load()
        self._fill(trusted, held, b"lease:mine", quiet, loaded)
        return loaded


class LoadsBeforeItTestsTheLock(Reader):
    def _miss(self, trusted: Any, slots: Any, load: Any) -> Any:
        held = self._lease(trusted, slots, b"lease:mine")
        loaded = load()
        quiet = self._database.quiet([slot.key for slot in held])
        self._fill(trusted, held, b"lease:mine", quiet, loaded)
        return loaded


def no_lock_test(actor: Actor) -> None:
    actor.database.quiet = list


def belief_at_hand_for_ever(actor: Actor) -> None:
    actor.trust.__class__ = PeeksForEver


def no_lease(actor: Actor) -> None:
    actor.reader.__class__ = TakesNoLease


def lock_test_before_the_lease(actor: Actor) -> None:
    actor.reader.__class__ = TestsTheLockFirst


def load_before_the_lock_test(actor: Actor) -> None:
    actor.reader.__class__ = LoadsBeforeItTestsTheLock


def delete_in_the_transaction_without_lock(actor: Actor) -> None:
    actor.writer.__class__ = DropsWithoutLock


def delete_before_the_lock(actor: Actor) -> None:
    actor.writer.__class__ = DropsBeforeItLocks


def errors_ignored(actor: Actor) -> None:
    actor.writer.__class__ = IgnoresErrors


def no_patience(actor: Actor) -> None:
    actor.writer._sleep = lambda pause_s: None


def any_process_will_do(actor: Actor) -> None:
    connect = actor.trust._connect
    actor.trust._connect = lambda process: connect(None)


def moment_stamped_before_it_is_visible(actor: Actor) -> None:
    actor.database.distrust = lambda epoch: actor.ask("switch off", epoch, actor.ask("clock"))


def hasty(actor: Actor) -> None:
    trusted = actor.database.trusted
    actor.database.trusted = lambda: replace(trusted(), wait_s=0)


def weak(weaken: Script, script: Script) -> Script:
    def weakened(actor: Actor) -> None:
        weaken(actor)
        script(actor)

    return weakened


def writes_and_deletes_on_commit(actor: Actor) -> None:
    actor.ask("update")
    actor.ask("commit")
    actor.ask("release")
    DropsWithoutLock(actor.trust).declare([KEY], actor.database)


def declares_once_although_the_savepoint_was_rolled_back(actor: Actor) -> None:
    actor.ask("update")
    actor.writer.declare([KEY], actor.database)
    actor.ask("roll back to savepoint")
    actor.ask("update")
    actor.ask("commit")
    actor.ask("release")
