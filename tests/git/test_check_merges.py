"""``check --merges`` on merges of every kind: what people decided is theirs to decide."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from contentgit.branches.check_merges import differing
from contentgit.branches.merging import continue_merge, merge
from contentgit.branches.merging.deciding import Decision, resolve
from contentgit.check import Finding
from contentgit.content.description import schema_document
from contentgit.content.documents import dump_document
from contentgit.content.schema import Layout, Schema
from contentgit.errors import ConflictError
from contentgit.git import Repository
from contentgit.merge import Side, Take
from contentgit.specs import Dataset, ModelSpec
from tests.git.content import SCHEMA, Site, bytes_of, page, path_of, teaser
from tests.git.test_tree_merge import START

MENU = {
    "site.menu:1": {"name": "Main", "items": 3},
    **{f"site.item:{n}": {"menu": "site.menu:1", "position": n, "text": str(n)} for n in (1, 2, 3)},
}
ITEM = {"menu": "site.menu:1", "text": "new"}


@pytest.fixture
def site(repository_path: Path) -> Site:
    return Site(Repository.init(repository_path, bare=True), {**START, **MENU})


def found(site: Site, revision: str = "main") -> list[Finding]:
    result: list[Finding] = []
    differing(site.repository, revision, result.append)
    return result


def part(site: Site, ours: Any, theirs: Any) -> None:
    site.commit("summer", theirs)
    site.commit("main", ours)


def decide(site: Site, decision: Decision) -> None:
    """Merges with a decision on everything; of what this uncovers ours is taken."""
    with pytest.raises(ConflictError):
        merge(site.repository, "summer")
    left = resolve(site.repository, [], decision).conflicts
    while left:
        left = resolve(site.repository, [], Decision(Take.OURS)).conflicts
    continue_merge(site.repository)


OURS, THEIRS, BASE, DELETE = map(Decision, (Take.OURS, Take.THEIRS, Take.BASE, Take.DELETE))

CHILD = (
    {"site.page:4": None},
    {"site.page:9": page("Nine", parent="site.page:4")},
)
CHILDREN = (
    {"site.page:2": None, "site.teaser:1": None},
    {
        "site.page:2": {"title": "Theirs"},
        "site.teaser:1": {"text": "Theirs"},
        "site.teaser:2": teaser("Two", "site.page:2"),
    },
)
SLUGS = (
    {"site.page:1": {"title": "Ours", "slug": "x"}, "site.page:9": page("Y")},
    {"site.page:1": {"title": "Theirs", "slug": "y"}, "site.page:8": page("X")},
)
KEY = (
    {"site.page:9": page("Ours"), "site.item:4": {**ITEM, "position": 4, "text": "ours"}},
    {
        "site.page:9": page("Theirs"),
        "site.page:10": page("Ten", parent="site.page:9"),
        "site.teaser:9": teaser("To nine", "site.page:9"),
        "site.item:4": {**ITEM, "position": 4, "text": "theirs"},
    },
)
RENUMBER = Decision(renumber=Side.THEIRS)


@pytest.mark.parametrize(
    ("sides", "decision"),
    [
        (CHILD, OURS),
        (CHILD, THEIRS),
        (CHILDREN, OURS),
        (CHILDREN, DELETE),
        (SLUGS, OURS),
        (SLUGS, THEIRS),
        (KEY, RENUMBER),
        (KEY, THEIRS),
    ],
)
def test_what_people_decided_and_what_that_uncovered(
    site: Site, sides: tuple[Any, Any], decision: Decision
) -> None:
    part(site, *sides)
    decide(site, decision)
    assert found(site) == []


def test_what_people_decided_does_not_hide_the_rest(site: Site) -> None:
    ours, theirs = KEY
    part(site, {**ours, "site.tag:1": {"name": "eins"}}, theirs)
    decide(site, RENUMBER)
    repository = site.repository
    merged = repository.history.commit(repository.refs.resolve("main"))
    files = {
        path_of("site.tag:1"): bytes_of("site.tag:1", {"name": "one"}),
        path_of("site.teaser:9"): bytes_of("site.teaser:9", teaser("To nine", "site.page:1")),
    }
    tree = repository.writer.write_tree(merged.id, files.items())
    wrong = repository.writer.commit_tree(tree, merged.parents, "Wrong\n")
    told = found(site, wrong)
    assert [(each.record, each.field, each.message) for each in told] == [
        ("site.tag:1", "name", 'the merge gives "eins", the commit has "one"'),
        (
            "site.teaser:9",
            "page",
            'the merge gives "site.page:11", the commit has "site.page:1"',
        ),
    ]


def test_sides_that_cannot_be_merged_are_told(site: Site) -> None:
    document = schema_document(
        Dataset("pages", "", (ModelSpec("site.tag"),)),
        Schema({"site.tag": replace(SCHEMA.models["site.tag"], layout=Layout.FLAT)}),
    )
    site.commit("summer", {"site.tag:1": {"name": "eins"}})
    site.commit_files("main", {"pages/dataset.json": dump_document(document)})
    site.commit("main", {"site.tag:1": {"name": "uno"}})
    parents = [site.repository.refs.resolve(each) for each in ("main", "summer")]
    made = site.repository.writer.commit_tree(
        site.repository.trees.root(parents[0]), parents, "Merge\n"
    )
    (told,) = found(site, made)
    assert told.rule == "merge-not-checked"
    assert told.message.startswith("cannot be recomputed: both sides have pages, but name or place")


def part_a_list(site: Site) -> None:
    """Both sides change one list, which is one value, in lines that do not touch."""
    numbers = [*range(9)]
    site.commit("main", {"site.page:1": {"data": numbers}})
    ours, theirs = [10, *numbers[1:]], [*numbers[:-1], 18]
    part(site, {"site.page:1": {"data": ours}}, {"site.page:1": {"data": theirs}})


def by_lines(site: Site, record: str) -> str:
    """A merge commit as git makes it, line by line, of a record that both sides edited."""
    repository, path = site.repository, path_of(record)
    ours, theirs = repository.refs.resolve("main"), repository.refs.resolve("summer")
    (base,) = repository.history.merge_bases(ours, theirs)
    files = [repository.trees.files_at(each, [path])[path] for each in (base, ours, theirs)]
    merged = repository.writer.merge_blobs(*files)
    assert merged is not None
    (data,) = repository.objects.blobs([merged])
    tree = repository.writer.write_tree(ours, [(path, data)])
    return repository.writer.commit_tree(tree, (ours, theirs), "Merged on the host\n")


def test_what_git_put_together_is_no_decision(site: Site) -> None:
    part_a_list(site)
    (told,) = found(site, by_lines(site, "site.page:1"))
    assert (told.rule, told.record, told.field) == ("merge-differs", "site.page:1", "data")
    assert told.message == (
        "both sides changed it, and git combined lines of both: "
        "the commit has [10, 1, 2, 3, 4, 5, 6, 7, 18]"
    )


@pytest.mark.parametrize("decision", [OURS, THEIRS, BASE])
def test_what_people_decided_where_git_does_not_ask(site: Site, decision: Decision) -> None:
    part_a_list(site)
    decide(site, decision)
    assert found(site) == []


def test_what_goes_with_a_page_that_was_given_up(site: Site) -> None:
    """Its tag was deleted, so the page went, and with it its part in another model."""
    tagged = {
        "site.page:9": page("Jobs", tags=["site.tag:2"]),
        "site.news:9": {"date": "2026-01-01"},
    }
    part(site, {"site.tag:2": None}, tagged)
    decide(site, OURS)
    assert site.record(site.repository.refs.resolve("main"), "site.news:9") is None
    assert found(site) == []


def test_what_comes_back_with_an_edited_record(site: Site) -> None:
    """Both were deleted here; the one that was edited there brings the other with it."""
    part(site, {"site.teaser:1": None, "site.page:2": None}, {"site.teaser:1": {"text": "Look!"}})
    with pytest.raises(ConflictError):
        merge(site.repository, "summer")
    while resolve(site.repository, [], THEIRS).conflicts:
        pass
    commit = continue_merge(site.repository).commit
    assert site.record(commit, "site.page:2")
    assert found(site) == []


@pytest.mark.parametrize(
    "line", ["site.tag:1 of {} is site.tag:2", "site.tag:1 of {} is site.tag:9"]
)
def test_a_message_does_not_hide_what_differs(site: Site, line: str) -> None:
    """A new key that no record has, or another one, would stop the merge from being made anew."""
    part(site, {"site.page:1": {"title": "Ours"}}, {"site.page:2": {"title": "Theirs"}})
    repository = site.repository
    parents = [repository.refs.resolve(each) for each in ("main", "summer")]
    message = f"Merge\n\nContentgit-Renumbered: {line.format(parents[0])}\n"
    tree = repository.trees.root(parents[0])  # without their title
    merge = repository.writer.commit_tree(tree, parents, message)
    (told,) = found(site, merge)
    assert (told.rule, told.record, told.field) == ("merge-differs", "site.page:2", "title")
