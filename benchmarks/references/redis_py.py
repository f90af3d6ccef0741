"""The limit of a cache in Redis, by redis-py: one GET."""

import os
from typing import Any

from redis import Redis

from . import StartResponse, answer

redis = Redis.from_url(os.environ["REDIS_URL"])


def application(environ: dict[str, Any], start_response: StartResponse) -> list[bytes]:
    body: Any = redis.get(environ["PATH_INFO"][1:])
    return answer(start_response, b"", "404 Not Found") if body is None else answer(start_response, body)
