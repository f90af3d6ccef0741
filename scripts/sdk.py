"""`make sdk`: typed clients for Python and TypeScript, written from the published schema.

    python -m scripts.sdk [--into FOLDER] [python] [typescript]

They come to sdk/python and sdk/typescript, which are not committed. Without names both are written.
"""

import argparse
import copy
import json
import os
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

from scripts import node
from scripts.check import BIN, program

SDK = node.SDK
TEMPLATES = Path(__file__).resolve().parent / "templates"
#: Parts of an answer are for hand-written calls: a typed client would have to ask of every member whether it is there.
SHAPING = {"fields", "expand"}


class Failed(Exception):
    """A generator or compiler was not content; the text is what it said."""


def published() -> dict[str, Any]:
    """The document, from the code of this working tree."""
    with tempfile.TemporaryDirectory() as folder:
        file = Path(folder) / "openapi.json"
        right, said = program(
            "python", "manage.py", "spectacular", "--fail-on-warn", "--format", "openapi-json", "--file", str(file)
        )
        if not right:
            raise Failed(said)
        document: dict[str, Any] = json.loads(file.read_text())
        return document


def whole(document: dict[str, Any]) -> dict[str, Any]:
    """The document without the parameters that shape answers: every answer holds the whole object."""
    document = copy.deepcopy(document)
    for methods in document["paths"].values():
        for operation in methods.values():
            parameters = operation.get("parameters", [])
            operation["parameters"] = [one for one in parameters if one["name"] not in SHAPING]
            if len(parameters) > len(operation["parameters"]):
                media = operation["responses"]["200"]["content"]["application/json"]
                media["schema"] = _unselected(media["schema"])
    schemas = document["components"]["schemas"]
    for name in [name for name in schemas if "Selection" in name]:
        del schemas[name]
    return document


def _unselected(schema: dict[str, Any]) -> dict[str, Any]:
    if "anyOf" in schema:
        chosen: dict[str, Any] = schema["anyOf"][0]
        return chosen
    return {"$ref": schema["$ref"].replace("SelectionPage", "Page")}


def python(document: Path, target: Path) -> None:
    """Write a package for pip to `target`."""
    ways = ["--config", str(SDK / "python.yaml"), "--custom-template-path", str(TEMPLATES), "--meta", "uv"]
    ends = ["--path", str(document), "--output-path", str(target), "--overwrite", "--fail-on-warning"]
    ran = subprocess.run(
        [str(BIN / "openapi-python-client"), "generate", *ways, *ends],
        env=os.environ | {"PATH": f"{BIN}{os.pathsep}{os.environ['PATH']}"},
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        check=False,
    )
    _demand(ran)


def typescript(document: Path, target: Path) -> None:
    """Write a package for npm to `target`: the sources, and what the strict compiler makes of them."""
    node.install()
    shutil.rmtree(target, ignore_errors=True)
    target.mkdir(parents=True)
    _demand(node.run(["node", "typescript.js", str(document), str(target / "src")]))
    shutil.copy(SDK / "typescript.package.json", target / "package.json")
    shutil.copy(SDK / "typescript.tsconfig.json", target / "tsconfig.json")
    _demand(node.tool("tsc", "--project", str(target)))


def _demand(ran: subprocess.CompletedProcess[str]) -> None:
    if ran.returncode:
        raise Failed(ran.stdout)


LANGUAGES: dict[str, Callable[[Path, Path], None]] = {"python": python, "typescript": typescript}


def write(language: str, document: dict[str, Any], folder: Path) -> Path:
    """The client in `folder`/`language`. Raises Failed, NodeMissing."""
    target = folder / language
    with tempfile.TemporaryDirectory() as temporary:
        file = Path(temporary) / "openapi.json"
        file.write_text(json.dumps(whole(document)))
        LANGUAGES[language](file, target)
    shutil.copy(SDK.parent / "docs" / "sdks.md", target / "README.md")
    return target


def main(arguments: list[str]) -> int:
    parser = argparse.ArgumentParser(prog="make sdk")
    parser.add_argument("languages", nargs="*", metavar="python|typescript")
    parser.add_argument("--into", type=Path, default=SDK, metavar="FOLDER")
    wanted = parser.parse_args(arguments)
    languages = wanted.languages or list(LANGUAGES)
    if not set(languages) <= set(LANGUAGES):
        parser.error(f"there are {', '.join(LANGUAGES)}")
    try:
        document = published()
        for language in languages:
            print(f"{language:<10} {write(language, document, wanted.into.resolve())}")
    except (Failed, node.NodeMissing) as problem:
        print(problem, file=sys.stderr)
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
