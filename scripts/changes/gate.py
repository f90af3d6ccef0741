"""The gate: every change since the last release stands in the changelog, those that break under `### Breaking`."""

import re
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from typing import Any

import yaml

from scripts.changes.compare import Change, changes_between
from scripts.changes.facts import facts_of, read, written

ROOT = Path(__file__).resolve().parents[2]
UNRELEASED, NOTHING = "## Unreleased", "Nothing."


@dataclass(frozen=True)
class Papers:
    """The three files that must agree."""

    openapi: Path = ROOT / "openapi.yaml"
    released: Path = ROOT / "openapi.released.txt"
    changelog: Path = ROOT / "docs" / "changelog.md"

    def document(self) -> dict[str, Any]:
        loaded: dict[str, Any] = yaml.load(self.openapi.read_text(), yaml.CSafeLoader)
        return loaded

    def changes(self) -> list[Change]:
        return changes_between(read(self.released.read_text()), facts_of(self.document()))

    def unreleased(self) -> str:
        """The open section, without its heading."""
        after = self.changelog.read_text().split(f"{UNRELEASED}\n", 1)[1]
        return re.split(r"^## ", after, maxsplit=1, flags=re.MULTILINE)[0]


def told(papers: Papers | None = None) -> tuple[bool, str]:
    """Whether the changelog tells everything, and the lines that it lacks."""
    papers = papers or Papers()
    section = papers.unreleased()
    breaking = re.split(r"^### ", section.partition("### Breaking\n")[2], maxsplit=1, flags=re.MULTILINE)[0]
    missing = [one for one in papers.changes() if one.subject not in _names(breaking if one.breaking else section)]
    if not missing:
        return True, ""
    lines = [f"{papers.changelog.name} does not tell what changed. Under “{UNRELEASED}” it needs, in better words:"]
    for title, breaks in (("### Breaking", True), ("### Changed", False)):
        told_here = [str(one) for one in missing if one.breaking == breaks]
        lines += ["", title, "", *told_here] if told_here else []
    return False, "\n".join(lines)


def release(day: date, papers: Papers | None = None) -> tuple[bool, str]:
    """Close the open section under the version of the document, and keep the document's facts to compare with."""
    papers = papers or Papers()
    right, said = told(papers)
    document = papers.document()
    new, old = str(document["info"]["version"]), papers.released.read_text().splitlines()[0].removeprefix("# ")
    if not right:
        return False, said
    if refusal := _refusal(old, new, any(one.breaking for one in papers.changes())):
        return False, refusal
    text = papers.changelog.read_text()
    papers.changelog.write_text(text.replace(UNRELEASED, f"{UNRELEASED}\n\n{NOTHING}\n\n## {new} – {day}", 1))
    papers.released.write_text(f"# {new}\n{written(facts_of(document))}")
    return True, f"{new} is released: commit {papers.changelog.name} and {papers.released.name}, and tag it."


def _refusal(old: str, new: str, breaks: bool) -> str:
    was, now = ([int(part) for part in version.split(".")] for version in (old, new))
    if now <= was:
        return f"{new} does not come after {old}: set VERSION in config/settings.py, then `make schema`."
    if breaks and now[0] == was[0]:
        return f"What breaks clients needs a new major version, under a path of its own; {new} is none."
    return ""


def _names(text: str) -> set[str]:
    return set(re.findall(r"`([^`]+)`", text))
