"""Who may call: keys are issued, shown once, rotated with an overlap, revoked, limited."""

import re
from datetime import datetime, timedelta

import pytest
from django.utils import timezone

from api import authentication
from inventory.context import SYSTEM
from inventory.errors import Invalid
from inventory.models import ApiKey, IdempotencyRecord, Location
from inventory.operations import access
from tests.api.door import Door

FORMAT = re.compile(r"sk_stockroom_[0-9A-Za-z]{43}[0-9A-Za-z]{6}")


def test_a_new_key_is_shown_once_and_kept_as_a_hash(door):
    answer = door.post("api_keys", {"name": "shop", "scopes": ["catalog:read"]})

    assert answer.status == 201
    key = answer.json()["key"]
    assert FORMAT.fullmatch(key)
    assert Door(key).get("me").json()["scopes"] == ["catalog:read"]
    assert "key" not in door.get(f"api_keys/{answer.json()['id']}").json()
    assert all(key.encode() not in bytes(row.digest) for row in ApiKey.objects.all())


def test_a_secret_scanner_can_verify_a_key():
    secret = access.new_secret()

    random, checksum = secret[len(access.PREFIX) : -6], secret[-6:]

    assert access.checksum_of(random) == checksum
    assert access.checksum_of(random[::-1]) != checksum


def test_the_first_answer_with_a_key_is_encrypted_at_rest(door):
    body = {"name": "twice", "scopes": ["admin"]}

    first = door.post("api_keys", body, idempotency_key="issue-once")
    again = door.post("api_keys", body, idempotency_key="issue-once")

    assert first.body == again.body
    assert again.headers["idempotency-replayed"] == "true"
    assert first.json()["key"].encode() not in bytes(IdempotencyRecord.objects.get().body)


def test_after_a_rotation_the_old_secret_works_for_the_overlap(door):
    old = door.post("api_keys", {"name": "shop", "scopes": ["catalog:read"]}).json()

    new = door.post(f"api_keys/{old['id']}/rotate", {"overlap": 60}).json()

    assert Door(new["key"]).get("me").json()["id"] == old["id"]
    assert Door(old["key"]).get("me").status == 200
    ApiKey.objects.filter(pk=old["id"]).update(previous_expires_at=timezone.now() - timedelta(seconds=1))
    authentication.forget_all()
    assert Door(old["key"]).get("me").status == 401
    assert Door(new["key"]).get("me").status == 200


def test_without_an_overlap_the_old_secret_ends_at_once(door):
    old = door.post("api_keys", {"name": "shop", "scopes": ["catalog:read"]}).json()

    door.post(f"api_keys/{old['id']}/rotate", {"overlap": 0})

    assert Door(old["key"]).get("me").status == 401


def test_a_revoked_key_is_refused_and_gone_from_the_list(door):
    key = door.post("api_keys", {"name": "shop", "scopes": ["catalog:read"]}).json()
    caller = Door(key["key"])
    assert caller.get("me").status == 200

    assert door.delete(f"api_keys/{key['id']}", if_match='"1"').status == 204

    assert caller.get("me").code == "authentication_failed"
    assert door.get(f"api_keys/{key['id']}").status == 404
    assert key["id"] not in [row["id"] for row in door.get("api_keys").json()["results"]]
    assert [row["id"] for row in door.get("api_keys?revoked=true").json()["results"]] == [key["id"]]


def test_a_key_that_another_process_revoked_is_refused_within_two_seconds(door, monkeypatch):
    key = door.post("api_keys", {"name": "shop", "scopes": ["catalog:read"]}).json()
    caller = Door(key["key"])
    assert caller.get("me").status == 200

    access.revoke_api_key(key["id"], actor=SYSTEM)  # this process' memory is not told
    now = authentication.time.monotonic()
    monkeypatch.setattr(authentication.time, "monotonic", lambda: now + authentication.REMEMBERED_FOR_S)

    assert authentication.REMEMBERED_FOR_S <= 2
    assert caller.get("me").status == 401


def test_unknown_expired_and_revoked_keys_get_the_same_answer(door_with, stranger):
    expired = door_with("catalog:read")
    ApiKey.objects.update(expires_at=timezone.now() - timedelta(seconds=1))
    revoked = door_with("catalog:read")
    ApiKey.objects.filter(expires_at=None).update(revoked_at=timezone.now())
    unknown = Door("sk_stockroom_" + "x" * 49)

    answers = [caller.get("me") for caller in (expired, revoked, unknown)]

    assert {answer.status for answer in answers} == {401}
    assert {answer.code for answer in answers} == {"authentication_failed"}
    assert {answer.json()["detail"] for answer in answers} == {"This key is not accepted."}
    assert all(answer.headers["www-authenticate"].startswith("Bearer") for answer in answers)
    assert stranger.get("me").code == "not_authenticated"


