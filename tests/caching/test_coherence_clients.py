"""The clients of `tests.coherence` understand what a server says, and nobody dies unheard."""

import socket
from collections import Counter
from collections.abc import Iterator
from multiprocessing import Pipe

import pytest

from tests.coherence.crowd import Court
from tests.coherence.oracle import FOREVER, Judge, Read, Seen
from tests.coherence.wire import Broken, Line

ANSWER = b"HTTP/1.1 200 OK\r\nContent-Length: 5\r\ncache-status: stockroom; hit\r\n\r\n[1,2]"


@pytest.fixture
def ends() -> Iterator[tuple[Line, socket.socket]]:
    """A connection that has asked, and the server's end of it."""
    with socket.create_server(("127.0.0.1", 0)) as listening:
        line = Line(listening.getsockname()[1])
        line.connect()
        there, _ = listening.accept()
        with there:
            line.ask(b"GET")
            there.recv(3)
            yield line, there
        line.close()


def test_an_answer_may_come_in_pieces(ends: tuple[Line, socket.socket]) -> None:
    line, there = ends

    heard = []
    for piece in (ANSWER[:20], ANSWER[20:-2], ANSWER[-2:]):
        there.sendall(piece)
        heard.append(line.receive())

    assert heard == [None, None, (200, b"stockroom; hit", b"[1,2]")]
    assert line.started is None


@pytest.mark.parametrize("said", [b"", b"HTTP/1.1 200 OK\r\n\r\n", b"nonsense\r\nContent-Length: 0\r\n\r\n"])
def test_what_is_no_answer_is_trouble(ends: tuple[Line, socket.socket], said: bytes) -> None:
    line, there = ends

    there.sendall(said)
    there.close()

    with pytest.raises(Broken):
        line.receive()


def test_the_court_waits_for_the_slowest_client() -> None:
    (first, one), (second, two) = Pipe(duplex=False), Pipe(duplex=False)
    read = Read(10, 20, True, (Seen(0, 1, 1),))
    court, judged = Court(Judge({0: 0}), [first, second]), []

    one.send((30, [], [read], Counter()))
    two.send((15, [], [], Counter()))
    court.hear(first)
    court.hear(second)
    judged.append(court.judge.found["reads"])
    for post in (one, two):
        post.send((FOREVER, [], [], Counter({"answered 503": 1})))
    court.sit(lambda: None)

    assert [*judged, court.judge.found["reads"]] == [0, 1]
    assert court.failed == {"answered 503": 2}


def test_the_death_of_a_client_is_heard() -> None:
    here, there = Pipe(duplex=False)
    court = Court(Judge({}), [here])

    there.close()

    with pytest.raises(EOFError):
        court.sit(lambda: None)


def test_an_answer_of_5xx_is_the_services_mistake_but_for_503() -> None:
    here, there = Pipe(duplex=False)
    court = Court(Judge({}), [here])

    there.send((FOREVER, [], [], Counter({"answered 503": 4, "answered 500": 2, "answered 502": 1, "answered 404": 8})))
    court.sit(lambda: None)

    assert court.mistakes == 3
