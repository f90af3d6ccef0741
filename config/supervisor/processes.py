"""The children: started so that they cannot outlive us, watched, restarted, stopped in order."""

import contextlib
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

from config.supervisor.child import HERE, Child, Program
from config.supervisor.failures import Failure, StopAsked
from config.supervisor.guardian import PATIENCE_S, lives

TICK_S = 0.05
FIRST_BACKOFF_S, LONGEST_BACKOFF_S = 0.5, 30.0
STEADY_AFTER_S = 60.0


class Keeper:
    """Holds the children of one supervisor and the guardian that outlives it."""

    def __init__(self, inherit: tuple[int, ...] = (), patience_s: float = PATIENCE_S) -> None:
        """`inherit` are file descriptors (a lock) that the guardian keeps open as long as it has work.

        `patience_s` is how long it waits for children that were asked to stop.
        """
        self.children: list[Child] = []
        self.stop_asked = False
        self._deaths: dict[str, int] = {}
        self._due: dict[str, tuple[float, Program]] = {}
        self._parent: int | None = None
        self.guardian = subprocess.Popen(
            [sys.executable, "-I", "-S", str(HERE / "guardian.py"), str(patience_s)],
            stdin=subprocess.PIPE,
            stdout=subprocess.DEVNULL,
            text=True,
            cwd="/",
            pass_fds=inherit,
            start_new_session=True,
        )

    def obey(self, *, stop_with_parent: bool = False) -> None:
        """From now on Ctrl-C, SIGTERM and SIGHUP (and the death of our parent, if told so) ask for an orderly stop."""

        def ask(number: int, frame: object) -> None:
            self.stop_asked = True

        for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
            signal.signal(number, ask)
        self._parent = os.getppid() if stop_with_parent else None

    def pause(self, seconds: float = TICK_S) -> None:
        """Sleep in slices. `StopAsked` as soon as somebody asked."""
        deadline = time.monotonic() + seconds
        while True:
            if self.stop_asked or (self._parent is not None and os.getppid() != self._parent):
                raise StopAsked
            left = deadline - time.monotonic()
            if left <= 0:
                return
            time.sleep(min(left, TICK_S))

    def wait_until(self, true: Callable[[], bool], seconds: float) -> bool:
        """Poll `true` for at most `seconds`; whether it came true."""
        deadline = time.monotonic() + seconds
        while not true():
            if time.monotonic() > deadline:
                return False
            self.pause()
        return True

    def clean_up_later(self, folder: Path) -> None:
        """A folder that the guardian removes if we cannot."""
        self._tell(f"rm {folder}")

    def start(self, program: Program) -> Child:
        child = Child(program)
        self._tell(f"+ {child.pid} {int(program.stop_signal)}")
        self.children.append(child)
        return child

    def run(self, program: Program, seconds: float) -> int:
        """Run a program to its end. Returns its exit code; `Failure` if it takes too long."""
        child = self.start(program)
        if not self.wait_until(lambda: not child.alive, seconds):
            raise Failure(f"{program.name} did not end within {seconds:.0f} s.")
        self._bury(child)
        return child.process.returncode

    def tend(self, report: Callable[[str], None]) -> None:
        """Restart what has died, later and later when it keeps dying."""
        now = time.monotonic()
        for child in [child for child in self.children if not child.alive]:
            self._bury(child)
            name = child.program.name
            deaths = 0 if now - child.started > STEADY_AFTER_S else self._deaths.get(name, 0)
            self._deaths[name] = deaths + 1
            wait = min(LONGEST_BACKOFF_S, FIRST_BACKOFF_S * 2**deaths)
            self._due[name] = (now + wait, child.program)
            report(f"{name} ended with {_ending(child.process.returncode)}; starting it again in {wait:g} s")
        for name, (when, program) in list(self._due.items()):
            if now >= when:
                del self._due[name]
                self.start(program)

    def deaths(self, name: str) -> int:
        return self._deaths.get(name, 0)

    def stop(self, *groups: tuple[str, ...]) -> None:
        """Stop the children named in each group together, group after group; then the rest, then the guardian."""
        self._due.clear()
        for group in (*groups, tuple(child.program.name for child in self.children)):
            chosen = [child for child in self.children if child.program.name in group]
            for child in chosen:
                child.ask_to_stop()
            begun = time.monotonic()
            for child in chosen:
                child.finish(begun + child.program.grace_s)
                self._bury(child)
        self._tell("bye")
        if self.guardian.stdin:
            self.guardian.stdin.close()
        self.guardian.wait()

    def _bury(self, child: Child) -> None:
        child.finish(time.monotonic())
        self.children.remove(child)
        self._tell(f"- {child.pid}")

    def _tell(self, line: str) -> None:
        if self.guardian.stdin is None or not lives(self.guardian.pid):
            return
        with contextlib.suppress(BrokenPipeError):
            self.guardian.stdin.write(line + "\n")
            self.guardian.stdin.flush()


def _ending(code: int) -> str:
    return f"signal {signal.Signals(-code).name}" if code < 0 else f"exit code {code}"