def test_a_key_expires_also_while_it_is_remembered(door_with):
    caller = door_with("catalog:read", expires_at=timezone.now() + timedelta(hours=1))
    assert caller.get("me").status == 200
    (known,) = authentication._remembered.values()

    known.key.expires_at = timezone.now() - timedelta(seconds=1)

    assert caller.get("me").status == 401


@pytest.mark.parametrize(
    "header",
    [
        "Basic YTpi",
        "Bearer",
        "Bearer ",
        "bearer  ",
        "Token abc",
        "Bearer a\x00b",
        "Bearer " + "x" * 5000,
        "Bearer é",
        "",
    ],
)
def test_other_authorization_headers_are_refused(stranger, header):
    answer = stranger.get("me", authorization=header)

    assert answer.status == 401
    assert answer.code == "authentication_failed"


def test_the_last_use_is_written_to_the_minute(door):
    key = ApiKey.objects.get()
    authentication._uses.clear()

    door.get("me")

    key.refresh_from_db()
    assert key.last_used_at is not None
    first = key.last_used_at
    authentication._uses.clear()
    door.get("me")
    key.refresh_from_db()
    assert key.last_used_at == first


def test_a_new_key_cannot_exceed_the_locations_of_its_maker(door, door_with):
    here, there = (Location.objects.create(code=code, name=code) for code in ("HERE", "THERE"))
    limited = door_with("admin", locations=[here.pk])
    body = {"name": "child", "scopes": ["stock:read"]}

    assert limited.post("api_keys", body).code == "permission_denied"
    assert limited.post("api_keys", {**body, "locations": [str(there.pk)]}).code == "permission_denied"
    assert limited.post("api_keys", {**body, "locations": [str(here.pk)]}).status == 201
    unknown = door.post("api_keys", {**body, "locations": ["01932d6e-8a40-7c3e-9b51-0f6d1c2a7e55"]})
    assert (unknown.status, unknown.culprit()) == (422, ["/locations/0"])


def test_a_key_lives_as_long_as_it_was_given(door):
    made = door.post("api_keys", {"name": "short", "scopes": ["admin"], "expires_in": 60}).json()

    left = datetime.fromisoformat(made["expires_at"]) - timezone.now()
    assert timedelta(seconds=50) < left <= timedelta(seconds=60)


def test_a_key_may_not_be_born_expired(transactional_db):
    with pytest.raises(Invalid):
        access.create_api_key(name="old", scopes=["admin"], expires_at=timezone.now(), actor=SYSTEM)


def test_me_says_who_the_caller_is_and_what_limits_it_has(door_with):
    caller = door_with("stock:read", "catalog:read", rate_limit=77)

    card = caller.get("me").json()

    assert card["kind"] == "api_key"
    assert card["scopes"] == ["catalog:read", "stock:read"]
    assert card["rate_limit"] == 77
    assert card["locations"] is None


def test_the_bootstrap_key_is_made_once_and_restored_when_revoked(transactional_db):
    secret = "bootstrap-" + "s" * 30

    key = access.ensure_api_key(secret, name="bootstrap", actor=SYSTEM)
    access.revoke_api_key(key.pk, actor=SYSTEM)
    again = access.ensure_api_key(secret, name="bootstrap", actor=SYSTEM)

    assert again.pk == key.pk
    assert Door(secret).get("me").json()["scopes"] == ["admin"]
    assert secret not in again.prefix


def test_the_activity_tells_what_happened_to_a_key_but_not_its_hash(door):
    key = door.post("api_keys", {"name": "shop", "scopes": ["catalog:read"]}).json()
    door.post(f"api_keys/{key['id']}/rotate", {"overlap": 0})
    door.delete(f"api_keys/{key['id']}")

    rows = door.get(f"activity?object_type=api_key&object_id={key['id']}").json()["results"]

    assert len(rows) == 3
    assert [list(row["changes"]) for row in rows[:2]] == [["revoked_at"], ["prefix"]]
    assert "digest" not in str(rows)
    assert key["key"] not in str(rows)
