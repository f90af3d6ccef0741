"""Stops the children of a supervisor that can no longer do it: one that was killed with SIGKILL or crashed.

    python -I guardian.py [PATIENCE_S] < pipe

Reads lines from a pipe whose other end only the supervisor holds. End of file means that the supervisor is gone.

    + PID SIGNAL    watch this process group; SIGNAL is what makes it stop in order
    - PID           it has ended
    rm PATH         a folder to remove at the end
    bye             an orderly end: nothing to do

Runs by path and imports the standard library only. It inherits the lock of DATA_DIR, so that the next start waits
until the last child of this one is gone.
"""

import contextlib
import os
import shutil
import signal
import sys
import time
from collections.abc import Callable

PATIENCE_S = 8.0


def main() -> None:
    for name in ("SIGINT", "SIGTERM", "SIGHUP"):
        signal.signal(getattr(signal, name), signal.SIG_IGN)
    watched: dict[int, int] = {}
    folders: list[str] = []
    for line in sys.stdin:
        word, *rest = line.rstrip("\n").split(" ", 2)
        if word == "+":
            watched[int(rest[0])] = int(rest[1])
        elif word == "-":
            watched.pop(int(rest[0]), None)
        elif word == "rm":
            folders.append(" ".join(rest))
        elif word == "bye":
            return
    stop(watched, float(sys.argv[1]) if len(sys.argv) > 1 else PATIENCE_S)
    for folder in folders:
        shutil.rmtree(folder, ignore_errors=True)


def stop(watched: dict[int, int], patience_s: float) -> None:
    """Ask everyone, wait for `patience_s` at most, and kill what is left of their process groups."""
    for pid, number in watched.items():
        send(os.kill, pid, number)
    deadline = time.monotonic() + patience_s
    while any(lives(pid) for pid in watched) and time.monotonic() < deadline:
        time.sleep(0.05)
    for pid in watched:
        send(os.killpg, pid, signal.SIGKILL)


def send(deliver: Callable[[int, int], None], pid: int, number: int) -> None:
    with contextlib.suppress(ProcessLookupError, PermissionError):
        deliver(pid, number)


def lives(pid: int) -> bool:
    """Is there such a process? A zombie is none: in a container nobody may ever collect it."""
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    except PermissionError:
        return True
    try:
        with open(f"/proc/{pid}/stat") as file:
            return file.read().rpartition(")")[2].split()[0] not in ("Z", "X")
    except OSError:  # not Linux
        return True


if __name__ == "__main__":
    main()
