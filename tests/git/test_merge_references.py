"""Merges of records that refer to others where no database sees to that: inside of texts, by generic keys."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from contentgit.branches.merging import merge
from contentgit.branches.merging.deciding import Decision, resolve
from contentgit.content.canonical import dump_document
from contentgit.content.description import schema_document
from contentgit.content.layout import DATASET_FILE
from contentgit.content.schema import FieldKind, FieldSchema, OnDelete, Schema
from contentgit.errors import ConflictError, UsageError
from contentgit.git import Repository
from contentgit.merge import Place, Resolution
from contentgit.render.conflicts import headline
from tests.git.content import DATASET, SCHEMA, Site, page
from tests.git.test_tree_merge import both, merged, reasons, take

ABOUT, NEWS, SHOP = "site.page:2", "site.page:3", "site.page:4"
TO_ABOUT, TO_NEWS = (f"<a id='$ref({key})'>" for key in (ABOUT, NEWS))
MISSING = [("missing", (ABOUT, f"{NEWS}/body"))]


@pytest.fixture
def site(repository_path: Path) -> Site:
    """Three pages; their texts, and what they have as data, hold references."""
    content: dict[str, Any] = {
        ABOUT: page("About"),
        NEWS: page("News", body="<p>News.</p>"),
        SHOP: page("Shop", body=f"<p>{TO_ABOUT}About</a></p>"),
    }
    site = Site(Repository.init(repository_path, bare=True), content)
    pages = SCHEMA.models["site.page"]
    fields = (replace(e, embeds=e.name in ("body", "data")) for e in pages.fields)
    teasers = SCHEMA.models["site.teaser"]
    generic = FieldSchema("page", FieldKind.GENERIC, null=True)
    models = {
        "site.page": replace(pages, fields=tuple(fields)),
        "site.teaser": replace(teasers, fields=(generic, teasers.fields[1]), unique=()),
    }
    document = schema_document(DATASET, Schema({**SCHEMA.models, **models}))
    site.commit_files("main", {f"pages/{DATASET_FILE}": dump_document(document)})
    return site


@pytest.mark.parametrize(
    ("record", "label", "fields"),
    [
        (NEWS, f"{NEWS}/body", {"body": f"<p>{TO_ABOUT}New</a></p>"}),
        (NEWS, f"{NEWS}/data", {"data": {"page": f"$num({ABOUT})"}}),
        ("site.page:9", "site.page:9", page("Nine", body=TO_ABOUT)),
        ("site.teaser:1", "site.teaser:1", {"page": ABOUT, "text": "Look"}),
    ],
)
def test_a_new_link_to_what_the_other_side_deleted_is_a_conflict(
    site: Site, record: str, label: str, fields: Any
) -> None:
    found = both(site, {record: fields}, {ABOUT: None, SHOP: {"body": ""}})
    assert reasons(found) == [("missing", (ABOUT, label))]
    assert headline(found.conflicts[0]) == (
        f"{ABOUT}  About: they deleted it, and what we changed refers to it: {label}"
    )


def test_it_is_decided_like_that_of_a_foreign_key(site: Site) -> None:
    found = both(site, {NEWS: {"body": TO_ABOUT}}, {ABOUT: None, SHOP: {"body": "Closed."}})
    assert reasons(found) == MISSING
    back = merged(site, "ours", "theirs", take(ABOUT, "ours"))
    assert not back.conflicts
    assert site.record(back.tree, ABOUT)
    assert (site.record(back.tree, NEWS) or {})["body"] == TO_ABOUT
    without = merged(site, "ours", "theirs", take(f"{NEWS}/body", "theirs"))
    assert not without.conflicts
    assert (site.record(without.tree, NEWS) or {})["body"] == "<p>News.</p>"
    other = Resolution(Place.parse(f"{NEWS}/body"), value="None.")
    assert not merged(site, "ours", "theirs", other).conflicts
    again = Resolution(Place.parse(f"{NEWS}/body"), value=f"Still {TO_ABOUT}")
    assert reasons(merged(site, "ours", "theirs", again)) == MISSING


@pytest.mark.parametrize(
    ("record", "fields", "value"),
    [
        (NEWS, ({"body": "Ours"}, {"body": "Theirs"}), "$ref(site.page:99)"),
        (NEWS, ({"data": {"a": 1}}, {"data": {"a": 2}}), "$num(site.page:99)"),
        ("site.teaser:1", ({"page": ABOUT}, {"page": NEWS}), "site.page:99"),
    ],
)
def test_a_value_that_links_to_no_record_is_not_taken(
    site: Site, record: str, fields: Any, value: Any
) -> None:
    start = {"site.teaser:1": {"page": SHOP, "text": "Look"}, NEWS: {"data": {"a": 0}}}
    site.commit("main", start)
    site.commit("summer", {record: fields[1]})
    site.commit("main", {record: fields[0]})
    with pytest.raises(ConflictError):
        merge(site.repository, "summer")
    label = merged(site, "main", "summer").conflicts[0].labels[0]
    with pytest.raises(UsageError, match=r"refers to site\.page:99, which is not there"):
        resolve(site.repository, [label], Decision(value=value))


def test_a_value_may_keep_a_link_that_dangles_on_a_side(site: Site) -> None:
    dead = "$ref(site.page:99)"
    site.commit("summer", {NEWS: {"body": f"Theirs {dead}"}})
    site.commit("main", {NEWS: {"body": "Ours"}})
    with pytest.raises(ConflictError):
        merge(site.repository, "summer")
    resolve(site.repository, [f"{NEWS}/body"], Decision(value=f"Both {dead}"))


def test_a_link_that_dangled_before_is_no_conflict(site: Site) -> None:
    """The side that deleted the record has the link as well."""
    found = both(site, {SHOP: {"title": "Market"}}, {ABOUT: None})
    assert found.conflicts == ()
    site.commit("main", {ABOUT: None})
    site.commit("ours2", {SHOP: {"title": "Fair"}, NEWS: {"body": TO_ABOUT}})
    site.commit("theirs2", {NEWS: {"title": "New"}})
    assert merged(site, "ours2", "theirs2").conflicts == ()


def test_both_sides_of_one_text_count(site: Site) -> None:
    """Each side wrote another paragraph of it."""
    text = "<p>{}</p>\n\n<p>Between is enough that it does not change at all here.</p>\n\n<p>{}</p>"
    site.commit("main", {NEWS: {"body": text.format("First.", "Last.")}})
    ours = {NEWS: {"body": text.format(f"First {TO_ABOUT}.", "Last.")}}
    theirs = {NEWS: {"body": text.format("First.", "The last.")}, ABOUT: None}
    assert reasons(both(site, ours, theirs)) == MISSING


def test_what_nobody_changed_counts_where_people_decided_on_a_delete(site: Site) -> None:
    site.commit("ours", {ABOUT: {"title": "Us"}})
    site.commit("theirs", {ABOUT: {"title": "Them"}})
    found = merged(site, "ours", "theirs", take(ABOUT, "delete"))
    assert reasons(found) == [("missing", (ABOUT, f"{SHOP}/body"))]


TAGS = {"site.tag:1": {"name": "One"}, "site.tag:2": {"name": "Two"}}


@pytest.fixture
def tagged(repository_path: Path) -> Site:
    """Two pages: one lists tags, and the other refers to it."""
    pages = SCHEMA.models["site.page"]
    parent = replace(pages.by_name["parent"], on_delete=OnDelete.SET_NULL)
    fields = tuple(parent if e.name == "parent" else e for e in pages.fields)
    models = {**SCHEMA.models, "site.page": replace(pages, fields=fields)}
    content = {
        **TAGS,
        ABOUT: page("About", tags=["site.tag:1", "site.tag:2"]),
        NEWS: page("News", parent=ABOUT),
    }
    site = Site(Repository.init(repository_path, bare=True), content)
    document = dump_document(schema_document(DATASET, Schema(models)))
    site.commit_files("main", {f"pages/{DATASET_FILE}": document})
    return site


@pytest.mark.parametrize(
    ("edit", "gone"),
    [
        ({ABOUT: None, NEWS: {"parent": None}}, NEWS),
        ({"site.tag:1": None, ABOUT: {"tags": ["site.tag:2"]}}, ABOUT),
    ],
)
def test_a_reference_that_a_delete_emptied_is_no_edit_of_what_the_other_side_deleted(
    tagged: Site, edit: Any, gone: str
) -> None:
    deleted = {ABOUT: None, NEWS: {"parent": None}} if gone == ABOUT else {NEWS: None}
    found = both(tagged, edit, deleted)
    assert not found.conflicts
    there = {key for key in (ABOUT, NEWS, *TAGS) if site_has(tagged, found.tree, key)}
    assert there == {ABOUT, NEWS, *TAGS} - {key for key, each in edit.items() if not each} - {gone}


@pytest.mark.parametrize(
    "edit",
    [
        {NEWS: {"parent": None}},  # what it referred to is still there
        {ABOUT: None, NEWS: {"parent": None, "title": "Latest"}},
        {ABOUT: None, NEWS: {"parent": SHOP}, SHOP: page("Shop")},
    ],
)
def test_what_a_delete_does_not_explain_is_an_edit(tagged: Site, edit: Any) -> None:
    found = both(tagged, edit, {NEWS: None})
    assert reasons(found) == [("deleted-by-them", (NEWS,))]


def test_a_page_that_was_taken_from_another_before_that_was_deleted_was_edited(
    site: Site,
) -> None:
    """The delete would have taken it along."""
    site.commit("main", {NEWS: {"parent": ABOUT}})
    found = both(site, {ABOUT: None, SHOP: {"body": ""}, NEWS: {"parent": None}}, {NEWS: None})
    assert reasons(found) == [("deleted-by-them", (NEWS,))]


def site_has(site: Site, tree: str, key: str) -> bool:
    return site.record(tree, key) is not None
