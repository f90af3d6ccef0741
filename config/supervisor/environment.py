"""What a start is told by its environment, and the small files that it keeps in DATA_DIR.

secret_key, demo_key    made once, readable by their owner only
env                     what the running service was started with; `manage.py` takes what it was not told from here
lock                    held while a supervisor, or the guardian of a killed one, is at work
postgres, *.log         the embedded servers
"""

import fcntl
import os
import secrets
import shlex
import socket
import time
from collections.abc import Callable, Mapping, MutableMapping
from dataclasses import dataclass
from pathlib import Path

from config.serve import MOST_WORKERS, default_workers
from config.supervisor.failures import Failure
from config.supervisor.guardian import PATIENCE_S, lives

ROOT = Path(__file__).resolve().parent.parent.parent
DATA_DIR = ".data"
LEAST_KEY_LENGTH = 32
LOOPBACK = ("127.0.0.1", "localhost", "::1")
EVERYWHERE = {"0.0.0.0": "127.0.0.1", "::": "::1"}  # noqa: S104 - where to look for ourselves then


@dataclass(frozen=True)
class Options:
    """What `make run` understands, checked. `port` 0 asks for any free one."""

    host: str
    port: int
    data_dir: Path
    web_workers: int
    demo: bool
    database_url: str
    redis_url: str
    bootstrap_key: str

    def url(self, port: int) -> str:
        """Where the service is found from this machine."""
        return f"http://{_bracketed(EVERYWHERE.get(self.host, self.host))}:{port}"


def read(environment: Mapping[str, str]) -> Options:
    """The options. `Failure` names everything that is wrong, at once."""
    wrong: list[str] = []

    def number(name: str, default: int, lowest: int, highest: int) -> int:
        text = environment.get(name, "").strip() or str(default)
        if text.isascii() and text.isdigit() and lowest <= int(text) <= highest:
            return int(text)
        wrong.append(f"{name} must be a number from {lowest} to {highest}, not {text!r}.")
        return default

    demo = environment.get("DEMO", "").strip().lower() or "1"
    if demo not in ("0", "1", "false", "true", "no", "yes", "off", "on"):
        wrong.append(f"DEMO must be 0 or 1, not {demo!r}.")
    key = environment.get("BOOTSTRAP_API_KEY", "").strip()
    if key and (len(key) < LEAST_KEY_LENGTH or not key.isascii() or not key.isprintable() or " " in key):
        wrong.append(f"BOOTSTRAP_API_KEY needs at least {LEAST_KEY_LENGTH} visible ASCII characters.")
    options = Options(
        host=environment.get("HOST", "").strip() or "127.0.0.1",
        port=number("PORT", 8000, 0, 65535),
        data_dir=(ROOT / (environment.get("DATA_DIR", "").strip() or DATA_DIR)).resolve(),
        web_workers=number("WEB_WORKERS", default_workers(), 1, MOST_WORKERS),
        demo=demo in ("1", "true", "yes", "on"),
        database_url=environment.get("DATABASE_URL", "").strip(),
        redis_url=environment.get("REDIS_URL", "").strip(),
        bootstrap_key=key,
    )
    if wrong:
        raise Failure("\n".join(wrong))
    return options


def names_for(host: str) -> list[str]:
    """Names by which callers may know a service that listens at `host`, besides the loopback's."""
    if host in EVERYWHERE:
        return [socket.gethostname().lower(), socket.getfqdn().lower()]
    return [] if host in LOOPBACK else [_bracketed(host)]


def free_port(host: str, port: int) -> int:
    """`port`, or a free one for 0. `Failure` if somebody listens there already, or may not."""
    try:
        family, kind, protocol, _, address = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)[0]
        with socket.socket(family, kind, protocol) as probe:
            probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            probe.bind(address)
            return int(probe.getsockname()[1])
    except OSError as error:
        raise Failure(
            f"Port {port} of {host} cannot be used: {error.strerror or error}. "
            "Choose another one with PORT=…, or stop what runs there."
        ) from error


def make_data_dir(path: Path) -> None:
    try:
        if not path.is_dir():
            path.mkdir(parents=True)
            path.chmod(0o711)  # PostgreSQL may run as another user; the secrets inside are closed by themselves
        os.close(os.open(path / "lock", os.O_CREAT | os.O_RDWR, 0o600))
    except OSError as error:
        raise Failure(f"DATA_DIR {path} cannot be written: {error.strerror}.") from error


def lock(data_dir: Path) -> int:
    """Take DATA_DIR for this process. Returns a file descriptor that holds the lock until it is closed.

    A start right after a `kill -9` waits until the guardian of the killed one has stopped the last child.
    """
    descriptor = os.open(data_dir / "lock", os.O_RDWR)
    deadline = time.monotonic() + PATIENCE_S + 5.0
    while True:
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            holder = os.pread(descriptor, 20, 0).decode().strip()
            if (holder.isdigit() and lives(int(holder))) or time.monotonic() > deadline:
                os.close(descriptor)
                raise Failure(
                    f"{data_dir} is in use: Stockroom runs there already (process {holder or 'unknown'}). "
                    "Stop it first, or choose another folder with DATA_DIR=…."
                ) from None
            time.sleep(0.1)
        else:
            os.ftruncate(descriptor, 0)
            os.pwrite(descriptor, str(os.getpid()).encode(), 0)
            return descriptor


def kept_secret(path: Path, make: Callable[[], str] = lambda: secrets.token_urlsafe(50)) -> str:
    """The secret in this file, made on the first call. Never half written, never readable by others."""
    if not path.exists():
        _write_private(path, make() + "\n")
    return path.read_text().strip()


def publish(data_dir: Path, variables: Mapping[str, str]) -> None:
    """Write DATA_DIR/env, in a shell's spelling."""
    lines = [f"{name}={shlex.quote(value)}\n" for name, value in sorted(variables.items())]
    _write_private(data_dir / "env", "".join(lines))


def adopt(environment: MutableMapping[str, str]) -> None:
    """Set the variables of DATA_DIR/env that are not set: `manage.py` then talks to the service that runs."""
    path = ROOT / (environment.get("DATA_DIR", "").strip() or DATA_DIR) / "env"
    try:
        text = path.read_text()
    except OSError:
        return
    for assignment in shlex.split(text):
        name, _, value = assignment.partition("=")
        environment.setdefault(name, value)


def _bracketed(host: str) -> str:
    return f"[{host}]" if ":" in host else host


def _write_private(path: Path, text: str) -> None:
    half = path.with_name(f"{path.name}.{os.getpid()}")
    with open(os.open(half, os.O_CREAT | os.O_TRUNC | os.O_WRONLY, 0o600), "w") as file:
        file.write(text)
    half.replace(path)
