"""Connections to Redis that speak to one known server process and to no other.

A restarted server may bring old data back, and so may a promoted replica. `connect` therefore names the process it
wants, and each new connection asks the server who it is before anything else. Clients come from django-redis' own
connection factories, so a Sentinel set-up is a matter of settings.
"""

import re
from typing import Any

from django.conf import settings
from django_redis.pool import get_connection_factory
from redis import Redis
from redis.backoff import NoBackoff
from redis.exceptions import ConnectionError
from redis.retry import Retry


class WrongProcess(ConnectionError):
    """The server at the other end is not the trusted one, or is a replica."""


def connect(process: str | None) -> Redis:
    """A client with its own pool, whose connections are refused (`WrongProcess`) by any server but `process`.

    Lazy: no command is sent before the first one. None accepts any server that is not a replica.
    """

    def verify(connection: Any) -> None:
        connection.on_connect()
        seen = identity_of(connection)
        if process is not None and seen != process:
            raise WrongProcess(f"expected the Redis process {process}, met {seen}")

    configured: dict[str, Any] = settings.CACHES["default"]
    options, location = dict(configured.get("OPTIONS", {})), configured["LOCATION"]
    # Replicas are never asked: django-redis lists the primary first.
    primary = location.split(",")[0] if isinstance(location, str) else location[0]
    factory: Any = get_connection_factory(options)
    parameters = factory.make_connection_params(primary) | {
        "redis_connect_func": verify,
        "socket_timeout": settings.REDIS_TIMEOUT_S,
        "socket_connect_timeout": settings.REDIS_TIMEOUT_S,
        # One more try where the server had closed an idle connection; none after a time-out, which bounds the wait.
        "retry": Retry(NoBackoff(), 1, supported_errors=(ConnectionError,)),
    }
    return Redis(connection_pool=factory.get_connection_pool(parameters))


def identify() -> str:
    """The process that answers now. `redis.RedisError` if none does."""
    client = connect(None)
    try:
        connection = client.connection_pool.get_connection()
        return identity_of(connection)
    finally:
        client.connection_pool.disconnect()


def identity_of(connection: Any) -> str:
    """`<run id>.<replication id>`: a server keeps the first for life and gets a new second one when it is promoted."""
    connection.send_command("INFO", "server")
    run = _field(connection.read_response(), "run_id")
    connection.send_command("INFO", "replication")
    replication = connection.read_response()
    if _field(replication, "role") != "master":
        raise WrongProcess("the server is a replica")
    return f"{run}.{_field(replication, 'master_replid')}"


def _field(info: bytes | str, name: str) -> str:
    text = info.decode() if isinstance(info, bytes) else info
    found = re.search(rf"^{name}:(\w+)", text, re.MULTILINE)
    if found is None:
        raise WrongProcess(f"INFO does not tell {name}")
    return found[1]
