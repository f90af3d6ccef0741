"""The fast lane's short way to the access log writes what the long way would have written."""

import io
import json
import logging
import logging.handlers
from contextlib import contextmanager

import pytest

from api.edge import journal
from api.edge.journal import Line
from api.request_ids import log_answer
from api.request_ids import logger as access_log
from config.logs import JsonFormatter
from inventory.context import answering

MOMENTS = [0.0, 1.0005, 1795519625.9994998, 1795519625.9995, 1795519625.9999999, 1795519625.123456, 1795519626.0]
PATHS = [
    "/api/v1/products/1", '/a"b\\c\n', "/sku:\xe9\u2028\x7f", "/sk_stockroom_0123456789abcdef", "/x?Bearer abcdef",
    "/bearer x", "/whsec_MDEy/eyJhbGciOi.eyJzdWIi.c2ln", "/Earer/eyJ", "/" + "x" * 5000,
]  # fmt: skip


@contextmanager
def streaming():
    """The access log goes here and nowhere else, as in the service. (A fixture would come before pytest's handlers.)"""
    written, handlers, propagate = io.StringIO(), access_log.handlers, access_log.propagate
    handler = logging.StreamHandler(written)
    handler.setFormatter(JsonFormatter())
    access_log.handlers, access_log.propagate = [handler], False
    access_log.setLevel(logging.INFO)
    try:
        yield written
    finally:
        access_log.handlers, access_log.propagate = handlers, propagate
        access_log.setLevel(logging.NOTSET)


@pytest.mark.parametrize("created", MOMENTS)
@pytest.mark.parametrize("path", PATHS)
def test_a_short_line_is_the_long_one(monkeypatch, created, path):
    line = Line(created, "GET", path, 304, 12.0, "a\"b'c", 'api_key:Jürgen "x" sk_stockroom_0123456789')
    monkeypatch.setattr("logging.time.time", lambda: created)

    with streaming() as stream, answering(line.request_id):
        log_answer(line.method, path, line.status, line.duration_ms / 1000, line.actor)

    assert stream.getvalue() == JsonFormatter.access_line(line) + "\n"


def test_the_lane_writes_one_line_as_django_does(door):
    card = door.post("products", {"sku": "LOG", "name": "LOG"}).json()

    with streaming() as stream:
        for _ in range(3):  # a miss, a hit of Django's perhaps, and the lane's
            door.get(f"products/{card['id']}", x_request_id="mine")

    written = [json.loads(line) for line in stream.getvalue().splitlines()]
    differing = {"time", "duration_ms"}
    first, *others = [{name: line[name] for name in line.keys() - differing} for line in written]
    assert others == [first] * 2
    assert {tuple(line) for line in written} == {tuple(written[0])}
    assert first["request_id"] == "mine"


@pytest.mark.parametrize("more", ["handler", "filter", "level", "kind"])
def test_with_anything_else_on_it_the_log_goes_the_long_way(more):
    with streaming():
        alone = journal._only_handler()
        if more == "handler":
            access_log.handlers.append(logging.NullHandler())
        if more == "filter":
            alone.addFilter(lambda record: True)
        if more == "level":
            alone.setLevel(logging.ERROR)
        if more == "kind":
            access_log.handlers = [logging.handlers.MemoryHandler(1)]

        assert journal._only_handler() is None
