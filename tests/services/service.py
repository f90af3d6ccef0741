"""Starting the real thing in a process of its own, and looking at what is left of it."""

import json
import os
import signal
import subprocess
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import Any

import psutil

from config.supervisor.environment import ROOT, free_port
from config.supervisor.guardian import lives

KEY = "a-key-for-automation-that-is-long-enough"
OURS = ("DATABASE_URL", "REDIS_URL", "LIMITS_REDIS_URL", "DJANGO_SETTINGS_MODULE", "SECRET_KEY", "ALLOWED_HOSTS")


def environment(**variables: str) -> dict[str, str]:
    """What a person's terminal has: nothing of this test run."""
    kept = {name: value for name, value in os.environ.items() if name not in OURS and not name.startswith("PYTEST")}
    return kept | variables


class Service:
    """One `make run` without make."""

    def __init__(self, data_dir: Path, **variables: str) -> None:
        self.data_dir = data_dir
        self.log = data_dir.parent / f"{data_dir.name}.log"
        self.port = int(variables.get("PORT") or free_port("127.0.0.1", 0))
        told = {"PORT": str(self.port), "DATA_DIR": str(data_dir), "DEMO": "0", "WEB_WORKERS": "1"} | variables
        with open(self.log, "ab") as output:
            self.process = subprocess.Popen(
                [sys.executable, "-m", "config.supervisor"],
                cwd=ROOT,
                env=environment(**told),
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=output,
                start_new_session=True,
            )

    def __enter__(self) -> "Service":
        return self

    def __exit__(self, *_: object) -> None:
        if self.process.poll() is None:
            self.stop(signal.SIGTERM)

    def ready(self) -> "Service":
        eventually(lambda: self.process.poll() is not None or self.status("/health/ready") == 200, 120)
        assert self.process.poll() is None, self.said()
        return self

    def refused(self) -> str:
        """Wait for its end, which must be one with an exit code; what it said."""
        assert self.process.wait(30) == 1, self.said()
        return self.said()

    def stop(self, number: signal.Signals) -> int:
        self.process.send_signal(number)
        return self.process.wait(30)

    def said(self) -> str:
        return self.log.read_text()

    def family(self) -> dict[str, psutil.Process]:
        """Every process beneath the supervisor, by a word of its command line (the first of each kind)."""
        kinds = {"granian": "web", "procrastinate": "worker", "valkey": "valkey", "guardian": "guardian"}
        found: dict[str, psutil.Process] = {}
        for process in psutil.Process(self.process.pid).children(recursive=True):
            line = " ".join(process.cmdline())
            kind = next((kind for word, kind in kinds.items() if word in line), "")
            kind = kind or ("postgres" if "-D" in process.cmdline() else f"other {process.pid}")
            found.setdefault(kind if kind not in found else f"{kind} {process.pid}", process)
        return found

    def status(self, path: str) -> int:
        try:
            with urllib.request.urlopen(f"http://127.0.0.1:{self.port}{path}", timeout=5) as answer:
                return answer.status
        except urllib.error.HTTPError as error:
            with error:
                return error.code
        except OSError:
            return 0

    def get(self, path: str, key: str) -> Any:
        request = urllib.request.Request(
            f"http://127.0.0.1:{self.port}/api/v1/{path}", headers={"Authorization": f"Bearer {key}"}
        )
        with urllib.request.urlopen(request, timeout=10) as answer:
            return json.load(answer)


def eventually(true: Callable[[], bool], seconds: float = 15) -> bool:
    deadline = time.monotonic() + seconds
    while not true():
        if time.monotonic() > deadline:
            return False
        time.sleep(0.05)
    return True


def all_gone(pids: Iterable[int], seconds: float = 15) -> bool:
    several = list(pids)
    return eventually(lambda: not any(lives(pid) for pid in several), seconds)
