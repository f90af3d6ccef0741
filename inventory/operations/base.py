"""What an operation is: one public call, one transaction, one author; clashes between transactions are tried again."""

import random
import time
from collections.abc import Callable
from functools import partial, wraps
from typing import Any, ParamSpec, TypeVar

from django.db import OperationalError, transaction

from inventory.context import acting_as

P = ParamSpec("P")
R = TypeVar("R")

ATTEMPTS = 4
DEADLOCK, SERIALIZATION_FAILURE = "40P01", "40001"


def operation(verb: Callable[P, R]) -> Callable[P, R]:
    """Run `verb` in one transaction, with its `actor` known to the receivers.

    `verb` takes `actor: Actor` as a keyword. Inside another transaction it joins that one.
    """

    @wraps(verb)
    def run(*args: P.args, **kwargs: P.kwargs) -> R:
        actor: Any = kwargs["actor"]
        with acting_as(actor):
            return in_transaction(partial(verb, *args, **kwargs))

    return run


def in_transaction(work: Callable[[], R]) -> R:
    """Call `work` in a transaction. The outermost one repeats it after a deadlock or a serialization failure."""
    if transaction.get_connection().in_atomic_block:
        with transaction.atomic(savepoint=False):
            return work()
    for attempt in range(1, ATTEMPTS + 1):
        try:
            with transaction.atomic():
                return work()
        except OperationalError as error:
            if sqlstate(error) not in (DEADLOCK, SERIALIZATION_FAILURE) or attempt == ATTEMPTS:
                raise
            time.sleep(random.uniform(0, 0.02 * 2**attempt))  # noqa: S311 - spreads the two apart, no secret
    raise AssertionError("unreachable")


def sqlstate(error: BaseException) -> str:
    """PostgreSQL's five-letter code of a Django database error, or an empty string."""
    return getattr(error.__cause__, "sqlstate", None) or ""
