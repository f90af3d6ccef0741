"""What ours is measured against: bare WSGI callables, each doing one thing, and a REST framework project.

Each is a process of its own on the same web server; none promises what the service promises.
"""

from collections.abc import Callable
from typing import Any

StartResponse = Callable[..., Any]


def answer(start_response: StartResponse, body: bytes, status: str = "200 OK") -> list[bytes]:
    start_response(status, [("Content-Type", "application/json"), ("Content-Length", str(len(body)))])
    return [body]
