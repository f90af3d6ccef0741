"""Image and compose file, as far as they can be judged without an engine: linters say the rest (`make check`)."""

import re
from importlib.util import find_spec
from typing import Any

import yaml

from config.supervisor.environment import ROOT

DOCKERFILE = (ROOT / "Dockerfile").read_text()


def services() -> dict[str, dict[str, Any]]:
    return yaml.safe_load((ROOT / "docker-compose.yml").read_text())["services"]


def test_whoever_waits_for_a_service_can_be_sure_that_it_will_say_so():
    known = services()

    waits = [
        (name, known[other], wait["condition"])
        for name, service in known.items()
        for other, wait in service.get("depends_on", {}).items()
    ]

    assert len(waits) == 7
    for name, awaited, condition in waits:
        if condition == "service_healthy":
            assert "healthcheck" in awaited, name
        else:
            assert condition == "service_completed_successfully"
            assert awaited["restart"] == "no", name


def test_postgresql_keeps_its_data_in_the_volume():
    db = services()["db"]

    assert db["image"] == "postgres:18"
    assert db["volumes"] == ["db:/var/lib/postgresql"]


def test_our_containers_may_do_little():
    for name in ("migrate", "api", "worker"):
        service = services()[name]

        assert service["read_only"] is True
        assert service["cap_drop"] == ["ALL"]
        assert service["tmpfs"] == ["/tmp"]
    assert re.findall(r"^USER (.+)$", DOCKERFILE, re.M) == ["10001:10001"]
    assert services()["api"]["ports"] == ["${HOST:-127.0.0.1}:${PORT:-8000}:8000"]


def test_every_variable_of_compose_is_one_that_the_settings_read():
    text = (ROOT / "config" / "settings.py").read_text()

    for name in services()["worker"]["environment"]:
        assert f'"{name}"' in text, name


def test_the_image_copies_what_is_there_and_starts_what_exists():
    ignored = (ROOT / ".dockerignore").read_text().split()
    sources = [
        source for line in re.findall(r"^COPY (?!--from)(.+)$", DOCKERFILE, re.M) for source in line.split()[:-1]
    ]
    modules = re.findall(r'"-m", "([\w.]+)"', DOCKERFILE)

    assert "manage.py" in sources
    for source in sources:
        assert (ROOT / source).exists(), source
        assert any(f"!{name}" in ignored for name in (source, f"{source.split('/')[0]}/*.txt")), source
    assert modules == ["config.probe", "config.serve"]
    assert all(find_spec(module) for module in modules)
