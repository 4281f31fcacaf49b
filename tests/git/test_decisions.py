"""Decisions that would make a merge wrong are refused, each with what to do instead."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from contentgit.branches.merging import continue_merge, merge
from contentgit.branches.merging.deciding import Decision, names, resolve
from contentgit.branches.merging.recorded import resolve_recorded
from contentgit.branches.operation import current
from contentgit.content.canonical import dump_document, encode
from contentgit.content.description import schema_document
from contentgit.content.layout import DATASET_FILE, record_path
from contentgit.content.records import Record, RecordKey
from contentgit.content.schema import FieldKind, FieldSchema, KeyKind, Layout, Schema, UniqueSet
from contentgit.errors import ConflictError, RefusedError, UsageError
from contentgit.git import Repository
from contentgit.history.check import check
from contentgit.merge import Side, Take
from contentgit.specs import Dataset, ModelSpec
from tests.git.content import (
    DATASET,
    SCHEMA,
    TAG,
    TEASER,
    Site,
    bytes_of,
    page,
    path_of,
    teaser,
)
from tests.git.test_tree_merge import START

OURS = Decision(Take.OURS)


@pytest.fixture
def site(repository_path: Path) -> Site:
    return Site(Repository.init(repository_path, bare=True), START)


def findings(site: Site, commit: str) -> list[str]:
    return [each.rule for each in check(site.repository, commit).findings]


def stopped(site: Site, ours: Any, theirs: Any) -> Site:
    """The site with a merge of what both did under way."""
    site.commit("summer", theirs)
    site.commit("main", ours)
    with pytest.raises(ConflictError):
        merge(site.repository, "summer")
    return site


@pytest.mark.parametrize(
    ("field", "values", "value", "said"),
    [
        ("title", ("W", "S"), 5, "is not text"),
        ("title", ("W", "S"), None, "is null, which the field does not accept"),
        ("edited", (1, 2), "tomorrow", 'is not a time like "2026-11-22T13:05:00.000000Z"'),
        ("tags", (1, 2), "site.tag:1", 'is not a list of references like "app.model:key"'),
        ("parent", ("site.page:2", "site.page:4"), "site.tag:1", "is not a reference to site.page"),
        (
            "parent",
            ("site.page:2", "site.page:4"),
            "site.page:99",
            "refers to site.page:99, which is not there",
        ),
    ],
)
def test_a_value_that_the_field_does_not_take(
    site: Site, field: str, values: Any, value: Any, said: str
) -> None:
    stopped(site, {"site.page:3": {field: values[0]}}, {"site.page:3": {field: values[1]}})
    with pytest.raises(UsageError) as caught:
        resolve(site.repository, [f"site.page:3/{field}"], Decision(value=value))
    assert caught.value.message == f"site.page:3/{field}: the value {said}"
    operation = current(site.repository)
    assert operation is not None
    assert operation.resolutions == ()


def test_a_field_that_names_its_record_is_not_decided(site: Site) -> None:
    """The file would stay where it is, and hold a record of another name."""
    named = replace(TAG, key_kind=KeyKind.TEXT, layout=Layout.FLAT, identity=("name",))
    fields = (*TAG.fields, FieldSchema("note", FieldKind.TEXT))
    schema = Schema({**SCHEMA.models, "site.tag": replace(named, fields=fields)})
    document = dump_document(schema_document(DATASET, schema))
    gone = {path_of(f"site.tag:{number}"): None for number in (1, 2)}
    site.commit_files("main", {**gone, f"pages/{DATASET_FILE}": document})
    key = RecordKey("site.tag", "red")
    place = f"pages/{record_path(key, Layout.FLAT)}"
    for branch in ("main", "summer"):
        data = encode(Record(key, {"name": "red", "note": branch}), KeyKind.TEXT)
        site.commit_files(branch, {place: data})
    site.commit_files("main", {place: None})
    with pytest.raises(ConflictError):
        merge(site.repository, "summer")
    with pytest.raises(UsageError, match="name is part of the record's key"):
        resolve(site.repository, ["site.tag:red/name"], Decision(value="blue"))
    assert left(site, "site.tag:red", Decision(Take.THEIRS)) == []


def test_a_recorded_value_is_looked_at_too(site: Site) -> None:
    site.commit("summer", {"site.page:3": {"title": "S"}})
    site.commit("main", {"site.page:3": {"title": "W"}})
    merge(site.repository, "summer", record=True)
    with pytest.raises(UsageError, match=r"site\.page:3/title: the value is not text"):
        resolve_recorded(site.repository, ["site.page:3/title"], Decision(value=5))


def test_a_field_that_there_is_not(site: Site) -> None:
    stopped(site, {"site.page:4": {"title": "W"}}, {"site.page:4": None})
    with pytest.raises(UsageError, match=r"site\.page:4/titel: site\.page has no field titel"):
        resolve(site.repository, ["site.page:4/titel"], Decision(value="x"))
    with pytest.raises(UsageError, match="title is a single value without parts"):
        resolve(site.repository, ["site.page:4/title/de"], Decision(value="x"))


def test_the_base_of_what_it_does_not_have(site: Site) -> None:
    """A record that both added would lose its fields, and an apply leave their columns to chance."""
    stopped(site, {"site.page:9": page("W")}, {"site.page:9": page("S")})
    with pytest.raises(RefusedError) as caught:
        resolve(site.repository, ["site.page:9"], Decision(Take.BASE))
    assert caught.value.message == "the base has nothing at 2 places, so it cannot be taken"
    assert caught.value.items == ("site.page:9/slug", "site.page:9/title")
    assert "--take delete" in caught.value.hint
    resolve(site.repository, ["site.page:9"], Decision(Take.DELETE))


@pytest.mark.parametrize(
    ("pattern", "label", "named"),
    [
        ("site.tag:4", "site.tag:4/name", True),
        ("site.tag:4", "site.tag:40/name", False),
        ("site.tag:4/data", "site.tag:4/data/a/b", True),
        ("site.tag:*", "site.tag:4/name", True),
        ("site.*", "site.tag:4", True),
        ("*/slug", "site.tag:4/slug", True),
        ("*/slug", "site.tag:4", False),
        ("site.tag:[4-9]", "site.tag:4", True),
        ("site.tag:[4-9]", "site.tag:4/name", True),
        ("site.tag:[4-9]", "site.tag:3/name", False),
        ("site.tag:[4-9]", "site.tag:40/name", False),
        ("site.tag:[!4]/name", "site.tag:5/name", True),
        ("site.tag:[!4]/name", "site.tag:4/name", False),
        ("site.tag:?/data", "site.tag:4/data/a", True),
        ("site.tag:1?", "site.tag:14/name", True),
        ("site.tag:1?", "site.tag:1/name", False),
        ("docs/notes[1].txt", "docs/notes[1].txt", True),
    ],
)
def test_what_a_pattern_names(pattern: str, label: str, named: bool) -> None:
    assert names(pattern, label) == named


def left(site: Site, label: str, decision: Decision) -> list[tuple[str, tuple[str, ...]]]:
    found = resolve(site.repository, [label], decision)
    return [(each.reason.value, each.labels) for each in found.conflicts]


def test_what_nobody_changed_refers_to_what_it_was_decided_to_delete(site: Site) -> None:
    stopped(site, {"site.page:1": {"title": "W"}}, {"site.page:1": {"title": "S"}})
    delete = Decision(Take.DELETE)
    children = tuple(f"site.page:{number}/parent" for number in (2, 3, 4))
    assert left(site, "site.page:1", delete) == [("missing", ("site.page:1", *children))]
    assert left(site, children[0], Decision(value=None)) == [
        ("missing", ("site.page:1", *children[1:]))
    ]
    assert left(site, "site.page:3", delete) == [("missing", ("site.page:1", children[2]))]
    assert left(site, "site.page:4", delete) == []
    commit = continue_merge(site.repository).commit
    assert findings(site, commit) == []
    gone = {"site.page:1", "site.page:3", "site.page:4"}
    assert site.all(commit).keys() == START.keys() - gone


@pytest.mark.parametrize("edited", [False, True])
def test_a_dump_that_one_side_gave_up_stays_for_what_is_kept_of_it(
    site: Site, edited: bool
) -> None:
    """Records without their dataset.json are nothing that an apply understands."""
    document, place = f"more/{DATASET_FILE}", path_of("site.page:8", "more")
    content = dump_document(schema_document(replace(DATASET, name="more"), SCHEMA))
    site.commit_files("main", {document: content, place: bytes_of("site.page:8", page("Eight"))})
    site.commit_files("summer", {document: None, place: None})
    if edited:
        fewer = Schema(
            {label: each for label, each in SCHEMA.models.items() if label != "site.item"}
        )
        specs = tuple(ModelSpec(label) for label in fewer.models)
        content = dump_document(schema_document(Dataset("more", "", specs=specs), fewer))
    site.commit_files("main", {document: content, place: bytes_of("site.page:8", page("Nine"))})
    for ours, theirs in (("main", "summer"), ("summer", "main")):
        site.repository.refs.set_head(ours)
        tip = site.repository.refs.resolve(ours)
        side = Take.OURS if ours == "main" else Take.THEIRS
        kept = merge(site.repository, theirs, take=side).commit
        assert site.repository.blob(kept, document) == content
        assert findings(site, kept) == []
        site.repository.refs.move(f"refs/heads/{ours}", tip, kept, "test")
        other = Take.THEIRS if ours == "main" else Take.OURS
        gone = merge(site.repository, theirs, take=other).commit
        assert site.repository.trees.folders(gone) == ["pages"]
        site.repository.refs.move(f"refs/heads/{ours}", tip, gone, "test")


def more(site: Site, key: str, fields: Any) -> None:
    """A second dump of the same models, with one record."""
    document = dump_document(schema_document(replace(DATASET, name="more"), SCHEMA))
    place = path_of(key, "more")
    site.commit_files("main", {f"more/{DATASET_FILE}": document, place: bytes_of(key, fields)})


def test_a_new_key_is_new_in_every_dump(site: Site) -> None:
    more(site, "site.page:20", page("Twenty"))
    stopped(site, {"site.page:9": page("W")}, {"site.page:9": page("S")})
    found = resolve(site.repository, ["site.page:9"], Decision(renumber=Side.THEIRS))
    assert [each.key for each in found.resolutions] == ["21"]
    assert findings(site, continue_merge(site.repository).commit) == []


def test_a_record_that_each_side_added_to_another_dump(site: Site) -> None:
    more(site, "site.page:20", page("Twenty"))
    place = path_of("site.page:9", "more")
    site.commit_files("summer", {place: bytes_of("site.page:9", page("S"))})
    site.commit("summer", {"site.teaser:9": teaser("s", "site.page:9")})
    stopped(site, {"site.page:9": page("W")}, {})
    assert left(site, "site.page:9", OURS) == []
    assert left(site, "site.page:9", Decision(Take.THEIRS)) == []
    commit = continue_merge(site.repository).commit
    assert findings(site, commit) == []
    assert site.record(commit, "site.page:9") is None
    assert site.repository.blob(commit, place) == bytes_of("site.page:9", page("S"))


def test_a_key_that_others_have_in_their_own_stays(site: Site) -> None:
    named = replace(
        TEASER, key_kind=KeyKind.COMPOSITE, layout=Layout.FLAT, identity=("page", "text")
    )
    document = schema_document(DATASET, Schema({**SCHEMA.models, "site.teaser": named}))
    files = {f"pages/{DATASET_FILE}": dump_document(document)}
    site.commit_files("main", {**files, path_of("site.teaser:1"): None})
    key = RecordKey("site.teaser", "9,de")
    data = encode(Record(key, teaser("de", "site.page:9")), KeyKind.COMPOSITE)
    site.commit_files("summer", {f"pages/{record_path(key, Layout.FLAT)}": data})
    stopped(site, {"site.page:9": page("W")}, {"site.page:9": page("S")})
    with pytest.raises(RefusedError, match="named by what they refer to"):
        resolve(site.repository, ["site.page:9"], Decision(renumber=Side.THEIRS))


def test_models_that_each_side_added(site: Site) -> None:
    """What specs stand in which order says nothing, so both lists together are no conflict."""
    for branch, label in (("summer", "site.warm"), ("main", "site.cold")):
        models = {**SCHEMA.models, label: replace(TAG, label=label)}
        dataset = Dataset("pages", "", specs=tuple(ModelSpec(each) for each in models))
        document = dump_document(schema_document(dataset, Schema(models)))
        new = bytes_of(f"{label}:1", {"name": "x"})
        site.commit_files(branch, {f"pages/{DATASET_FILE}": document, path_of(f"{label}:1"): new})
    commit = merge(site.repository, "summer").commit
    assert findings(site, commit) == []
    data = site.repository.blob(commit, f"pages/{DATASET_FILE}")
    assert data is not None
    assert [each["model"] for each in json.loads(data)["specs"]][-2:] == ["site.cold", "site.warm"]


def test_what_goes_with_a_record_that_was_not_taken(site: Site) -> None:
    """Its children came with it, so they go with it, and each of both is said."""
    added = {"site.page:8": page("Bread"), "site.teaser:8": teaser("Fresh", "site.page:8")}
    stopped(site, {"site.page:9": page("Bread")}, added)
    assert left(site, "site.page:8", OURS) == [("missing", ("site.page:8", "site.teaser:8"))]
    # The label is that of the conflict which is open, not of the one that was decided.
    assert left(site, "site.page:8", OURS) == []
    assert findings(site, continue_merge(site.repository).commit) == []


def test_what_goes_with_a_recorded_decision_is_named_in_one_call(site: Site) -> None:
    added = {"site.page:8": page("Bread"), "site.teaser:8": teaser("Fresh", "site.page:8")}
    site.commit("summer", added)
    tip = site.commit("main", {"site.page:9": page("Bread")})
    merge(site.repository, "summer", record=True)
    with pytest.raises(ConflictError) as caught:
        resolve_recorded(site.repository, ["site.page:8"], OURS)
    assert caught.value.items[0].endswith("records that stay refer to it: site.teaser:8")
    assert "in one call that names all of their labels" in caught.value.hint
    done = resolve_recorded(site.repository, ["site.page:8", "site.teaser:8"], OURS).done
    assert findings(site, done.commit) == []
    assert site.all(done.commit) == site.all(tip)


def test_a_value_that_a_record_has_which_nobody_changed(site: Site) -> None:
    stopped(site, {"site.page:1": {"slug": "w"}}, {"site.page:1": {"slug": "s"}})
    both = ("site.page:1/slug", "site.page:2/slug")
    assert left(site, both[0], Decision(value="about")) == [("same-value", both)]
    assert left(site, both[1], Decision(value="about-us")) == []
    assert findings(site, continue_merge(site.repository).commit) == []


def test_a_pair_of_values_of_which_each_side_gave_one(site: Site) -> None:
    """A third record has had the pair all along."""
    pair = replace(TEASER, unique=(UniqueSet("pair", ("page", "text")),))
    document = schema_document(DATASET, Schema({**SCHEMA.models, "site.teaser": pair}))
    start = {
        "site.teaser:5": teaser("b", "site.page:3"),
        "site.teaser:6": teaser("a", "site.page:2"),
    }
    site.commit("main", start)
    site.commit_files("main", {f"pages/{DATASET_FILE}": dump_document(document)})
    theirs = {"site.teaser:6": {"page": "site.page:3"}}
    site.commit("summer", theirs)
    site.commit("main", {"site.teaser:6": {"text": "b"}})
    with pytest.raises(ConflictError) as caught:
        merge(site.repository, "summer")
    assert "has the same page, text" in caught.value.items[0]


@pytest.mark.parametrize(
    ("ours", "theirs", "reason"),
    [
        ({"site.page:9": page("Jobs")}, page("Jobs"), "same-value"),
        ({"site.page:2": {"parent": "site.page:8"}}, page("A", parent="site.page:2"), "cycle"),
    ],
)
def test_dumps_of_one_model_meet(site: Site, ours: Any, theirs: Any, reason: str) -> None:
    place = path_of("site.page:8", "more")
    site.commit_files(
        "main",
        {
            f"more/{DATASET_FILE}": dump_document(schema_document(DATASET, SCHEMA)),
            place: bytes_of("site.page:8", page("Eight")),
        },
    )
    site.commit_files("summer", {place: bytes_of("site.page:8", theirs)})
    site.commit("main", ours)
    with pytest.raises(ConflictError) as caught:
        merge(site.repository, "summer")
    assert [each["reason"] for each in caught.value.data["conflicts"]] == [reason]
