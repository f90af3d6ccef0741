"""Skip Redis for a moment after it has failed, so that an outage costs one slow request now and then, not each one."""

from collections.abc import Callable

FIRST_PAUSE_S = 0.2
LONGEST_PAUSE_S = 2.0


class Breaker:
    """Pauses grow from `FIRST_PAUSE_S` to `LONGEST_PAUSE_S`; after each, one caller tries. Threads may share it."""

    def __init__(self, clock: Callable[[], float]) -> None:
        self._clock = clock
        self._failures = 0
        self._next_try = 0.0

    def allows(self) -> bool:
        if not self._failures:
            return True
        now = self._clock()
        if now < self._next_try:
            return False
        self._next_try = now + self._pause()  # this caller tries; the others go on skipping
        return True

    def failed(self) -> None:
        self._failures += 1
        self._next_try = self._clock() + self._pause()

    def succeeded(self) -> None:
        self._failures = 0

    def _pause(self) -> float:
        return min(FIRST_PAUSE_S * 2 ** min(self._failures - 1, 10), LONGEST_PAUSE_S)
