"""A cache that is never stale: lock and lease. `docs/caching.md` explains the protocol and what it promises.

Readers call `read`, `read_many`, `read_page`; every write path calls `declare` before its COMMIT. This package knows
keys and bytes and never a model: what a key shows is the caller's business.
"""

from collections.abc import Callable, Iterable, Sequence

from django.db import DEFAULT_DB_ALIAS, connections, transaction

from inventory.caching import auditor, connection, keys, metrics
from inventory.caching.auditor import Audit
from inventory.caching.database import Database
from inventory.caching.reader import LoadMany, Look, Reader
from inventory.caching.slots import Page, Single, Slot
from inventory.caching.trust import SWITCH, Trust, Trusted
from inventory.caching.values import Loaded, Read
from inventory.caching.writer import Writer
from inventory.gathering import put_off

__all__ = [
    "SWITCH",
    "Audit",
    "Loaded",
    "Page",
    "Read",
    "Single",
    "Slot",
    "Trusted",
    "audit",
    "count_hits",
    "declare",
    "forget",
    "keys",
    "peek",
    "peek_many",
    "read",
    "read_many",
    "read_page",
]

_trust = Trust(Database(), connection.connect, connection.identify)
_reader = Reader(Database(), _trust)
_writer = Writer(_trust)


def read(key: str, load: Callable[[], Loaded]) -> Read:
    """The value of `key`, from the cache or by `load`. One Redis round trip for a hit."""
    return _reader.read(key, load)


def read_many(wanted: Sequence[str], load: LoadMany) -> dict[str, Read]:
    """Each of the keys with its answer. `load` is called at most once, with the keys that the cache lacks.

    One Redis round trip if all are there; with misses three, and one PostgreSQL statement besides those of `load`.
    """
    return _reader.read_many(wanted, load)


def read_page(group: str, field: str, load: Callable[[], Loaded]) -> Read:
    """One page of the group (a listing). A writer that declares the group drops all its pages at once."""
    return _reader.read_page(group, field, load)


def peek(slot: Slot, look: Look) -> bytes | None:
    """The value of a key or a page, if it is a hit; `look` makes the round trip. Asks no database, fills nothing."""
    return _reader.peek(slot, look)


def peek_many(wanted: Sequence[str], look: Look) -> list[bytes] | None:
    """The values of all of the keys, if all are hits."""
    return _reader.peek_many(wanted, look)


def count_hits(number: int) -> None:
    """Who has answered by what it peeked at says so."""
    metrics.HITS.inc(number)


def audit(load: LoadMany, kinds: Iterable[str], sample: int | None = None) -> Audit:
    """Compare entries of these kinds with what `load` finds: all of them, or `sample` looks at random."""
    return auditor.audit(_trust, load, kinds, sample)


def forget() -> None:
    """Take trust away from everything that is cached now; for repairs behind the service's back (a restored backup)."""
    database = Database()
    database.distrust(database.trusted().epoch)


def declare(changed: Iterable[str], using: str = "default") -> None:
    """Call inside `atomic()`, after the rows have changed and before COMMIT, with every key that shows them.

    Any failure marks the transaction for rollback and is raised: there is no commit without a declaration. Not to be
    wrapped in a savepoint of its own. `TransactionManagementError` outside `atomic()`.
    While the switch is off (or muted here) Redis is treated as if it were away: nothing that is cached now will be
    believed after the switch is on again.
    """
    if not connections[using].in_atomic_block:
        raise transaction.TransactionManagementError("A cached row may only be changed inside atomic().")
    if using == DEFAULT_DB_ALIAS:
        put_off(_declare, list(changed))
    else:
        _declare(changed, using)


def _declare(changed: Iterable[str], using: str = DEFAULT_DB_ALIAS) -> None:
    try:
        _writer.declare(changed, Database(using))
    except BaseException:
        transaction.set_rollback(True, using)
        raise
