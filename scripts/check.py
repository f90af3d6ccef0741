"""`make check`: everything that can be said about the code without running the service.

    python -m scripts.check [STEP …]

Without arguments all steps run, side by side. What failed is printed in full, what is right is one line.
"""

import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path

from scripts.changes import gate
from scripts.lint_api import lint_if_possible

ROOT = Path(__file__).resolve().parent.parent
BIN = Path(sys.executable).parent
TYPED = ["inventory", "api", "config", "scripts", "manage.py"]
YAML = ["docker-compose.yml", ".yamllint.yaml", ".hadolint.yaml"]
# Nothing here needs a database, and none that happens to run may decide the outcome.
NOWHERE = {
    "DATABASE_URL": "postgres://nobody@%2Fnowhere/nothing",
    "DATABASE_POOL_TIMEOUT_S": "0.05",
    "REDIS_URL": "unix:///nowhere?db=0",
    "SECRET_KEY": "only-for-make-check-where-nothing-is-signed-or-served-at-all",
    "LOG_LEVEL": "CRITICAL",
}


@dataclass(frozen=True)
class Outcome:
    name: str
    right: bool
    output: str
    seconds: float


def program(*command: str) -> tuple[bool, str]:
    """Run one; whether it was content, and what it said."""
    done = subprocess.run(
        [str(BIN / command[0]), *command[1:]],
        cwd=ROOT,
        env=os.environ | NOWHERE,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        check=False,
    )
    return done.returncode == 0, done.stdout.strip()


def migrations() -> tuple[bool, str]:
    # The warning says that the history in the database could not be compared.
    return program("python", "-W", "ignore::RuntimeWarning", "manage.py", "makemigrations", "--check", "--dry-run")


def openapi() -> tuple[bool, str]:
    """The published description is valid, has no warnings, and is the committed one."""
    with tempfile.TemporaryDirectory() as folder:
        fresh = Path(folder) / "openapi.yaml"
        right, output = program(
            "python", "manage.py", "spectacular", "--validate", "--fail-on-warn", "--file", str(fresh)
        )
        if right and fresh.read_text() != (ROOT / "openapi.yaml").read_text():
            return (
                False,
                "openapi.yaml is not what the code describes. Write it anew with `make schema`, and look at the diff.",
            )
        return right, output


STEPS: dict[str, Callable[[], tuple[bool, str]]] = {
    "types": lambda: program("mypy", *TYPED),
    "openapi": openapi,
    "api": lint_if_possible,  # Spectral and Redocly, where Node is
    "changelog": gate.told,  # what openapi.yaml has that the last release had not, or the other way round
    "migrations": migrations,
    "imports": lambda: program("lint-imports"),
    "lint": lambda: program("ruff", "check", "."),
    "format": lambda: program("ruff", "format", "--check", "."),
    "yaml": lambda: program("yamllint", "--strict", *YAML),
    "dockerfile": lambda: program("hadolint", "Dockerfile"),
}


def take(name: str) -> Outcome:
    started = time.monotonic()
    try:
        right, output = STEPS[name]()
    except OSError as error:
        right, output = False, str(error)
    return Outcome(name, right, output, time.monotonic() - started)


def main(*names: str) -> int:
    unknown = [name for name in names if name not in STEPS]
    if unknown:
        print(f"No such step: {', '.join(unknown)}. There are {', '.join(STEPS)}.", file=sys.stderr)
        return 2
    with ThreadPoolExecutor(max_workers=os.cpu_count()) as several:
        outcomes = list(several.map(take, names or STEPS))
    for outcome in outcomes:
        print(f"{'ok  ' if outcome.right else 'FAIL'} {outcome.name:<12} {outcome.seconds:5.1f} s")
    failed = [outcome for outcome in outcomes if not outcome.right]
    for outcome in failed:
        print(f"\n--- {outcome.name} ---\n{outcome.output}")
    if failed:
        print(f"\nFailed: {', '.join(outcome.name for outcome in failed)}", file=sys.stderr)
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:]))
