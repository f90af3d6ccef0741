"""One program and the process group that it runs in."""

import contextlib
import os
import signal
import subprocess
import sys
import time
from dataclasses import dataclass, field
from pathlib import Path

from config.supervisor.accounts import Account

HERE = Path(__file__).parent


@dataclass(frozen=True)
class Program:
    """What to run. `output` is a file for stdout and stderr; None shares ours."""

    name: str
    command: list[str]
    environment: dict[str, str] = field(default_factory=lambda: dict(os.environ))
    stop_signal: signal.Signals = signal.SIGTERM
    last_words: signal.Signals = signal.SIGKILL  # PostgreSQL takes its children along at SIGQUIT, not at SIGKILL
    grace_s: float = 10.0
    account: Account | None = None
    directory: Path = HERE.parent.parent
    output: Path | None = None


class Child:
    """One program in a process group of its own: Ctrl-C reaches us alone, and leftovers can be found."""

    def __init__(self, program: Program) -> None:
        self.program = program
        account = program.account
        identity = [str(account.uid), str(account.gid)] if account else ["-", "-"]
        launcher = [sys.executable, "-I", "-S", str(HERE / "launch.py")]
        output = open(program.output, "ab") if program.output else None  # noqa: SIM115 - closed below
        try:
            self.process = subprocess.Popen(
                [*launcher, str(os.getpid()), str(int(program.stop_signal)), *identity, *program.command],
                env=program.environment,
                cwd=program.directory,
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=subprocess.STDOUT if output else None,
                start_new_session=True,
            )
        finally:
            if output:
                output.close()
        self.pid = self.process.pid
        self.started = time.monotonic()

    @property
    def alive(self) -> bool:
        return self.process.poll() is None

    def ask_to_stop(self) -> None:
        if self.alive:
            self.process.send_signal(self.program.stop_signal)

    def finish(self, deadline: float) -> None:
        """Wait until `deadline` (monotonic seconds), then insist; afterwards nothing of its group is left."""
        for number in (self.program.last_words, signal.SIGKILL):
            try:
                self.process.wait(max(0.0, deadline - time.monotonic()))
                break
            except subprocess.TimeoutExpired:
                self.process.send_signal(number)
                deadline = time.monotonic() + 2.0
        with contextlib.suppress(ProcessLookupError, PermissionError):
            os.killpg(self.pid, signal.SIGKILL)
        self.process.wait()
