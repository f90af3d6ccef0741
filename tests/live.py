"""The service as a process: granian on a free port of loopback, on the database of the test that asks."""

import os
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from urllib.error import URLError
from urllib.parse import quote
from urllib.request import urlopen

from django.conf import settings
from django.db import connection

ROOT = Path(__file__).resolve().parent.parent
STARTS_WITHIN_S = 60


@contextmanager
def serving(**environment: str) -> Iterator[str]:
    """The origin of a server that runs until the block ends, such as http://127.0.0.1:40123."""
    port = _free_port()
    command = [sys.executable, "-m", "granian", "--interface", "wsgi", "--host", "127.0.0.1", "--port", str(port)]
    with subprocess.Popen(
        [*command, "--workers", "1", "--blocking-threads", "4", "--no-ws", "config.wsgi:application"],
        cwd=ROOT,
        env=_environment() | environment,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.PIPE,
    ) as server:
        try:
            origin = f"http://127.0.0.1:{port}"
            _wait_for(origin, server)
            yield origin
        finally:
            server.terminate()


def _environment() -> dict[str, str]:
    database = connection.settings_dict
    host, user = quote(str(database["HOST"]), safe=""), quote(str(database["USER"]), safe="")
    address = f"{user}@{host}" + (f":{database['PORT']}" if database["PORT"] else "")
    return os.environ | {
        "DJANGO_SETTINGS_MODULE": "config.settings",
        "DATABASE_URL": f"postgres://{address}/{quote(str(database['NAME']), safe='')}",
        "REDIS_URL": settings.REDIS_URL,
        "LIMITS_REDIS_URL": settings.LIMITS_REDIS_URL,
        "SECRET_KEY": settings.SECRET_KEY,
        "ALLOWED_HOSTS": "127.0.0.1",
        "LOG_LEVEL": "ERROR",
    }


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port


def _wait_for(origin: str, server: subprocess.Popen[bytes]) -> None:
    until = time.monotonic() + STARTS_WITHIN_S
    while time.monotonic() < until:
        if server.poll() is not None:
            raise RuntimeError((server.stderr.read() if server.stderr else b"").decode()[-2000:])
        try:
            with urlopen(f"{origin}/health/ready", timeout=5):
                return
        except (URLError, OSError):
            time.sleep(0.1)
    raise TimeoutError(f"The server did not answer within {STARTS_WITHIN_S} s.")
