"""A connection to Redis with nothing around it, for the round trip that has to be cheap; each thread has its own.

It speaks to one known server process and to no other, as the clients of `connection` do, and raises their errors.
Whatever it does not expect ends the connection: replies that nobody has read would be taken for those to come.
"""

import socket
import struct
from contextlib import suppress
from dataclasses import dataclass
from typing import Any

import hiredis
from redis.connection import SSLConnection, UnixDomainSocketConnection, parse_url
from redis.exceptions import ConnectionError, TimeoutError

from inventory.caching.connection import WrongProcess, identity_of

_PIECE = 65_536
_KNOWN = frozenset({"host", "port", "path", "db", "username", "password", "connection_class"})


@dataclass(frozen=True, slots=True)
class Place:
    """A server. `at` is the path of a socket, or host and port."""

    at: str | tuple[str, int]
    login: tuple[str, ...] = ()


def place_of(url: str) -> tuple[Place, int] | None:
    """The server and the logical database that `url` names; None: it wants something that a bare socket cannot do."""
    try:
        wanted: dict[str, Any] = parse_url(url)  # type: ignore[no-untyped-call]
    except ValueError:
        return None
    if not set(wanted) <= _KNOWN or issubclass(wanted.get("connection_class", object), SSLConnection):
        return None
    login = tuple(wanted[name] for name in ("username", "password") if wanted.get(name))
    if issubclass(wanted.get("connection_class", object), UnixDomainSocketConnection):
        return Place(wanted["path"], login), int(wanted.get("db", 0))
    return Place((wanted.get("host", "localhost"), wanted.get("port", 6379)), login), int(wanted.get("db", 0))


def packed(*words: str) -> bytes:
    """A command as Redis reads it."""
    text = "".join([f"${len(word)}\r\n{word}\r\n" for word in words])
    if text.isascii():
        return f"*{len(words)}\r\n{text}".encode()
    raw = [word.encode() for word in words]  # lengths are those of bytes
    return b"*%d\r\n" % len(raw) + b"".join([b"$%d\r\n%b\r\n" % (len(word), word) for word in raw])


class Wire:
    """Lives as long as all goes well: after an error it is closed for good, and `is_open` says so."""

    def __init__(self, place: Place, process: str, timeout_s: float) -> None:
        self.is_open = True
        replies = hiredis.Reader()
        self._feed, self._next = replies.feed, replies.gets
        try:
            self._socket = _connected(place, timeout_s)
            if place.login:
                self.do("AUTH", *place.login)
            seen = identity_of(self)
        except OSError as error:
            self.close()
            raise ConnectionError(str(error)) from error
        except BaseException:
            self.close()
            raise
        if seen != process:
            self.close()
            raise WrongProcess(f"expected the Redis process {process}, met {seen}")

    def do(self, *words: str) -> Any:
        """One command that must not be refused."""
        return self.ask(packed(*words), 1)[0]

    def ask(self, commands: bytes, count: int) -> list[Any]:
        """The replies to so many commands, sent at once."""
        try:
            self._socket.sendall(commands)
            return self._read(count)
        except BlockingIOError as error:  # what a blocking socket says when its time is over
            self.close()
            raise TimeoutError("Redis did not answer in time") from error
        except (OSError, hiredis.HiredisError) as error:
            self.close()
            raise ConnectionError(str(error)) from error
        except BaseException:
            self.close()
            raise

    def _read(self, count: int) -> list[Any]:
        replies: list[Any] = []
        while len(replies) < count:
            reply = self._next()
            if reply is False:  # not all of it is here
                piece = self._socket.recv(_PIECE)
                if not piece:
                    raise ConnectionResetError("Redis closed the connection")
                self._feed(piece)
            elif isinstance(reply, hiredis.ReplyError):
                raise ConnectionAbortedError(f"Redis refused a command: {reply}")
            else:
                replies.append(reply)
        return replies

    def close(self) -> None:
        self.is_open = False
        with suppress(AttributeError, OSError):
            self._socket.close()

    def __del__(self) -> None:
        self.close()  # its thread has ended

    # What `identity_of` wants of a connection.

    def send_command(self, *words: str) -> None:
        self._socket.sendall(packed(*words))

    def read_response(self) -> Any:
        return self._read(1)[0]


def _connected(place: Place, timeout_s: float) -> socket.socket:
    if isinstance(place.at, str):
        found = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
        found.settimeout(timeout_s)
        found.connect(place.at)
    else:
        found = socket.create_connection(place.at, timeout_s)
        found.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    # The kernel keeps the time: Python's own time-outs cost a system call more for each piece that is read.
    found.settimeout(None)
    limit = struct.pack("ll", int(timeout_s), int(timeout_s % 1 * 1e6))
    for which in (socket.SO_RCVTIMEO, socket.SO_SNDTIMEO):
        found.setsockopt(socket.SOL_SOCKET, which, limit)
    return found
