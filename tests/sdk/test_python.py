"""The Python client that `make sdk` writes."""

from pathlib import Path

import pytest

from tests.builders import make_key

from .clients import CALLERS, Python, snippet
from .shop import SNIPPETS_SAY, STEPS, assert_sold_once

pytestmark = pytest.mark.timeout(300)
CALLER = CALLERS / "caller.py"


@pytest.fixture
def python(tmp_path: Path) -> Python:
    return Python(tmp_path)


def test_the_python_client_and_its_callers_satisfy_mypy(python, tmp_path):
    checked = python.check(CALLER, snippet("python", tmp_path))

    assert checked.returncode == 0, checked.stdout


def test_a_python_caller_gets_what_the_contract_promises(python, live_server):
    ran = python.run(CALLER, STOCKROOM_URL=live_server.url, STOCKROOM_KEY=make_key())

    assert ran.returncode == 0, ran.stdout + ran.stderr
    assert len(ran.stdout.split()) == STEPS
    assert_sold_once()


def test_the_python_program_of_the_documentation_works(python, tmp_path, live_server):
    program = snippet("python", tmp_path)

    ran = python.run(program, STOCKROOM_URL=live_server.url, STOCKROOM_KEY=make_key())

    assert ran.stdout == SNIPPETS_SAY, ran.stderr


def test_a_value_of_a_later_release_does_not_stop_the_python_client(python, tmp_path):
    later = tmp_path / "later.py"
    later.write_text(
        "from stockroom_client.models import ProductRequest\n"
        "print(ProductRequest.from_dict({'sku': 'A', 'name': 'B', 'status': 'retired'}).status)\n"
    )

    ran = python.run(later)

    assert ran.stdout == "retired\n", ran.stderr
