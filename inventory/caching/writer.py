"""The writer's steps, inside its transaction: lock, drop. Nothing is left to do after COMMIT."""

import time
from collections.abc import Callable, Iterable

from redis.exceptions import RedisError

from inventory import conf
from inventory.caching import metrics
from inventory.caching.database import Database, TrustRow
from inventory.caching.trust import SWITCH, Trust, name
from inventory.context import is_muted
from inventory.errors import Unavailable

ATTEMPTS = 5
CHUNK = 2_000  # keys in one pipeline


class Writer:
    def __init__(self, trust: Trust, sleep: Callable[[float], None] = time.sleep) -> None:
        self._trust = trust
        self._sleep = sleep

    def declare(self, keys: Iterable[str], database: Database) -> None:
        """Announce that this transaction changes what `keys` show; any error must roll it back.

        While Redis is away, the first writer takes trust from it on a second connection and waits until nobody believes
        it any more (1.1 s); the next ones neither ask it nor wait.
        """
        declared = sorted(set(keys))
        if not declared:
            return
        for _ in range(ATTEMPTS):
            row = database.hold(declared)
            if row.state == "off":
                if row.wait_s > 0:
                    self._sleep(row.wait_s)
                return
            if row.state == "on" and self._drop(row, declared):
                return
            database.distrust(row.epoch)
            metrics.TRUST_TAKEN.inc()
        raise Unavailable("The cache cannot be brought to rest; try again.")

    def _drop(self, row: TrustRow, keys: list[str]) -> bool:
        """UNLINK the keys on the trusted server; False if that is not certain, or not wanted."""
        if is_muted(SWITCH) or not conf.is_on(SWITCH):
            return False
        redis = self._trust.client(row.process)
        try:
            for start in range(0, len(keys), CHUNK):
                pipeline = redis.pipeline(transaction=False)
                for key in keys[start : start + CHUNK]:
                    pipeline.unlink(name(row.epoch, key))
                pipeline.execute()
        except RedisError:
            metrics.REDIS_ERRORS.inc()
            return False
        return True
