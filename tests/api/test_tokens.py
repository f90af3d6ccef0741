"""Tokens of an identity provider: who they let in, as whom, and all the ways in which they are refused."""

import base64
import json
import logging
import time
from uuid import uuid4

import jwt
import pytest
import requests
from cryptography.hazmat.primitives import serialization
from django.test import override_settings

from api import authentication, keysets
from config.logs import JsonFormatter
from inventory.models import ApiKey, IdempotencyRecord
from tests.api.door import Door, fresh, product
from tests.api.provider import AUDIENCE, ISSUER, ec_key, jwk, provider, rsa_key, token
from tests.builders import main_location, make_location
from tests.live import serving


@pytest.fixture(autouse=True)
def nothing_remembered(monkeypatch):
    monkeypatch.setenv("no_proxy", "127.0.0.1")
    keysets._client.cache_clear()
    keysets._given.cache_clear()


def part(value):
    return base64.urlsafe_b64encode(json.dumps(value).encode()).rstrip(b"=").decode()


def public_pem(key):
    return key.public_key().public_bytes(serialization.Encoding.PEM, serialization.PublicFormat.SubjectPublicKeyInfo)


# --- Let in -----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(("key", "alg"), [(rsa_key(), "RS256"), (ec_key(), "ES256")], ids=["RSA", "EC"])
def test_a_good_token_is_its_subject_with_its_scopes(stranger, key, alg):
    with provider(jwk(key, "one")):
        answer = Door(token(key, alg=alg, scope="catalog:read openid stock:write")).get("me")

    assert answer.status == 200
    card = answer.json()
    assert (card["kind"], card["id"], card["name"]) == ("token", "shop|7", "shop|7")
    assert card["scopes"] == ["catalog:read", "stock:write"]
    assert card["expires_at"] is not None
    assert card["locations"] is None


def test_scopes_may_be_a_list_in_a_claim_of_another_name(transactional_db):
    with provider(OIDC_SCOPES_CLAIM="permissions"):
        card = Door(token(permissions=["audit:read", "root", 7], scope="admin")).get("me").json()

    assert card["scopes"] == ["audit:read"]


def test_a_missing_scope_is_403_and_named(transactional_db):
    with provider():
        answer = Door(token(scope="catalog:read")).post("products", {"sku": "A", "name": "a"})

    assert (answer.status, answer.json()["errors"][0]["scope"]) == (403, "catalog:write")


def test_the_subject_stands_in_activity_and_movements(door, shelf):
    with provider():
        shop = Door(token(scope="catalog:write stock:write"))
        sku = product(shop)["sku"]
        booked = shop.post("stock/adjustments", {"reason": "received", "lines": [{"sku": sku, "delta": 1}]}).json()

    assert booked["movements"][0]["actor"] == "token:shop|7"
    assert door.get("activity?object_type=product").json()["results"][0]["actor"] == "token:shop|7"
    assert door.get(f"products/sku:{sku}").json()["last_modified_by"] == "token:shop|7"


def test_each_subject_has_a_limit_and_idempotency_keys_of_its_own(transactional_db):
    with provider(), override_settings(API_RATE_LIMIT=2):
        ana, ben = (Door(token(sub=sub, scope="catalog:write")) for sub in (fresh("ana"), "b" * 240))
        body = {"sku": fresh("SKU"), "name": "n"}

        assert [ana.post("products", body, idempotency_key="k").status for _ in range(3)] == [201, 201, 429]
        assert ben.post("products", body, idempotency_key="k").status == 409

    assert IdempotencyRecord.objects.get().principal.startswith("token:ana")


def test_a_claim_limits_a_token_to_locations(shelf):
    here, there = main_location(), make_location("THERE")

    with provider(OIDC_LOCATIONS_CLAIM="places"):
        cards = [Door(token(scope="catalog:read", places=places)).get("me").json() for places in ([str(here.pk)], None)]
        seen = Door(token(places=str(there.pk))).get("locations").json()["results"]
        wrong = Door(token(places=["MAIN"])).get("me")

    assert [card["locations"] for card in cards] == [[str(here.pk)], []]
    assert [row["code"] for row in seen] == ["THERE"]
    assert wrong.status == 401


def test_keys_that_are_given_need_no_network(transactional_db):
    given = json.dumps({"keys": [jwk(rsa_key(), "one"), jwk(rsa_key(1), "two", use="enc")]})

    with override_settings(OIDC_ISSUER=ISSUER, OIDC_AUDIENCE=[AUDIENCE], OIDC_JWKS=given):
        assert Door(token()).get("me").status == 200
        assert Door(token(rsa_key(1), kid="two")).get("me").status == 401
        assert Door(token(kid="three")).get("me").status == 401


