"""The README's own commands do what they say."""

import json
import re
import subprocess
from pathlib import Path

import pytest

from tests.builders import make_key

ROOT = Path(__file__).resolve().parents[2]
README = (ROOT / "README.md").read_text()


def block(after: str) -> str:
    """The first block of shell commands after this text."""
    return re.search(r"```sh\n(.*?)```", README.split(after, 1)[1], re.S)[1]


@pytest.mark.django_db(transaction=True)
def test_the_four_calls_of_the_readme_open_exactly_one_alert(live_server):
    key = make_key()
    script = re.sub(r"(?m)^export .*$", "", block("## Four calls"))
    script = script.replace("curl -sS", "echo; curl -sS --fail-with-body")

    run = subprocess.run(
        ["bash", "-euc", script],
        env={"KEY": key, "API": f"{live_server.url}/api/v1", "PATH": "/usr/bin:/bin:/usr/local/bin", "no_proxy": "*"},
        capture_output=True,
        text=True,
        timeout=60,
    )

    assert run.returncode == 0, run.stdout + run.stderr
    answers = [json.loads(line) for line in run.stdout.splitlines() if line.strip()]
    product, booking, reservation, alerts = answers
    assert product["sku"] == "MUG-RED"
    assert booking["levels"][0]["available"] == 20
    assert reservation["state"] == "active"
    assert [alert["state"] for alert in alerts["results"]] == ["open"]


def test_the_targets_of_the_readme_exist():
    targets = set(re.findall(r"^([a-z_]+):", (ROOT / "Makefile").read_text(), re.M))

    assert set(re.findall(r"make ([a-z]+)", block("## Test, check, measure"))) <= targets
    assert "run" in targets


def test_every_link_of_the_readme_leads_somewhere():
    links = re.findall(r"\]\((?!http)([^)#]+)\)", README)

    missing = [link for link in links if not (ROOT / link).exists()]

    assert missing == []


def test_every_file_that_the_readme_names_is_there():
    named = re.findall(r"`((?:inventory|api|models|operations|receivers|config|migrations)/[\w/.]*)`", README)

    missing = [name for name in named if not any((base / name).exists() for base in (ROOT, ROOT / "inventory"))]

    assert missing == []
