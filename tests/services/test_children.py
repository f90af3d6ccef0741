"""The keeper of children, with programs that are quick to start."""

import json
import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from config.supervisor.child import Program
from config.supervisor.environment import ROOT
from config.supervisor.processes import Keeper

from .service import all_gone, eventually

# A supervisor with one child and one grandchild; it prints their numbers and the guardian's, and waits.
SUPERVISOR = """
import json, sys, time
from pathlib import Path
from config.supervisor.child import Program
from config.supervisor.processes import Keeper
keeper = Keeper(patience_s=0.5)
note = Path(sys.argv[1])
child = keeper.start(Program("child", ["/bin/sh", "-c", sys.argv[2], "sh", str(note)]))
while not note.exists() or not note.read_text().strip():
    time.sleep(0.01)
print(json.dumps([child.pid, int(note.read_text()), keeper.guardian.pid]), flush=True)
time.sleep(60)
"""
OBEDIENT = 'sleep 60 & echo $! > "$1"; wait'
STUBBORN = "trap '' TERM; " + OBEDIENT + "; wait; sleep 60"


def supervisor(note: Path, script: str) -> tuple[subprocess.Popen[str], list[int]]:
    process = subprocess.Popen(
        [sys.executable, "-c", SUPERVISOR, str(note), script], cwd=ROOT, stdout=subprocess.PIPE, text=True
    )
    assert process.stdout
    return process, json.loads(process.stdout.readline())


@pytest.mark.parametrize("script", [OBEDIENT, STUBBORN], ids=["obedient", "stubborn"])
def test_children_and_grandchildren_die_with_a_supervisor_that_is_killed(tmp_path: Path, script: str) -> None:
    process, pids = supervisor(tmp_path / "note", script)

    with process:
        process.kill()

    assert all_gone(pids, 10)


if sys.platform == "linux":  # the others have the guardian alone

    def test_the_kernel_tells_children_when_the_guardian_was_killed_too(tmp_path: Path) -> None:
        process, (child, grandchild, guardian) = supervisor(tmp_path / "note", OBEDIENT)

        with process:
            os.kill(guardian, signal.SIGKILL)
            process.kill()

        assert all_gone([child, guardian], 10)
        os.kill(grandchild, signal.SIGKILL)  # a shell's own child: nobody promised to pass the signal on


def test_a_supervisor_that_was_told_to_ends_with_its_parent(tmp_path: Path) -> None:
    script = """
import os, sys
from config.supervisor.child import Program
from config.supervisor.failures import StopAsked
from config.supervisor.processes import Keeper
keeper = Keeper()
keeper.obey(stop_with_parent=True)
child = keeper.start(Program("child", ["/bin/sleep", "60"]))
print(os.getpid(), child.pid, keeper.guardian.pid, flush=True)
try:
    keeper.pause(60)
except StopAsked:
    keeper.stop()
"""
    make = ["/bin/sh", "-c", '"$@"; exit', "sh", sys.executable, "-c", script]
    with subprocess.Popen(make, cwd=ROOT, stdout=subprocess.PIPE, text=True) as parent:
        assert parent.stdout
        pids = [int(pid) for pid in parent.stdout.readline().split()]

        parent.kill()

    assert parent.pid not in pids
    assert all_gone(pids, 10)


def test_what_dies_is_started_again_later_and_later(tmp_path: Path) -> None:
    keeper, said = Keeper(), list[str]()
    keeper.start(Program("brief", ["/bin/sh", "-c", "echo once >> runs; exit 3"], directory=tmp_path))

    def tended() -> bool:
        keeper.tend(said.append)
        return len(said) == 3

    assert eventually(tended)
    keeper.stop()

    assert said == [f"brief ended with exit code 3; starting it again in {wait} s" for wait in ("0.5", "1", "2")]
    assert (tmp_path / "runs").read_text().count("once") == 3


def test_an_orderly_stop_takes_the_groups_in_turn_and_leaves_no_guardian(tmp_path: Path) -> None:
    keeper = Keeper()
    for name in ("first", "second"):
        script = f"trap 'echo {name} >> ends; exit' TERM; touch {name}; while :; do sleep 0.05; done"
        keeper.start(Program(name, ["/bin/sh", "-c", script], directory=tmp_path))
    assert eventually(lambda: (tmp_path / "first").exists() and (tmp_path / "second").exists())

    keeper.stop(("second",), ("first",))

    assert (tmp_path / "ends").read_text().split() == ["second", "first"]
    assert keeper.guardian.poll() == 0
    assert not keeper.children
