"""What docs/ says about the code is so."""

import ast
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from config import settings as shipped
from inventory import signals

from . import wiring

ROOT = Path(__file__).resolve().parent.parent.parent
DOCS = ROOT / "docs"

#: Set by our own start-up code for its children, never by people.
INTERNAL = {"DEMO_API_KEY", "DJANGO_SETTINGS_MODULE", "SUPERVISED"}


def page(name: str) -> str:
    return (DOCS / name).read_text()


# --- docs/receivers.md ------------------------------------------------------------------------------------------------


def test_the_table_of_receivers_is_the_live_wiring() -> None:
    # `python -m tests.architecture.wiring` prints it.
    assert wiring.documented(page("receivers.md")) == [str(row) for row in wiring.live()]


def test_no_receiver_of_ours_is_connected_without_a_name_or_a_sentence() -> None:
    nameless = [row for row in wiring.live() if "`none`" in row.uids or not row.keeps or "?" in row.senders]

    assert nameless == []


def test_every_signal_of_ours_is_described() -> None:
    text = page("receivers.md")
    ours = [name for name, signal in vars(signals).items() if isinstance(signal, wiring.Signal)]

    assert [name for name in ours if f"| `{name}` |" not in text] == []


# --- docs/settings.md -------------------------------------------------------------------------------------------------


def documented_variables() -> dict[str, str]:
    """Name → default, as the tables show them."""
    return dict(re.findall(r"^\| `([A-Z_]+)` \| (.*?) \|", page("settings.md"), re.MULTILINE))


def test_every_variable_that_is_read_is_documented_and_no_other() -> None:
    read = {name for file in (ROOT / "config").rglob("*.py") for name, _ in variables(file)}
    read |= {
        name for folder in ("api", "inventory") for file in (ROOT / folder).rglob("*.py") for name, _ in variables(file)
    }

    assert set(documented_variables()) == read - INTERNAL


def test_every_default_is_documented_as_it_is() -> None:
    told = documented_variables()
    wrong = {
        name: (told.get(name), shown(default))
        for name, default in variables(ROOT / "config" / "settings.py")
        if told.get(name) != shown(default)
    }

    assert wrong == {}


def test_every_setting_of_the_domain_can_be_set_by_the_environment() -> None:
    domain = {name for name in vars(shipped) if name.startswith("INVENTORY_")}

    assert domain <= set(documented_variables())


def test_every_complaint_at_the_start_can_be_looked_up() -> None:
    sources = [*(ROOT / "config").rglob("*.py"), *(ROOT / "inventory").rglob("*.py")]
    codes = {
        code for file in sources for code in re.findall(r'id="((?:inventory|stockroom)\.[EW]\d+)"', file.read_text())
    }

    assert codes
    assert [code for code in sorted(codes) if f"`{code}`" not in page("settings.md")] == []


# --- All pages --------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("file", sorted(DOCS.rglob("*.md")), ids=lambda file: file.relative_to(DOCS).as_posix())
def test_a_link_leads_somewhere(file: Path) -> None:
    links = [link for link in re.findall(r"\]\(([^)\s]+)\)", file.read_text()) if "://" not in link]
    dead = [link for link in links if not link.startswith("#") and not (file.parent / link.partition("#")[0]).exists()]

    assert dead == []


@pytest.mark.parametrize("file", sorted((DOCS / "adr").glob("*.md")), ids=lambda file: file.stem)
def test_a_decision_is_short_and_says_why_and_what_it_costs(file: Path) -> None:
    text = file.read_text()

    assert re.match(r"# \d{4}\. .+\n", text)
    assert [title for title in ("## Why", "## What it costs") if title not in text] == []
    assert len(text.split()) < 450


# --- How the code is read ---------------------------------------------------------------------------------------------

READERS = {"get", "str", "int", "bool", "float", "list", "dj_db_url"}


def variables(file: Path) -> Iterator[tuple[str, Any]]:
    """Every variable of the environment that the file reads, with its default."""
    for node in ast.walk(ast.parse(file.read_text())):
        if isinstance(node, ast.Call) and node.args and isinstance(node.args[0], ast.Constant):
            name, function = node.args[0].value, node.func
            by_environ = (
                isinstance(function, ast.Attribute) and function.attr in READERS and _is_environment(function.value)
            )
            by_helper = isinstance(function, ast.Name) and function.id == "number"
            if isinstance(name, str) and re.fullmatch(r"[A-Z][A-Z0-9_]+", name) and (by_environ or by_helper):
                yield name, _value(node.args[1]) if len(node.args) > 1 else ""


def _is_environment(node: ast.expr) -> bool:
    return ast.unparse(node) in {"env", "environment", "os.environ"}


def _value(node: ast.expr) -> Any:
    try:
        return getattr(shipped, node.id) if isinstance(node, ast.Name) else ast.literal_eval(node)
    except (AttributeError, ValueError):
        return ...  # worked out at the start


def shown(default: Any) -> str:
    """A default as the page shows it."""
    if default in (None, "", []):
        return "–"
    if default == shipped.SAMPLE_SECRET_KEY:
        return "a sample that is refused unless `DEBUG`"
    if isinstance(default, bool):
        return f"`{str(default).lower()}`"
    return f"`{','.join(default) if isinstance(default, list) else default}`"
