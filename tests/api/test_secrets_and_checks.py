"""Secrets stay where they belong; a service that is set up dangerously does not start."""

import json
import logging
import os
import subprocess
import sys
from io import StringIO

import pytest
from django.core.management import call_command
from django.core.management.base import CommandError
from django.test import override_settings

from config.checks import identity_provider_is_set_up, secret_key_is_secret
from config.logs import JsonFormatter, without_secrets
from inventory.context import Actor, acting_as, answering
from inventory.models import ApiKey, Location
from inventory.seals import seal, unseal
from tests.api.door import Door
from tests.live import ROOT


def line(message, **extra):
    record = logging.makeLogRecord({"name": "test", "levelname": "INFO", "msg": message, **extra})
    return json.loads(JsonFormatter().format(record))


def test_a_log_line_is_json_with_request_and_actor():
    with answering("req-1"), acting_as(Actor("user", "7", "ana")):
        written = line("moved", pieces=3)

    assert (written["message"], written["pieces"], written["request_id"], written["actor"]) == (
        "moved", 3, "req-1", "user:ana",
    )  # fmt: skip
    assert written["time"].endswith("Z")


def test_a_log_line_stays_one_line_whatever_is_logged():
    assert "\n" not in JsonFormatter().format(logging.makeLogRecord({"msg": "a\nb\r\n{}", "levelname": "INFO"}))


SAMPLE = "sk_stockroom_" + "Ab1" * 16 + "Z"


@pytest.mark.parametrize(
    "text",
    [SAMPLE, f"Authorization: Bearer {SAMPLE}", "bearer some-other-key", "whsec_MfKQ9r8GKYqr", "eyJhbGci.eyJpc3M.c2ln"],
)
def test_secrets_are_struck_out_of_log_lines(text):
    secret = text.split()[-1]

    assert secret not in without_secrets(f"before {text} after")
    assert without_secrets(f"before {text} after").endswith("*** after")


def test_a_marker_in_header_and_query_reaches_no_log_and_no_answer(door, caplog):
    caplog.set_level("DEBUG")
    marker = "MARKER-c0ffee-MARKER"

    for answer in (
        Door(marker + "x" * 40).get("me"),
        door.get("me?token=1", cookie=f"session={marker}"),
        door.get("products", authorization=f"Basic {marker}"),
    ):
        assert marker.encode() not in answer.body
    formatted = "".join(JsonFormatter().format(record) for record in caplog.records)
    assert '"path": "/api/v1/products"' in formatted
    assert marker not in formatted
    assert door.secret not in formatted


def test_a_key_that_is_made_or_turned_reaches_no_log(door, caplog):
    caplog.set_level("DEBUG")

    made = door.post("api_keys", {"name": "shop", "scopes": ["catalog:read"]}, idempotency_key="make").json()
    again = door.post("api_keys", {"name": "shop", "scopes": ["catalog:read"]}, idempotency_key="make").json()
    turned = door.post(f"api_keys/{made['id']}/rotate", {}).json()
    Door(turned["key"]).get("api_keys")

    formatted = "".join(JsonFormatter().format(record) for record in caplog.records)
    assert "/api/v1/api_keys" in formatted
    assert again["key"] == made["key"] != turned["key"]
    assert not any(one["key"] in formatted or one["key"][20:] in formatted for one in (made, turned))


def test_the_sample_key_is_refused_unless_developing():
    from config.settings import SAMPLE_SECRET_KEY

    def found(**settings):
        with override_settings(SAMPLE_SECRET_KEY=SAMPLE_SECRET_KEY, **settings):
            return [message.id for message in secret_key_is_secret()]

    assert found(DEBUG=False, SECRET_KEY=SAMPLE_SECRET_KEY) == ["stockroom.E001"]
    assert found(DEBUG=False, SECRET_KEY="short") == ["stockroom.E002"]
    assert found(DEBUG=True, SECRET_KEY=SAMPLE_SECRET_KEY) == []
    assert found(DEBUG=False, SECRET_KEY="s" * 60) == []


COMPLETE = {"OIDC_ISSUER": "https://a", "OIDC_AUDIENCE": ["b"], "OIDC_JWKS_URL": "https://a/keys"}


