"""The benchmark over HTTP still runs: every server answers, every write is found again, nothing stays behind."""

import json
import os
import re
import signal
import subprocess
import sys
import time
from contextlib import suppress
from pathlib import Path

import psutil
import pytest

from benchmarks.__main__ import SCENARIOS
from benchmarks.http import reads, writes

ROOT = Path(__file__).resolve().parents[2]
PAGE = ROOT / "docs" / "benchmarks.md"
SMALL = """
import json
from rich.console import Console
from benchmarks.ground import ground

with ground(durable=False) as servers:
    from benchmarks import http
    found = http.run(servers, Console(stderr=True), 1, {seconds}, products=60, threads=(4,), clients=(8, 16, 64))
print(json.dumps(found))
"""
VARIANTS = {
    "Adjustments": {"const, uniform ×4", "cte, uniform ×4", "cte, hot ×4", "drf, uniform ×4", "ours, uniform"},
    "Reads": {"const ×4", "redis_py ×4", "raw ×4", "bpg ×4", "drf ×4", "drf, page ×4", "ours, hit", "ours, page hit"},
}


def start(seconds: float) -> subprocess.Popen[str]:
    # Servers of its own, whatever the suite runs on.
    environment = {name: os.environ[name] for name in ("PATH", "HOME", "LANG") if name in os.environ}
    command = [sys.executable, "-c", SMALL.format(seconds=seconds)]
    return subprocess.Popen(
        command, cwd=ROOT, env=environment, text=True, stdout=subprocess.PIPE, stderr=subprocess.PIPE
    )


@pytest.mark.slow
def test_the_benchmark_over_http_measures_every_variant_and_finds_every_write():
    run = start(seconds=0.1)

    said, complaints = run.communicate(timeout=110)

    assert run.returncode == 0, complaints[-3000:]
    found = json.loads(said)
    for part, names in VARIANTS.items():
        assert names <= set(found[part])
        assert all(figures["per second"] > 0 for figures in found[part].values())


@pytest.mark.slow
def test_a_benchmark_that_is_terminated_takes_its_servers_along():
    run = start(seconds=60)
    while not any("benchmarks.load" in line for line in family(run).values()):
        assert run.poll() is None, run.stderr.read()[-3000:]
        time.sleep(0.1)
    started = list(family(run))

    run.send_signal(signal.SIGTERM)
    run.communicate(timeout=60)

    _, alive = psutil.wait_procs(started, timeout=20)
    assert len(started) > 8
    assert alive == []


def family(run: subprocess.Popen[str]) -> dict[psutil.Process, str]:
    """Every process below it, and how it was called."""
    found = {}
    for process in psutil.Process(run.pid).children(recursive=True):
        with suppress(psutil.Error):
            found[process] = " ".join(process.cmdline())
    return found


def test_the_page_about_benchmarks_names_every_scenario():
    page = PAGE.read_text()

    missing = [name for name in SCENARIOS if f"`{name}`" not in page]

    assert missing == []


def test_the_page_about_benchmarks_has_every_ratio_with_its_goal():
    lines = [line for line in PAGE.read_text().splitlines() if re.match(r"\| (ours|const).* against ", line)]
    written = {cells[1].strip(): cells[-2].strip() for cells in (line.split("|") for line in lines)}

    wanted = {want.name: "–" if want.goal is None else f"{want.goal:g}" for want in (*writes.RATIOS, *reads.RATIOS)}

    assert written == wanted
