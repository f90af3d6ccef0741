"""The generated clients, written once for each state of the schema and of what writes them; callers of them."""

import fcntl
import hashlib
import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

from api.schema.document import as_json, document
from scripts import node, sdk

ROOT = Path(__file__).resolve().parents[2]
CALLERS = Path(__file__).parent / "callers"
CACHE = ROOT / ".cache" / "sdk"


def snippet(fence: str, folder: Path) -> Path:
    """The program that docs/sdks.md shows in this language, as a file."""
    file = folder / f"snippet.{fence.replace('python', 'py')}"
    file.write_text(re.search(rf"```{fence}\n(.*?)```", (ROOT / "docs/sdks.md").read_text(), re.S)[1])
    return file


def client(language: str) -> Path:
    """The folder of the package, written unless it is there. Workers wait for each other."""
    folder = CACHE / _state()
    folder.mkdir(parents=True, exist_ok=True)
    with (folder / f"{language}.lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        done = folder / f"{language}.done"
        if not done.exists():
            sdk.write(language, document(), folder)
            done.touch()
    return folder / language


def _state() -> str:
    sources = [*(ROOT / "sdk").glob("*.*"), *(ROOT / "scripts").glob("*.py"), *(ROOT / "scripts/templates").iterdir()]
    digest = hashlib.sha256(as_json())
    for source in sorted(path for path in sources if path.is_file()):
        digest.update(source.read_bytes())
    return digest.hexdigest()[:16]


class Python:
    """A folder in which programs find the Python client."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.package = client("python")

    def check(self, *files: Path) -> subprocess.CompletedProcess[str]:
        """mypy, as strict as it can be, over the whole client and these files."""
        caches = ["--cache-dir", str(self.package.parent / "mypy")]
        command = [sys.executable, "-m", "mypy", "--strict", "--config-file=", *caches]
        return self._run([*command, str(self.package / "stockroom_client"), *map(str, files)])

    def run(self, file: Path, **environment: str) -> subprocess.CompletedProcess[str]:
        return self._run([sys.executable, "-W", "error", str(file)], **environment)

    def _run(self, command: list[str], **environment: str) -> subprocess.CompletedProcess[str]:
        return run(command, self.folder, MYPYPATH=str(self.package), PYTHONPATH=str(self.package), **environment)


class TypeScript:
    """A folder in which programs find the TypeScript client, as `npm install` would have it."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        modules = folder / "node_modules"
        modules.mkdir()
        (modules / "stockroom-client").symlink_to(client("typescript"))
        node.install()
        (modules / "@types").symlink_to(node.MODULES / "@types")
        (folder / "package.json").write_text('{"type": "module"}')
        shutil.copy(CALLERS / "tsconfig.json", folder)

    def check(self, *files: Path) -> subprocess.CompletedProcess[str]:
        """tsc over these files, stricter than `--strict`."""
        return self._compile("--noEmit", *files)

    def run(self, file: Path, **environment: str) -> subprocess.CompletedProcess[str]:
        """Compile without a look at the types, and run."""
        compiled = self._compile("--noCheck", file)
        return run(["node", f"out/{file.stem}.js"], self.folder, **environment) if not compiled.returncode else compiled

    def _compile(self, way: str, *files: Path) -> subprocess.CompletedProcess[str]:
        for file in files:
            if file.parent != self.folder:
                shutil.copy(file, self.folder)
        return run([str(node.MODULES / ".bin" / "tsc"), "--project", ".", way], self.folder)


def run(command: list[str], folder: Path, **environment: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        command,
        cwd=folder,
        env=os.environ | {"NO_PROXY": "127.0.0.1,localhost", "no_proxy": "127.0.0.1,localhost"} | environment,
        capture_output=True,
        text=True,
        timeout=300,
        check=False,
    )
