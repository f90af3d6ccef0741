"""The limit of a cache in Redis: one GET in the fewest lines of Python that read the protocol."""

import os
import socket
import threading
from typing import Any
from urllib.parse import parse_qs, urlsplit

from . import StartResponse, answer

URL = urlsplit(os.environ["REDIS_URL"])
local = threading.local()


def application(environ: dict[str, Any], start_response: StartResponse) -> list[bytes]:
    key = environ["PATH_INFO"][1:].encode()
    redis = connection()
    redis.sendall(b"*2\r\n$3\r\nGET\r\n$%d\r\n%b\r\n" % (len(key), key))
    said = redis.recv(65_536)
    head, _, rest = said.partition(b"\r\n")
    length = int(head[1:])
    if length < 0:
        return answer(start_response, b"", "404 Not Found")
    while len(rest) < length + 2:
        rest += redis.recv(65_536)
    return answer(start_response, rest[:length])


def connection() -> socket.socket:
    if not hasattr(local, "redis"):
        local.redis = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
        local.redis.connect(URL.path)
        local.redis.sendall(b"SELECT %d\r\n" % int(parse_qs(URL.query)["db"][0]))
        local.redis.recv(64)
    return local.redis
