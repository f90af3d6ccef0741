"""The metrics of requests that are too cheap to write down one by one: they are written in batches.

Prometheus' client takes its lock four times for a request, which is a tenth of what the fast lane costs. Nothing is
lost but what a killed process had not written for `WITHIN_S` at most.
"""

from collections import Counter, deque
from contextlib import suppress
from threading import Timer
from typing import Any

from api import metrics
from inventory import caching

WITHIN_S = 0.5
_AT_ONCE = 200

#: Method, route, status, seconds, and how many cached values made the answer.
Noted = tuple[str, str, int, float, int]

_noted: deque[Noted] = deque()
_is_due = False


def note(noted: Noted) -> None:
    """An answer was given."""
    _noted.append(noted)
    if not _is_due or len(_noted) > _AT_ONCE:
        _see_to_it()


def write_down() -> None:
    """All that is noted, so far."""
    batch = _taken()
    caching.count_hits(sum(hits for *_, hits in batch))
    for (method, route, status), number in Counter(noted[:3] for noted in batch).items():
        metrics.REQUESTS.labels(method, route, status).inc(number)
    for method, route in {noted[:2] for noted in batch}:
        _observe(metrics.SECONDS.labels(method, route), [noted[3] for noted in batch if noted[:2] == (method, route)])


def _taken() -> list[Noted]:
    """Threads that take at once share it among them."""
    batch: list[Noted] = []
    with suppress(IndexError):
        while True:
            batch.append(_noted.popleft())
    return batch


def _observe(histogram: Any, values: list[float]) -> None:
    """`observe`, for each of the values; each bucket is written once."""
    bounds = histogram._upper_bounds
    histogram._sum.inc(sum(values))
    for place, number in Counter(next(n for n, bound in enumerate(bounds) if v <= bound) for v in values).items():
        histogram._buckets[place].inc(number)


def _see_to_it() -> None:
    global _is_due
    if len(_noted) > _AT_ONCE:
        write_down()
    if not _is_due:
        _is_due = True
        timer = Timer(WITHIN_S, _when_due)
        timer.daemon = True
        timer.start()


def _when_due() -> None:
    global _is_due
    _is_due = False  # first: what is noted from now on is seen to anew
    write_down()
