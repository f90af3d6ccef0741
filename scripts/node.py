"""The Node tools of sdk/package.json: installed once into sdk/node_modules, exactly as the lock file says."""

import hashlib
import os
import shutil
import subprocess
from pathlib import Path

SDK = Path(__file__).resolve().parent.parent / "sdk"
MODULES = SDK / "node_modules"
OLDEST = (20, 19)
#: Where this is set, as in .ci/run, a machine without Node fails instead of doing without.
REQUIRED = os.environ.get("NODE") == "required"
#: Nothing here tells anybody about its use, or asks for newer versions.
QUIET = {"REDOCLY_TELEMETRY": "off", "REDOCLY_SUPPRESS_UPDATE_NOTICE": "true", "NO_UPDATE_NOTIFIER": "1"}


class NodeMissing(Exception):
    """There is no usable Node here; the text says what to do."""


def available() -> bool:
    try:
        check()
    except NodeMissing:
        return False
    return True


def left_out() -> bool:
    """Do we do without the linters of the schema and the TypeScript client?"""
    return not REQUIRED and not available()


def check() -> None:
    """Raises NodeMissing unless Node and npm are here and new enough."""
    wanted = f"Node {OLDEST[0]}.{OLDEST[1]} or newer, with npm"
    if shutil.which("node") is None or shutil.which("npm") is None:
        raise NodeMissing(f"This needs {wanted}: neither the service nor the rest of its tests do.")
    said = subprocess.run(["node", "--version"], capture_output=True, text=True, check=True).stdout.strip()  # noqa: S607
    if tuple(int(part) for part in said.removeprefix("v").split(".")[:2]) < OLDEST:
        raise NodeMissing(f"This needs {wanted}; `node` is {said}.")


def install() -> None:
    """Make sdk/node_modules what sdk/package-lock.json says. Does nothing when it is. Raises NodeMissing."""
    check()
    stamp = MODULES / ".installed"
    digest = hashlib.sha256((SDK / "package-lock.json").read_bytes()).hexdigest()
    if stamp.exists() and stamp.read_text() == digest:
        return
    print("Installing the Node tools into sdk/node_modules (once)", flush=True)
    ran = run(["npm", "ci", "--ignore-scripts", "--prefer-offline"])
    if ran.returncode:
        raise NodeMissing(f"`npm ci` failed: is a package registry within reach?\n{ran.stdout}")
    stamp.write_text(digest)


def tool(name: str, *arguments: str, cwd: Path = SDK) -> subprocess.CompletedProcess[str]:
    """Run a tool of the lock file; what it said stands in `stdout`."""
    return run([str(MODULES / ".bin" / name), *arguments], cwd=cwd)


def run(command: list[str], cwd: Path = SDK) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        command,
        cwd=cwd,
        env=os.environ | QUIET,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        check=False,
    )
