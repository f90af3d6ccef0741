"""The client of the writers: one request after the other."""

import http.client
import json
import random
from typing import Any
from uuid import uuid4

from .stage import KEY

TROUBLE = (OSError, http.client.HTTPException, ValueError)


class Client:
    """Keep-alive connections to every web server, one asked at random each time."""

    def __init__(self, origins: list[str]) -> None:
        self._ports = [int(origin.rpartition(":")[2]) for origin in origins]
        self._connections: dict[int, http.client.HTTPConnection] = {}

    def ask(self, method: str, path: str, body: Any) -> tuple[int, Any]:
        """Status and decoded body. One of TROUBLE if no answer comes."""
        port = random.choice(self._ports)
        connection = self._connections.get(port) or http.client.HTTPConnection("127.0.0.1", port, timeout=20)
        self._connections[port] = connection
        headers = {"Authorization": f"Bearer {KEY}", "Content-Type": "application/json", "If-Match": "*"}
        if method == "POST":  # with a key, adjustments share transactions
            headers["Idempotency-Key"] = uuid4().hex
        try:
            connection.request(method, f"/api/v1{path}", json.dumps(body), headers)
            answer = connection.getresponse()
            return answer.status, json.loads(answer.read() or b"null")
        except TROUBLE:
            connection.close()
            del self._connections[port]
            raise
