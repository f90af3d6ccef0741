"""Whom may a reader believe? A copy of the trust row, believed for one second, and the client that goes with it."""

import time
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass
from typing import Any, TypeVar

from django.db import Error
from redis.exceptions import ConnectionError, RedisError, TimeoutError

from inventory import conf
from inventory.caching import metrics
from inventory.caching.breaker import Breaker
from inventory.caching.connection import WrongProcess
from inventory.caching.database import Database

#: Seconds for which a copy of the trust row may be believed. Less than the row's `patience`, which writers wait out.
BELIEVE_S = 1.0
LOOK_AGAIN_S = 0.25
SLOW_S = 0.1
#: Without writers that declare, nothing may be believed.
SWITCH = "INVENTORY_CACHE_INVALIDATION_ENABLED"

Answer = TypeVar("Answer")


_CLOCK = getattr(time, "CLOCK_BOOTTIME", time.CLOCK_MONOTONIC)


def clock() -> float:
    """Seconds; goes on while the machine sleeps, or a copy of the trust row would be believed for too long."""
    return time.clock_gettime(_CLOCK)


def name(epoch: str, key: str) -> str:
    """What `key` is called in Redis. The epoch is random, so databases that share a Redis never meet."""
    return f"stockroom:{epoch}:{key}"


class Away(Exception):
    """Redis did not answer, or not the trusted one."""


@dataclass(frozen=True, slots=True)
class Trusted:
    """A permission to ask `redis` for keys of `epoch`; to begin a read, that is, before the clock shows `until`.

    `redis` speaks to the server process `process` only, and so must whoever asks by another connection.
    """

    epoch: str
    process: str
    redis: Any
    until: float

    def name(self, key: str) -> str:
        return name(self.epoch, key)


class Trust:
    """One per process; threads share it. Its state is replaced whole, never changed."""

    def __init__(
        self,
        database: Database,
        connect: Callable[[str | None], Any],
        identify: Callable[[], str],
        clock: Callable[[], float] = clock,
    ) -> None:
        self._database = database
        self._connect = connect
        self._identify = identify
        self._clock = clock
        self._breaker = Breaker(clock)
        self._trusted: Trusted | None = None
        self._look_at = 0.0
        self._client: tuple[str, Any] | None = None

    def current(self) -> Trusted | None:
        """Permission to begin a read now; None: go to the database and fill nothing."""
        if not self._may_ask():
            return None
        now = self._clock()
        trusted = self._trusted
        if trusted is not None and now < trusted.until:
            return trusted
        if now < self._look_at:
            return None
        return self._look(now)

    def at_hand(self) -> Trusted | None:
        """`current`, where the row need not be looked at for it: no database is asked."""
        trusted = self._trusted
        if trusted is None or self._clock() >= trusted.until or not self._may_ask():
            return None
        return trusted

    def _may_ask(self) -> bool:
        return conf.is_on(SWITCH) and not self._database.in_transaction() and self._breaker.allows()

    def ask(self, trusted: Trusted, command: Callable[[Any], Answer]) -> Answer:
        """One round trip to the trusted server; `Away` if that fails. Slowness is remembered like failure."""
        started = self._clock()
        try:
            answer = command(trusted.redis)
        except WrongProcess as error:
            self._doubt(trusted)
            raise Away from error
        except (ConnectionError, TimeoutError) as error:
            self._breaker.failed()
            metrics.REDIS_ERRORS.inc()
            raise Away from error
        except RedisError as error:
            metrics.REDIS_ERRORS.inc()
            raise Away from error
        if self._clock() - started > SLOW_S:
            self._breaker.failed()
        else:
            self._breaker.succeeded()
        return answer

    def client(self, process: str) -> Any:
        """The client for this server process; a pool serves one process for its whole life."""
        known = self._client
        if known is not None and known[0] == process:
            return known[1]
        client = self._connect(process)
        self._client = (process, client)
        return client

    def _look(self, now: float) -> Trusted | None:
        # `now` was read before the row is: the belief is counted from before the question.
        row = self._database.trusted()
        if row.state == "off" and row.wait_s <= 0 and self._restore(row.epoch):
            now = self._clock()
            row = self._database.trusted()
        if row.state == "unsettled":
            self._database.distrust(row.epoch)
        if row.state != "on":
            self._trusted = None
            self._look_at = now + LOOK_AGAIN_S
            return None
        self._trusted = trusted = Trusted(row.epoch, row.process, self.client(row.process), now + BELIEVE_S)
        return trusted

    def _restore(self, epoch: str) -> bool:
        """Give trust back to whichever server answers."""
        try:
            process = self._identify()
        except RedisError:
            self._breaker.failed()
            metrics.REDIS_ERRORS.inc()
            return False
        restored = self._database.restore(epoch, process)
        if restored:
            metrics.TRUST_GIVEN.inc()
        self._breaker.succeeded()
        return restored

    def _doubt(self, trusted: Trusted) -> None:
        """Readers, too, may take trust away: that is always safe, and nothing is lost where it does not succeed."""
        self._trusted = None
        with suppress(Error):
            self._database.distrust(trusted.epoch)
            metrics.TRUST_TAKEN.inc()
