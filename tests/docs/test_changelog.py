"""Nothing that a client relies on changes without standing in the changelog."""

import copy
from datetime import date

import pytest
import yaml

from api.schema.document import document
from scripts.changes import gate
from scripts.changes.compare import changes_between
from scripts.changes.facts import facts_of, read, written

UNTOLD = "# Changelog\n\n## Unreleased\n\n## 1.0.0 – 2026-11-24\n\n`get_me`\n"


@pytest.fixture
def published():
    return copy.deepcopy(document())


def model(published, name):
    return published["components"]["schemas"][name]


def operation(published, name):
    return next(one for path in published["paths"].values() for one in path.values() if one["operationId"] == name)


def parameter(published, of, name):
    return next(one for one in operation(published, of)["parameters"] if one["name"] == name)


def changed(published):
    """Subject → does it break clients? — against what the code publishes."""
    told = {}
    for change in changes_between(facts_of(document()), facts_of(published)):
        told[change.subject] = told.get(change.subject, False) or change.breaking
    return told


def lose_member(it):
    del model(it, "Product")["properties"]["slug"]


def lose_operation(it):
    del it["paths"]["/api/v1/me"]


def lose_value(it):
    model(it, "ProductStatus")["enum"].remove("draft")


def lose_parameter(it):
    operation(it, "list_products")["parameters"].remove(parameter(it, "list_products", "q"))


def lose_answer(it):
    responses = operation(it, "create_product")["responses"]
    responses["200"] = responses.pop("201")


def lose_header(it):
    del operation(it, "get_product")["responses"]["200"]["headers"]["ETag"]


def demand_member(it):
    model(it, "ProductRequest")["required"].append("price")


def demand_new_member(it):
    model(it, "ProductRequest")["properties"]["colour"] = {"type": "string"}
    model(it, "ProductRequest")["required"].append("colour")


def demand_parameter(it):
    parameter(it, "list_products", "q")["required"] = True


def narrow_bound(it):
    parameter(it, "list_products", "page_size")["schema"]["maximum"] = 100


def new_bound(it):
    model(it, "ProductRequest")["properties"]["attributes"]["maxProperties"] = 3


def another_type(it):
    model(it, "Product")["properties"]["version"]["type"] = "string"


def perhaps_null(it):
    model(it, "Product")["properties"]["slug"]["type"] = ["string", "null"]


def another_format(it):
    model(it, "Product")["properties"]["created_at"]["format"] = "date"


def another_scope(it):
    operation(it, "list_products")["x-scope"] = "admin"


def another_address(it):
    it["paths"]["/api/v1/myself"] = it["paths"].pop("/api/v1/me")


def optional_answer(it):
    model(it, "Product")["required"].remove("slug")


BREAKING = {
    lose_member: "Product.slug", lose_operation: "get_me", lose_value: "ProductStatus",
    lose_parameter: "list_products.q", lose_answer: "create_product", lose_header: "get_product",
    demand_member: "ProductRequest.price", demand_new_member: "ProductRequest.colour",
    demand_parameter: "list_products.q", narrow_bound: "list_products.page_size",
    new_bound: "ProductRequest.attributes", another_type: "Product.version", perhaps_null: "Product.slug",
    another_format: "Product.created_at", another_scope: "list_products", another_address: "get_me",
    optional_answer: "Product.slug",
}  # fmt: skip


@pytest.mark.parametrize(("change", "subject"), BREAKING.items(), ids=lambda one: getattr(one, "__name__", ""))
def test_what_breaks_clients_is_found_and_named(published, change, subject):
    change(published)

    assert changed(published)[subject] is True


def new_member(it):
    model(it, "Product")["properties"]["colour"] = {"type": "string"}
    model(it, "Product")["required"].append("colour")


def new_optional_member(it):
    model(it, "ProductRequest")["properties"]["colour"] = {"type": "object", "additionalProperties": {"type": "string"}}


def new_operation(it):
    it["paths"]["/api/v1/new"] = {"get": operation(it, "get_me") | {"operationId": "get_new"}}


def new_value(it):
    model(it, "ProductStatus")["enum"].append("frozen")


def wider_bound(it):
    parameter(it, "list_products", "page_size")["schema"]["maximum"] = 500


def nullable_request(it):
    model(it, "ProductRequest")["properties"]["name"]["type"] = ["string", "null"]


def deprecated(it):
    operation(it, "get_me")["deprecated"] = True


