"""The web server: granian before `config.wsgi`, the same everywhere. `python -m config.serve` becomes it.

HOST, PORT (127.0.0.1, 8000), WEB_WORKERS processes (one per processor, at most 4) with WEB_THREADS threads each (16; no
more than DATABASE_POOL_MAX, or they wait for each other's connections).
"""

import os
import sys
import tempfile
from collections.abc import Mapping
from pathlib import Path

MOST_WORKERS = 64


def default_workers() -> int:
    return min(4, os.cpu_count() or 1)


def command(environment: Mapping[str, str]) -> list[str]:
    """How granian is called."""
    settings = {
        "interface": "wsgi",
        "host": environment.get("HOST") or "127.0.0.1",
        "port": environment.get("PORT") or "8000",
        "workers": environment.get("WEB_WORKERS") or default_workers(),
        "blocking-threads": environment.get("WEB_THREADS") or 16,
        # Longest that granian allows: a new thread would first have to open its database connection.
        "blocking-threads-idle-timeout": 600,
        "workers-kill-timeout": 20,
        "respawn-interval": 0.5,
        # Its warnings are about more threads than processors: ours wait for each other, which is what they are for.
        "log-level": "error",
    }
    flags = [f"--{name}={value}" for name, value in settings.items()]
    return [sys.executable, "-m", "granian", *flags, "--respawn-failed-workers", "--no-ws", "config.wsgi:application"]


def metrics_folder(environment: Mapping[str, str]) -> Path:
    """Where the web processes share their counters: an empty folder that is ours alone."""
    named = environment.get("PROMETHEUS_MULTIPROC_DIR")
    name = f"stockroom-metrics-{os.getuid()}-{environment.get('PORT') or 8000}"
    folder = Path(named or Path(tempfile.gettempdir(), name))
    folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    if not named and (folder.is_symlink() or folder.stat().st_uid != os.getuid()):
        return Path(tempfile.mkdtemp())  # somebody was here first, and may be no friend
    for file in folder.glob("*.db"):  # of processes that are no more
        file.unlink()
    return folder


def main() -> None:
    # Set for the server alone: any other command would look for the folder and not find it.
    os.environ["PROMETHEUS_MULTIPROC_DIR"] = str(metrics_folder(os.environ))
    program = command(os.environ)
    os.execv(program[0], program)  # noqa: S606 - this process becomes the server


if __name__ == "__main__":
    main()
