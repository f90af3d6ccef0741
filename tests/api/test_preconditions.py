"""No lost edits and no needless transfers: ETag, If-None-Match, If-Match."""

from concurrent.futures import ThreadPoolExecutor
from threading import Barrier

import pytest

from tests.api.door import fresh, product

WRITERS = 50
UNKNOWN = "01932d6e-8a40-7c3e-9b51-0f6d1c2a7e55"


@pytest.fixture
def category(door):
    made = door.post("categories", {"name": fresh("Cups")})
    return {"path": f"categories/{made.json()['id']}", "etag": made.headers["etag"]}


def test_every_single_resource_has_a_strong_etag_and_answers_304(door, category, shelf):
    made = product(door)
    level = door.post("stock/adjustments", {"reason": "received", "lines": [{"sku": made["sku"], "delta": 1}]}).json()
    place = door.get("locations").json()["results"][0]["id"]
    key = door.get("api_keys").json()["results"][0]["id"]
    paths = [f"products/{made['id']}", category["path"], f"locations/{place}", f"api_keys/{key}"]
    paths += [f"stock/levels/{level['levels'][0]['id']}", f"stock/movements/{level['movements'][0]['id']}"]

    for path in paths:
        etag = door.get(path).headers["etag"]
        assert etag.startswith('"'), path
        for tags in (etag, f"W/{etag}", f'"other", {etag}', "*"):
            same = door.get(path, if_none_match=tags)
            assert (same.status, same.body, same.headers["etag"]) == (304, b"", etag), (path, tags)
        for tags in ('"0"', etag.strip('"'), "", "nonsense", '"' + "x" * 9000):
            assert door.get(path, if_none_match=tags).status == 200, (path, tags)


def test_the_etag_changes_with_everything_the_body_shows(door, shelf):
    made = product(door)
    path = f"products/{made['id']}"
    before = door.get(path).headers["etag"]

    door.post("stock/adjustments", {"reason": "received", "lines": [{"sku": made["sku"], "delta": 1}]})

    assert door.get(path, if_none_match=before).status == 200


def test_a_sale_does_not_make_an_edit_stale(door, shelf):
    made = product(door)
    path = f"products/{made['id']}"
    etag = door.get(path).headers["etag"]

    door.post("stock/adjustments", {"reason": "received", "lines": [{"sku": made["sku"], "delta": 1}]})

    assert door.patch(path, {"name": "Renamed"}, if_match=etag).status == 200


@pytest.mark.parametrize("tags", ['"1"', '"1-abcdef"', "*", '"7", "1"', 'W/"9", "1"', ' "1" '])
def test_the_present_version_may_be_named_in_these_ways(door, category, tags):
    assert door.patch(category["path"], {"name": fresh("New")}, if_match=tags).status == 200


@pytest.mark.parametrize("tags", ['"2"', '"0"', '"01"', 'W/"1"', '"x"', '""', '"1x"', '"99999999999"', '"-1"'])
def test_another_version_is_stale(door, category, tags):
    answer = door.patch(category["path"], {"name": fresh("New")}, if_match=tags)

    assert (answer.status, answer.code) == (412, "precondition_failed")


@pytest.mark.parametrize("tags", ["1", "abc", '"1', '1"', '"1" "2"', '"1",,"2"', "*, *", '"1", x', '"a b"', "\x00"])
def test_what_is_not_a_list_of_tags_is_400_and_named(door, category, tags):
    answer = door.patch(category["path"], {"name": fresh("New")}, if_match=tags)

    assert (answer.status, answer.culprit("parameter")) == (400, ["If-Match"])


@pytest.mark.parametrize("method", ["PUT", "PATCH", "DELETE"])
def test_a_missing_if_match_is_428_and_an_unknown_id_404_before_that(door, category, method):
    missing = door.call(method, category["path"], {"name": "x"} if method != "DELETE" else None)
    unknown = door.call(method, f"categories/{UNKNOWN}", {"name": "x"} if method != "DELETE" else None)

    assert (missing.status, missing.culprit("parameter")) == (428, ["If-Match"])
    assert unknown.status == 404


def test_each_change_answers_with_the_new_etag(door, category):
    for expected in ('"2"', '"3"', '"4"'):
        answer = door.patch(
            category["path"], {"name": fresh("New")}, if_match=door.get(category["path"]).headers["etag"]
        )

        assert answer.headers["etag"] == expected


def test_of_many_edits_of_one_version_exactly_one_wins(door, category):
    def rename(number):
        return door.patch(category["path"], {"name": f"Name {number}"}, if_match=category["etag"]).status

    with ThreadPoolExecutor(8) as pool:
        statuses = list(pool.map(rename, range(50)))

    assert sorted(set(statuses)) == [200, 412]
    assert statuses.count(200) == 1
    assert door.get(category["path"]).json()["version"] == 2


def test_no_update_is_lost_when_fifty_edit_at_once(door):
    made = product(door)
    path, start = f"products/{made['id']}", Barrier(WRITERS)

    def add_mine(number):
        start.wait()
        refused = 0
        while True:
            read = door.get(path)
            attributes = {**read.json()["attributes"], f"writer-{number}": number}
            answer = door.patch(path, {"attributes": attributes}, if_match=read.headers["etag"])
            if answer.status == 200:
                return refused
            assert answer.status in (412, 503), answer.body
            refused += answer.status == 412

    with ThreadPoolExecutor(WRITERS) as pool:
        refused = list(pool.map(add_mine, range(WRITERS)))

    after = door.get(path).json()
    assert after["attributes"] == {f"writer-{number}": number for number in range(WRITERS)}
    assert after["version"] == 1 + WRITERS
    assert sum(refused) > 0