@pytest.mark.slow
def test_a_service_that_is_set_up_by_its_environment_takes_tokens(transactional_db):
    with provider() as one:
        trust = {"OIDC_ISSUER": ISSUER, "OIDC_AUDIENCE": f"other,{AUDIENCE}", "OIDC_JWKS_URL": one.url}
        with serving(**trust) as origin:
            good, late = (
                requests.get(f"{origin}/api/v1/me", headers={"Authorization": f"Bearer {bearer}"}, timeout=20)
                for bearer in (token(), token(exp=1_700_000_000))
            )

    assert (good.status_code, good.json()["id"]) == (200, "shop|7")
    assert (late.status_code, late.headers["content-type"]) == (401, "application/problem+json")


# --- Refused ----------------------------------------------------------------------------------------------------------

PAST, FUTURE = 1_700_000_000, 9_999_999_999


@pytest.mark.parametrize(
    ("claims", "reason"),
    [
        ({"exp": PAST}, "it has expired"),
        ({"nbf": FUTURE}, "it is not valid yet"),
        ({"iat": FUTURE}, "it is not valid yet"),
        ({"iss": "https://evil.example/"}, "another issuer made it"),
        ({"iss": ISSUER.rstrip("/")}, "another issuer made it"),
        ({"aud": "elsewhere"}, "it is meant for another audience"),
        ({"aud": ["a", "b"]}, "it is meant for another audience"),
        *(({name: None}, "a claim is missing") for name in ("exp", "iss", "aud", "sub")),
        ({"sub": ""}, "its form"),
        ({"sub": "a\nb"}, "its form"),
        ({"sub": "x" * 241}, "its form"),
        ({"exp": 10**30}, "its form"),
        ({"exp": "soon"}, "its form"),
    ],
    ids=lambda value: str(value)[:40],
)
def test_a_token_with_a_wrong_claim_is_401_and_says_why(transactional_db, claims, reason):
    with provider():
        answer = Door(token(**claims)).get("me")

    assert (answer.status, answer.code) == (401, "authentication_failed")
    assert reason in answer.json()["detail"]
    assert answer.headers["www-authenticate"].startswith("Bearer")


def unsigned(header, signature=""):
    claims = {"iss": ISSUER, "aud": AUDIENCE, "sub": "x", "exp": FUTURE, "scope": "admin"}
    return f"{part(header)}.{part(claims)}.{signature}"


def confused():
    """Signed with the public key as if it were a shared secret."""
    header = part({"alg": "HS256", "kid": "one", "typ": "JWT"})
    claims = part({"iss": ISSUER, "aud": AUDIENCE, "sub": "x", "exp": FUTURE, "scope": "admin"})
    signature = jwt.algorithms.HMACAlgorithm(jwt.algorithms.HMACAlgorithm.SHA256).sign(
        f"{header}.{claims}".encode(), public_pem(rsa_key())
    )
    return f"{header}.{claims}.{base64.urlsafe_b64encode(signature).rstrip(b'=').decode()}"


FORGED = {
    "alg none": lambda: unsigned({"alg": "none", "kid": "one"}),
    "alg None": lambda: unsigned({"alg": "None", "kid": "one"}),
    "alg missing": lambda: unsigned({"kid": "one"}),
    "alg a list": lambda: unsigned({"alg": ["RS256"], "kid": "one"}),
    "no signature": lambda: unsigned({"alg": "RS256", "kid": "one"}),
    "HS256 with the public key": confused,
    "signed by a stranger": lambda: token(rsa_key(1)),
    "another algorithm than the key's": lambda: token(alg="RS512"),
    "a key that is too short": lambda: token(rsa_key(0, 1024), kid="short"),
    "a key for encryption": lambda: token(rsa_key(1), kid="sealing"),
    "a shared secret that was published": lambda: token("s" * 32, kid="shared", alg="HS256"),
    "no kid": lambda: token(kid=None),
    "a kid that is a number": lambda: unsigned({"alg": "RS256", "kid": 1}, "AA"),
    "a key of its own": lambda: token(rsa_key(1), headers={"jwk": jwk(rsa_key(1), "one")}),
    "a critical extension": lambda: token(headers={"crit": ["exp"]}),
    "changed claims": lambda: ".".join([token().split(".")[0], part({"sub": "x"}), token().split(".")[2]]),
    "claims that are a list": lambda: ".".join([part({"alg": "RS256", "kid": "one"}), part([]), "AA"]),
    "deep": lambda: "eyJ" + base64.urlsafe_b64encode(b"[" * 6000).decode() + ".e30.AA",
    "long": lambda: token(note="x" * 20_000),
    "too few parts": lambda: "eyJhbGciOiJSUzI1NiJ9.e30",
    "too many parts": lambda: "eyJhbGciOiJSUzI1NiJ9.e30.AA.AA",
}


@pytest.mark.filterwarnings("ignore::jwt.warnings.InsecureKeyLengthWarning")  # of the forger
@pytest.mark.parametrize("forge", FORGED.values(), ids=FORGED)
def test_a_forged_token_is_refused(transactional_db, forge):
    published = [
        jwk(rsa_key(), "one"),
        jwk(rsa_key(0, 1024), "short"),
        jwk(rsa_key(1), "sealing", use="enc"),
        {"kty": "oct", "kid": "shared", "k": base64.urlsafe_b64encode(b"s" * 32).decode()},
    ]

    with provider(*published, OIDC_ALGORITHMS=["RS256", "HS256", "none"]):
        answer = Door(forge()).get("me")

    assert (answer.status, answer.code) == (401, "authentication_failed")


