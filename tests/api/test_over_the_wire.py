"""Bytes on a socket, through the real server: framing tricks neither smuggle a request nor break the service."""

import json
import socket

import pytest

from inventory.models import Category
from tests.builders import make_key
from tests.live import serving

pytestmark = pytest.mark.slow
BODY = b'{"name": "Over the wire"}'


def exchange(origin: str, request: bytes) -> tuple[int, bytes]:
    """The status and the body of the first answer to `request`; 0 when the server hangs up."""
    host, _, port = origin.removeprefix("http://").partition(":")
    with socket.create_connection((host, int(port)), timeout=10) as wire:
        wire.sendall(request)
        received = b""
        while chunk := wire.recv(65536):
            received += chunk
    head, _, body = received.partition(b"\r\n\r\n")
    return (int(head.split()[1]) if head else 0), body


def test_framing(transactional_db):
    key = make_key().encode()
    post = b"POST /api/v1/categories HTTP/1.1\r\nHost: 127.0.0.1\r\nConnection: close\r\n"
    post += b"Authorization: Bearer " + key + b"\r\nContent-Type: application/json\r\n"
    get = post.replace(b"POST /api/v1/categories", b"GET /api/v1/me")
    chunked = b"%x\r\n%b\r\n0\r\n\r\n" % (len(BODY), BODY)

    with serving() as origin:
        told = {
            "length": exchange(origin, post + b"Content-Length: %d\r\n\r\n" % len(BODY) + BODY),
            "chunked": exchange(origin, post + b"Transfer-Encoding: chunked\r\n\r\n" + chunked),
            "both": exchange(origin, post + b"Content-Length: 4\r\nTransfer-Encoding: chunked\r\n\r\n" + chunked),
            "two lengths": exchange(origin, post + b"Content-Length: 2\r\nContent-Length: 30\r\n\r\n{}" + BODY),
            "no number": exchange(origin, post + b"Content-Length: abc\r\n\r\n" + BODY),
            "negative": exchange(origin, post + b"Content-Length: -1\r\n\r\n" + BODY),
            "bad chunk": exchange(origin, post + b"Transfer-Encoding: chunked\r\n\r\nzz\r\n{}\r\n0\r\n\r\n"),
            "gzip": exchange(origin, post + b"Content-Encoding: gzip\r\nContent-Length: 4\r\n\r\n\x1f\x8b\x08\x00"),
            "bogus type": exchange(origin, get.replace(b"application/json", b"x/y; a*=BOGUS''z") + b"\r\n"),
            "nul in path": exchange(origin, get.replace(b"/me", b"/products/%00") + b"\r\n"),
            "no host": exchange(origin, get.replace(b"Host: 127.0.0.1\r\n", b"") + b"\r\n"),
            "foreign host": exchange(origin, get.replace(b"Host: 127.0.0.1", b"Host: evil.example") + b"\r\n"),
            "control in header": exchange(origin, get + b"X-Request-ID: a\x01b\r\n\r\n"),
            "no protocol": exchange(origin, b"GARBAGE\r\n\r\n"),
            "head": exchange(origin, get.replace(b"GET", b"HEAD") + b"\r\n"),
            "well": exchange(origin, get + b"\r\n"),
        }

    statuses = {name: status for name, (status, _) in told.items()}
    assert {name for name, status in statuses.items() if status >= 500} == set()
    assert (statuses["length"], statuses["chunked"], statuses["well"]) == (201, 201, 200)
    assert told["head"] == (200, b"")
    # Whichever framing wins, it is one request: none of the rest of the bytes was taken for another.
    assert statuses["both"] in (201, 400)
    assert Category.objects.count() == sum(status == 201 for status in statuses.values())
    for name in ("gzip", "bogus type", "nul in path", "foreign host"):
        assert json.loads(told[name][1])["status"] == statuses[name]
