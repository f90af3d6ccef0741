"""The house stands as docs/architecture.md draws it."""

import ast
import re
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from django.apps import apps
from django.contrib import admin
from django.core.management import call_command
from django.urls import URLPattern, URLResolver, get_resolver

ROOT = Path(__file__).resolve().parent.parent.parent
LONGEST = 400


def sources(*folders: str) -> list[Path]:
    return sorted(file for folder in folders for file in (ROOT / folder).rglob("*.py"))


def test_imports_go_down_only() -> None:
    done = subprocess.run(
        [str(Path(sys.executable).parent / "lint-imports"), "--no-cache"], cwd=ROOT, capture_output=True, text=True
    )

    said = re.sub(r"\x1b\[\d+m", "", done.stdout)
    kept, broken = re.search(r"Contracts: (\d+) kept, (\d+) broken", said).groups()
    analysed = int(re.search(r"Analyzed (\d+) files", said)[1])
    assert broken == "0", said
    assert int(kept) >= 6
    assert analysed > 200


def test_receivers_do_not_know_each_other() -> None:
    shared = {"guards", "keeping", "savepoints"}
    for file in sources("inventory/receivers"):
        known = {name for name in siblings(file) if name not in shared}
        assert not known or file.stem == "wiring", f"{file.name} imports {known}"


def test_whoever_waits_for_a_row_does_so_in_locks_where_the_order_is_kept() -> None:
    waiting = {file.relative_to(ROOT / "inventory").as_posix() for file in sources("inventory") if waits_for_rows(file)}

    # The models lock what a bulk write, a deletion or a fixture is about to change.
    assert waiting == {"locks.py", "models/base.py", "models/querysets.py"}


@pytest.mark.django_db
def test_no_migration_is_missing() -> None:
    call_command("makemigrations", "--check", "--dry-run", verbosity=0)


def test_every_model_has_its_page_in_the_admin_or_stands_on_one() -> None:
    inlined = {inline.model for page in admin.site._registry.values() for inline in page.inlines}
    homeless = set(apps.get_app_config("inventory").get_models()) - set(admin.site._registry) - inlined

    assert homeless == set()


def test_every_post_knows_idempotency_keys() -> None:
    posts = {f"{view.__name__}.{name}": getattr(view, name) for view, name in handlers("post")}

    assert len(posts) > 10
    assert [name for name, handler in posts.items() if not getattr(handler, "idempotent", False)] == []


def test_every_verb_with_an_author_is_an_operation() -> None:
    plain = [
        f"{file.stem}.{verb.name}"
        for file in sources("inventory/operations")
        for verb in ast.parse(file.read_text()).body
        if isinstance(verb, ast.FunctionDef) and not verb.name.startswith("_")
        if "actor" in {argument.arg for argument in verb.args.kwonlyargs}
        if "operation" not in {getattr(decorator, "id", "") for decorator in verb.decorator_list}
    ]

    # These commit as they go along, one object after the other.
    assert [name for name in plain if name != "reservations.sweep" and not name.startswith("reconcile.")] == []


@pytest.mark.parametrize("folder", ["inventory", "api", "config", "scripts", "tests", "benchmarks"])
def test_no_file_is_too_long_to_be_read(folder: str) -> None:
    long = {
        file.relative_to(ROOT).as_posix(): lines
        for file in sources(folder)
        if "migrations" not in file.parts and (lines := len(file.read_text().splitlines())) >= LONGEST
    }

    assert long == {}


def test_nothing_is_left_for_later() -> None:
    words = re.compile(
        "|".join(["TO" + "DO", "FIX" + "ME", "XX" + "X", "NotImplemented" + "Error", "pytest.mark." + "xfail"])
    )
    left = [
        f"{file.relative_to(ROOT)}: {word}"
        for file in sources("inventory", "api", "config", "scripts", "tests")
        for word in words.findall(file.read_text())
    ]

    assert left == []


def siblings(file: Path) -> set[str]:
    """The modules of its own package that the file imports."""
    found: set[str] = set()
    for node in ast.walk(ast.parse(file.read_text())):
        if isinstance(node, ast.ImportFrom) and (node.level == 1 or node.module == "inventory.receivers"):
            found |= {node.module} if node.module and node.level == 1 else {name.name for name in node.names}
        if isinstance(node, ast.ImportFrom) and (node.module or "").startswith("inventory.receivers."):
            found.add(str(node.module).rpartition(".")[2])
    return found


def waits_for_rows(file: Path) -> bool:
    """Does the file lock rows otherwise than with `skip_locked`?"""
    calls = [node for node in ast.walk(ast.parse(file.read_text())) if isinstance(node, ast.Call)]
    locking = [call for call in calls if getattr(call.func, "attr", "") == "select_for_update"]
    return any("skip_locked" not in {keyword.arg for keyword in call.keywords} for call in locking)


def handlers(method: str) -> Iterator[tuple[type, str]]:
    """(viewset, name of its method) for every route of the API that answers `method`."""
    for pattern in _patterns(get_resolver("api.urls")):
        actions = getattr(pattern.callback, "actions", None) or {}
        if method in actions:
            yield pattern.callback.cls, actions[method]


def _patterns(resolver: URLResolver) -> Iterator[URLPattern]:
    for entry in resolver.url_patterns:
        if isinstance(entry, URLResolver):
            yield from _patterns(entry)
        else:
            yield entry
