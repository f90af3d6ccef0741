"""A body that nobody read does not cost the client its connection."""

import time
from http.client import HTTPConnection

import pytest

from tests.api.door import knock
from tests.live import serving

BODY = b'{"name": "Nobody reads this"}'


def test_an_answer_that_leaves_much_unread_says_that_the_connection_closes():
    short = knock("POST", "/api/v1/products", body=BODY)
    long = knock("POST", "/api/v1/products", body=b"x" * 200_000)

    assert (short.status, long.status) == (401, 401)
    assert "connection" not in short.headers
    assert long.headers["connection"] == "close"


@pytest.mark.slow
def test_the_next_request_on_the_connection_of_a_refusal_is_answered(transactional_db):
    with serving() as origin:
        wire = HTTPConnection(origin.removeprefix("http://"), timeout=10)
        told = [late_body(wire, path) for path in ("/api/v1/products", "/api/v1/nowhere", "/api/v1/reservations/plan")]
        wire.close()

    assert told == [401, 404, 401]


def late_body(wire: HTTPConnection, path: str) -> int:
    """POST whose body comes a moment after its headers, as clients send it; on one connection, which must not break."""
    wire.auto_open = wire.sock is None
    wire.putrequest("POST", path)
    wire.putheader("Content-Type", "application/json")
    wire.putheader("Content-Length", str(len(BODY)))
    wire.endheaders()
    time.sleep(0.2)
    wire.send(BODY)
    answer = wire.getresponse()
    answer.read()
    return answer.status