@pytest.mark.parametrize(
    ("settings", "codes"),
    [
        ({}, []),
        ({"OIDC_ISSUER": "https://a"}, ["stockroom.E003"]),
        ({"OIDC_JWKS_URL": "https://a/keys"}, ["stockroom.E003"]),
        (COMPLETE, []),
        (COMPLETE | {"OIDC_AUDIENCE": []}, ["stockroom.E003"]),
        (COMPLETE | {"OIDC_JWKS": '{"keys": [1]}'}, ["stockroom.E003"]),
        (COMPLETE | {"OIDC_ALGORITHMS": ["RS256", "HS256"]}, ["stockroom.E004"]),
        (COMPLETE | {"OIDC_ALGORITHMS": ["none"]}, ["stockroom.E004"]),
        (COMPLETE | {"OIDC_ALGORITHMS": []}, ["stockroom.E004"]),
        (COMPLETE | {"OIDC_JWKS_URL": "http://a/keys"}, ["stockroom.E005"]),
        (COMPLETE | {"OIDC_JWKS_URL": "file:///keys"}, ["stockroom.E005"]),
        (COMPLETE | {"OIDC_JWKS_URL": "http://127.0.0.1:1/keys"}, []),
        (COMPLETE | {"OIDC_JWKS_URL": "", "OIDC_JWKS": '{"keys": [1]}'}, []),
        (COMPLETE | {"OIDC_JWKS_URL": "", "OIDC_JWKS": "{}"}, ["stockroom.E005"]),
        (COMPLETE | {"OIDC_JWKS_URL": "", "OIDC_JWKS": "keys"}, ["stockroom.E005"]),
    ],
)
def test_an_identity_provider_is_set_up_wholly_and_safely_or_not_at_all(settings, codes):
    with override_settings(**settings):
        assert [message.id for message in identity_provider_is_set_up()] == codes


@pytest.mark.parametrize(("key", "right"), [("", False), ("k" * 64, True)])
def test_every_command_checks_the_secret_first(key, right):
    environment = {**os.environ, "DJANGO_SETTINGS_MODULE": "config.settings", "DEBUG": "false", "SECRET_KEY": key}
    if not key:
        del environment["SECRET_KEY"]

    done = subprocess.run(
        [sys.executable, "manage.py", "check"], cwd=ROOT, env=environment, capture_output=True, text=True, check=False
    )

    assert (done.returncode == 0) == right, done.stderr
    assert ("stockroom.E001" in done.stderr) != right


def test_the_deployment_check_finds_nothing():
    environment = {
        **os.environ, "DJANGO_SETTINGS_MODULE": "config.settings", "DEBUG": "false", "HTTPS": "true",
        "SECRET_KEY": "0123456789abcdefghijABCDEFGHIJ-" * 3, "ALLOWED_HOSTS": "shop.example",
    }  # fmt: skip

    done = subprocess.run(
        [sys.executable, "manage.py", "check", "--deploy", "--fail-level", "WARNING"],
        cwd=ROOT, env=environment, capture_output=True, text=True, check=False,
    )  # fmt: skip

    assert done.returncode == 0, done.stderr


def test_what_is_sealed_needs_the_secret_key_and_survives_its_rotation():
    with override_settings(SECRET_KEY="old" * 20):
        sealed = seal(b"whsec_1")
    with override_settings(SECRET_KEY="new" * 20, SECRET_KEY_FALLBACKS=["old" * 20]):
        assert unseal(sealed) == b"whsec_1"
    assert b"whsec_1" not in sealed
    assert unseal(b'{"plain": 1}') == b'{"plain": 1}'


def command(*arguments, **options):
    out = StringIO()
    call_command("create_api_key", *arguments, stdout=out, **options)
    return out.getvalue().splitlines()


def test_the_command_prints_the_key_alone_on_its_last_line(transactional_db):
    *_, secret = command("shop", "--scopes", "catalog:read, stock:read", "--expires-in", "7", "--rate-limit", "100")

    card = Door(secret).get("me").json()
    assert (card["name"], card["scopes"], card["rate_limit"]) == ("shop", ["catalog:read", "stock:read"], 100)
    assert card["expires_at"] is not None


def test_the_command_limits_to_locations_and_takes_all(transactional_db):
    place = Location.objects.get()

    *_, limited = command("clerk", "--scopes", "stock:read", "--location", place.code)
    *_, chief = command("chief", "--scopes", "all")

    assert Door(limited).get("me").json()["locations"] == [str(place.pk)]
    assert Door(chief).get("me").json()["scopes"] == ["admin"]


def test_the_command_takes_a_given_key_again_and_again(transactional_db, monkeypatch):
    monkeypatch.setenv("GIVEN", "g" * 40)

    for _ in range(2):
        assert command("boot", "--scopes", "all", "--secret-env", "GIVEN") == ["g" * 40]

    assert ApiKey.objects.count() == 1
    assert Door("g" * 40).get("api_keys").status == 200


@pytest.mark.parametrize(
    "arguments",
    [
        ["x", "--scopes", "nope"],
        ["x", "--scopes", ""],
        ["x", "--scopes", "all", "--location", "NOWHERE"],
        ["x", "--scopes", "all", "--secret-env", "NOT_SET"],
        ["x", "--scopes", "all", "--secret-env", "SHORT"],
    ],
)
def test_the_command_refuses_what_makes_no_sense(transactional_db, monkeypatch, arguments):
    monkeypatch.setenv("SHORT", "too-short")

    with pytest.raises(CommandError):
        command(*arguments)
    assert not ApiKey.objects.exists()