def test_without_an_issuer_no_token_is_taken(transactional_db):
    with provider(OIDC_ISSUER="") as one:
        assert Door(token()).get("me").status == 401
    assert one.asked == 0


def test_a_key_of_ours_never_goes_to_the_provider(door, door_with, monkeypatch):
    named = door_with("catalog:read")

    with provider() as one:
        assert door.get("me").json()["kind"] == "api_key"
        assert Door("sk_stockroom_eyJa.b.c").get("me").status == 401
        assert named.get("me").status == 200
    assert one.asked == 0


def test_a_token_is_never_looked_up_as_a_key_nor_remembered(transactional_db, django_assert_num_queries):
    with provider(), django_assert_num_queries(0):
        assert Door(token()).get("me").status == 200
    assert not authentication._remembered
    assert not ApiKey.objects.exists()


def test_a_token_stands_in_no_log(transactional_db, caplog):
    caplog.set_level("DEBUG")
    good, bad = token(), token(exp=PAST)

    with provider():
        Door(good).get("me")
        Door(bad).get("me")
    logging.getLogger("stockroom").warning("By mistake: %s", good)

    written = "".join(JsonFormatter().format(record) for record in caplog.records)
    assert "ExpiredSignatureError" in written
    assert not any(piece in written for one in (good, bad) for piece in one.split(".")[1:])


# --- The key set ------------------------------------------------------------------------------------------------------


def test_the_key_set_is_fetched_once_for_many_tokens(transactional_db):
    with provider() as one:
        assert {Door(token()).get("me").status for _ in range(5)} == {200}

    assert one.asked == 1


def test_unknown_key_ids_are_refused_and_do_not_make_us_ask_again_and_again(transactional_db):
    with provider() as one:
        Door(token()).get("me")
        statuses = {Door(token(kid=str(uuid4()))).get("me").status for _ in range(5)}

    assert statuses == {401}
    assert one.asked == 1


def test_a_rotated_key_is_found_and_the_old_one_is_gone(transactional_db, monkeypatch):
    monkeypatch.setattr(keysets, "UNKNOWN_KEY_AGAIN_AFTER_S", 0.0)

    with provider() as one:
        assert Door(token()).get("me").status == 200
        one.keys = [jwk(rsa_key(1), "two")]

        assert Door(token(rsa_key(1), kid="two")).get("me").status == 200
        assert Door(token()).get("me").status == 401


def test_a_key_set_is_not_believed_beyond_its_time(transactional_db):
    with provider(OIDC_JWKS_TTL_S=0.2) as one:
        assert Door(token()).get("me").status == 200
        one.keys = [jwk(rsa_key(1), "one")]
        time.sleep(0.25)

        assert Door(token()).get("me").status == 401


@pytest.mark.parametrize(
    "answer",
    [
        (500, b"", {}),
        (302, b"", {"Location": "/keys2"}),
        (200, b"<html>", {}),
        (200, b"\xff\xfe", {}),
        (200, b"[]", {}),
        (200, b'{"keys": []}', {}),
        (200, b'{"keys": {"a": 1}}', {}),
    ],
    ids=str,
)
def test_while_the_key_set_cannot_be_fetched_tokens_get_503_and_keys_go_on(door, answer):
    with provider() as one:
        one.answer = answer

        refused = [Door(token()).get("me") for _ in range(3)]
        own = door.get("me")

    assert {(reply.status, reply.code) for reply in refused} == {(503, "unavailable")}
    assert refused[0].headers["retry-after"]
    assert (own.status, one.asked) == (200, 1)


def test_a_provider_that_hangs_costs_its_timeout_once(transactional_db):
    with provider(OIDC_TIMEOUT_S=0.2) as one:
        one.slow_s = 1.0
        started = time.monotonic()
        statuses = [Door(token()).get("me").status for _ in range(10)]
        took = time.monotonic() - started

    assert set(statuses) == {503}
    assert took < 0.9


def test_after_an_outage_tokens_are_taken_again(transactional_db, monkeypatch):
    monkeypatch.setattr(keysets, "FAILED_AGAIN_AFTER_S", 0.0)

    with provider() as one:
        one.answer = (500, b"", {})
        assert Door(token()).get("me").status == 503
        one.answer = None

        assert Door(token()).get("me").status == 200


def test_nobody_listens_where_the_keys_should_be(transactional_db):
    with provider() as gone:
        pass
    with override_settings(OIDC_ISSUER=ISSUER, OIDC_AUDIENCE=[AUDIENCE], OIDC_JWKS_URL=gone.url):
        assert Door(token()).get("me").status == 503