COMPATIBLE = {
    new_member: "Product.colour", new_optional_member: "ProductRequest.colour", new_operation: "get_new",
    new_value: "ProductStatus", wider_bound: "list_products.page_size", nullable_request: "ProductRequest.name",
    deprecated: "get_me",
}  # fmt: skip


@pytest.mark.parametrize(("change", "subject"), COMPATIBLE.items(), ids=lambda one: getattr(one, "__name__", ""))
def test_what_breaks_nobody_is_named_all_the_same(published, change, subject):
    change(published)

    assert changed(published)[subject] is False
    assert not any(changed(published).values())


def test_a_new_operation_is_one_change_whatever_it_brings(published):
    new_operation(published)

    assert changed(published) == {"get_new": False}


def test_words_and_examples_are_no_change(published):
    operation(published, "get_me")["description"] = "Other words."
    model(published, "Product")["properties"]["slug"]["description"] = "Other words."
    operation(published, "get_me")["responses"]["200"]["content"]["application/json"]["example"] = {}

    assert changed(published) == {}


def test_facts_come_back_from_their_file_as_they_were():
    facts = facts_of(document())

    assert read("# 1.0.0\n" + written(facts)) == facts
    assert len(facts) > 3000


# --- The gate ---------------------------------------------------------------------------------------------------------


@pytest.fixture
def papers(tmp_path, published):
    """Three files in which one operation is new, one member is gone, and the changelog tells neither."""
    one = gate.Papers(tmp_path / "openapi.yaml", tmp_path / "released.txt", tmp_path / "changelog.md")
    one.released.write_text("# 1.0.0\n" + written(facts_of(published)))
    one.changelog.write_text(UNTOLD)
    new_operation(published)
    lose_member(published)
    published["info"]["version"] = "2.0.0"
    one.openapi.write_text(yaml.dump(published, Dumper=yaml.CSafeDumper))
    return one


def tell(papers, text):
    papers.changelog.write_text(UNTOLD.replace("## Unreleased\n", f"## Unreleased\n\n{text}\n"))


@pytest.mark.parametrize(
    ("text", "right"),
    [
        ("", False),
        ("New: `get_new`.", False),
        ("New: `get_new`. Gone: `Product.slug`.", False),
        ("### Added\n\n`get_new`\n\n### Breaking\n\nGone: Product.slug", False),
        ("### Breaking\n\nGone: `Product.slug`.\n\n### Added\n\n`get_new`", True),
    ],
)
def test_the_gate_opens_when_everything_is_told_where_it_belongs(papers, text, right):
    tell(papers, text)

    assert gate.told(papers)[0] is right


def test_the_gate_prints_the_lines_that_are_missing(papers):
    _, said = gate.told(papers)

    assert "### Breaking\n\n* `Product.slug`: removed." in said
    assert "### Changed\n\n* `get_new`: added." in said
    tell(papers, said)
    assert gate.told(papers) == (True, "")


def test_a_release_closes_the_section_and_is_what_the_next_is_compared_with(papers):
    assert gate.release(date(2027, 1, 2), papers)[0] is False
    tell(papers, "### Breaking\n\n`Product.slug`\n\n### Added\n\n`get_new`")

    assert gate.release(date(2027, 1, 2), papers)[0] is True

    assert papers.changes() == []
    assert papers.unreleased().strip() == gate.NOTHING
    assert "## 2.0.0 – 2027-01-02\n\n### Breaking" in papers.changelog.read_text()
    assert gate.release(date(2027, 1, 3), papers)[1].startswith("2.0.0 does not come after 2.0.0")


@pytest.mark.parametrize(
    ("old", "new", "breaks", "right"),
    [
        ("1.9.0", "1.10.0", False, True),
        ("1.0.0", "1.0.0", False, False),
        ("1.1.0", "1.0.9", False, False),
        ("1.0.0", "1.1.0", True, False),
        ("1.0.0", "2.0.0", True, True),
    ],
)
def test_what_breaks_clients_is_a_major_version(old, new, breaks, right):
    assert (gate._refusal(old, new, breaks) == "") == right


def test_the_changelog_of_this_repository_tells_everything():
    assert gate.told() == (True, "")


def test_the_last_release_is_the_one_whose_facts_are_kept():
    papers = gate.Papers()

    version = papers.released.read_text().splitlines()[0].removeprefix("# ")

    assert papers.changelog.read_text().split("\n## ")[2].split()[0] == version
