"""Spectral and Redocly over the published schema: no error, no warning.

python -m scripts.lint_api [FILE]
"""

import sys
from pathlib import Path

from scripts import node

PUBLISHED = node.SDK.parent / "openapi.yaml"


def lint(file: Path = PUBLISHED) -> tuple[bool, str]:
    """Whether both were content, and what they said. Raises NodeMissing."""
    node.install()
    # Redocly counts warnings apart from errors: its configuration makes every rule an error.
    spectral = node.tool("spectral", "lint", "--quiet", "--fail-severity", "hint", "-r", "spectral.yaml", str(file))
    redocly = node.tool("redocly", "lint", "--config", "redocly.yaml", "--format", "stylish", str(file))
    ran = [spectral, redocly]
    return not any(one.returncode for one in ran), "\n".join(one.stdout.strip() for one in ran if one.returncode)


def lint_if_possible(file: Path = PUBLISHED) -> tuple[bool, str]:
    """The same; without Node nothing is wrong unless NODE=required."""
    try:
        return lint(file)
    except node.NodeMissing as missing:
        if not node.REQUIRED:
            print(f"left out: Spectral and Redocly over the schema. {missing}")
        return not node.REQUIRED, str(missing)


def main(arguments: list[str]) -> int:
    try:
        right, said = lint(*[Path(argument).resolve() for argument in arguments[:1]])
    except node.NodeMissing as missing:
        right, said = False, str(missing)
    print(said or "Spectral and Redocly have nothing to say.")
    return 0 if right else 1


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
