"""The TypeScript client that `make sdk` writes."""

from pathlib import Path

import pytest

from tests.builders import make_key

from .clients import CALLERS, TypeScript, snippet
from .shop import SNIPPETS_SAY, STEPS, assert_sold_once

# The very first time, npm brings the compiler.
pytestmark = pytest.mark.timeout(600)
CALLER = CALLERS / "caller.ts"


@pytest.fixture
def typescript(tmp_path: Path) -> TypeScript:
    return TypeScript(tmp_path)


def test_the_typescript_client_and_its_callers_satisfy_the_strict_compiler(typescript, tmp_path):
    checked = typescript.check(CALLER, snippet("ts", tmp_path))

    assert checked.returncode == 0, checked.stdout


def test_a_typescript_caller_gets_what_the_contract_promises(typescript, live_server):
    ran = typescript.run(CALLER, STOCKROOM_URL=live_server.url, STOCKROOM_KEY=make_key())

    assert ran.returncode == 0, ran.stdout + ran.stderr
    assert len(ran.stdout.split()) == STEPS
    assert_sold_once()


def test_the_typescript_program_of_the_documentation_works(typescript, tmp_path, live_server):
    program = snippet("ts", tmp_path)

    ran = typescript.run(program, STOCKROOM_URL=live_server.url, STOCKROOM_KEY=make_key())

    assert ran.stdout == SNIPPETS_SAY, ran.stderr
