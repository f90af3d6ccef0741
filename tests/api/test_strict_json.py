"""A body is strict JSON or it is refused, with the place."""

import json

import pytest

from api.parsers import DEEPEST, parse_json
from api.problems.refusals import ApiRefusal
from tests.api.door import fresh


def refusal(raw, code="malformed_json"):
    with pytest.raises(ApiRefusal) as caught:
        parse_json(raw)
    assert caught.value.code == code
    return caught.value.problems[0]


@pytest.mark.parametrize(
    "raw",
    [
        b"{", b"}", b"[1,]", b"{'a':1}", b'{"a":01}', b"nul", b"\x00", b" ", b'{"a":1}{"b":2}', b"// x", b'"\n"',
        b"NaN", b'{"a":NaN}', b"Infinity", b"-Infinity", b'{"a":1e400}', b'{"a":-1e400}', b"1" * 5000,
        b'{"a":1,"a":2}', b'{"x":{"a":1,"a":1}}', b'{"a":1,"\\u0061":2}',
        b"\xff", b'"\xc3"', b'"\xed\xa0\x80"', "{}".encode("utf-16"), "{}".encode("utf-32"), b"\xef\xbb\xbf{}",
        b"[" * 33 + b"]" * 33, b"[" * 100_000, b'{"a":' * 2_000 + b"1" + b"}" * 2_000,
    ],
)  # fmt: skip
def test_what_two_parsers_could_read_in_two_ways_is_refused(raw):
    refusal(raw)


@pytest.mark.parametrize(
    "document",
    [{}, [], None, True, 0, -1.5, "x", "\U0001f4e6 é", {"a": [{"b": None}]}, [1e308], {"": ""}, "\u2028", 10**300],
)
def test_what_a_strict_encoder_writes_is_read(document):
    assert parse_json(json.dumps(document).encode()) == document
    assert parse_json(json.dumps(document, ensure_ascii=False).encode()) == document


@pytest.mark.parametrize(
    ("raw", "pointer"),
    [
        (rb'"\u0000"', ""),
        (rb'{"\u0000":1}', ""),
        (rb'"\ud800"', ""),
        (rb'{"a":{"\udfff":1}}', "/a"),
        (rb'{"lines": [{"note": "\ud800a"}]}', "/lines/0/note"),
        (rb'{"a/b": ["", "\u0000"]}', "/a~1b/1"),
    ],
)
def test_text_that_cannot_be_stored_is_named(raw, pointer):
    assert refusal(raw, "validation_error").pointer == pointer


@pytest.mark.parametrize(("coding", "status"), [("gzip", 415), ("br, identity", 415), ("IDENTITY", 201), ("", 201)])
def test_a_coded_body_is_not_taken_for_a_plain_one(door, coding, status):
    answer = door.post("categories", {"name": fresh("Coded")}, content_encoding=coding)

    assert answer.status == status
    assert status == 201 or answer.culprit("parameter") == ["Content-Encoding"]


def test_an_empty_body_is_an_empty_object():
    assert parse_json(b"") == {}


def test_the_deepest_allowed_nesting_is_read():
    assert parse_json(b"[" * DEEPEST + b"]" * DEEPEST)


def test_the_place_of_the_mistake_is_told():
    assert refusal(b'{"a": 1, "b" 2}').extra["position"] == 13
    assert "“sku” stands twice" in refusal(b'{"sku": 1, "sku": 2}').detail


def test_a_chunked_body_is_read(door):
    made = door.post("categories", {"name": "In chunks"}, transfer_encoding="chunked")
    empty = door.post("categories", raw=b"", transfer_encoding="chunked", content_type="application/json")
    huge = door.post("categories", raw=b"x" * 6_000_000, transfer_encoding="chunked")

    assert made.json()["name"] == "In chunks"
    assert (empty.status, empty.culprit()) == (400, ["/name"])
    assert (huge.status, huge.code) == (413, "payload_too_large")
