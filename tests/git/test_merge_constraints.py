"""Merges of records that constraints of their tables are about."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from contentgit.branches.check_merges import differing, tip_doubts
from contentgit.branches.merging import merge
from contentgit.branches.trees import TreeMerge
from contentgit.check import Finding
from contentgit.content.canonical import dump_document
from contentgit.content.conditions import Comparison, Condition, How, Some, Unknown, fields_of
from contentgit.content.description import schema_document
from contentgit.content.layout import DATASET_FILE
from contentgit.content.schema import CheckRule, Function, Schema, UniquePart, UniqueSet
from contentgit.git import Repository
from contentgit.history.check import check
from contentgit.merge import Place, Resolution, Take
from contentgit.render.conflicts import why
from tests.git.content import DATASET, SCHEMA, Site, bytes_of, path_of
from tests.git.test_tree_merge import both, merged, reasons, take

LOWER = UniquePart("name", ((Function.LOWER, None),))
NAMES = UniqueSet("tag_name", ("name",), plain=False, parts=(LOWER,))


def rule(name: str, condition: Condition) -> CheckRule:
    return CheckRule(name, fields_of(condition), condition)


def with_rules(label: str, **rules: Any) -> Schema:
    return Schema({**SCHEMA.models, label: replace(SCHEMA.models[label], **rules)})


Make = Callable[..., Site]


@pytest.fixture
def make(repository_path: Path) -> Make:
    """A site whose model has these constraints, with this content."""

    def made(label: str, content: Any, **rules: Any) -> Site:
        site = Site(Repository.init(repository_path, bare=True), content)
        document = schema_document(DATASET, with_rules(label, **rules))
        site.commit_files("main", {f"pages/{DATASET_FILE}": dump_document(document)})
        return site

    return made


def page_fields(**fields: Any) -> dict[str, Any]:
    start: dict[str, Any] = {"body": "", "data": None, "edited": "2026-01-01T00:00:00.000000Z"}
    start |= {"parent": None, "slug": "s", "tags": [], "title": "T"}
    return {**start, **fields}


EITHER = rule(
    "either", Some((Comparison("slug", How.EXACT, "s"), Comparison("title", How.EXACT, "T")))
)


def test_a_check_that_both_sides_break_together_is_a_conflict(make: Make) -> None:
    site = make("site.page", {"site.page:1": page_fields()}, checks=(EITHER,))
    found = both(site, {"site.page:1": {"slug": "a"}}, {"site.page:1": {"title": "B"}})
    labels = ("site.page:1/slug", "site.page:1/title")
    assert reasons(found) == [("broken", labels)]
    assert why(found.conflicts[0]) == (
        "what both sides changed breaks the check constraint either: slug = 's' or title = 'T'"
    )
    for side, slug, title in (("ours", "a", "T"), ("theirs", "s", "B")):
        how = [take(label, side) for label in labels]
        decided = merged(site, "ours", "theirs", *how)
        assert not decided.conflicts
        record = site.record(decided.tree, "site.page:1")
        assert (record or {}).items() >= {"slug": slug, "title": title}.items()


def test_a_decision_that_breaks_a_check_is_the_next_conflict(make: Make) -> None:
    site = make("site.page", {"site.page:1": page_fields()}, checks=(EITHER,))
    both(site, {"site.page:1": {"slug": "a"}}, {"site.page:1": {"slug": "b", "title": "B"}})
    how = Resolution(Place.parse("site.page:1/slug"), value="c")
    found = merged(site, "ours", "theirs", how)
    assert reasons(found) == [("broken", ("site.page:1/slug", "site.page:1/title"))]


def test_what_a_side_alone_has_is_no_conflict(make: Make) -> None:
    """A row that breaks it by itself is that side's: a check of the tree finds it."""
    site = make("site.page", {"site.page:1": page_fields()}, checks=(EITHER,))
    found = both(
        site,
        {"site.page:1": {"slug": "a", "title": "B"}},
        {"site.page:1": {"body": "b"}},
    )
    assert (found.conflicts, found.doubts) == ((), ())


def test_what_only_the_database_knows_is_a_doubt(make: Make) -> None:
    unknown = rule("long", Unknown(("slug", "title")))
    site = make("site.page", {"site.page:1": page_fields()}, checks=(unknown,))
    found = both(site, {"site.page:1": {"slug": "a"}}, {"site.page:1": {"title": "B"}})
    assert found.conflicts == ()
    (doubt,) = found.doubts
    assert doubt.text == (
        "both sides changed slug, title of site.page, and only the database can tell whether the "
        "constraint long holds: site.page:1"
    )


TAGS = {"site.tag:1": {"name": "one"}, "site.tag:2": {"name": "two"}}


def test_values_that_a_function_makes_equal_are_a_conflict(make: Make) -> None:
    site = make("site.tag", TAGS, unique=(NAMES,))
    found = both(site, {"site.tag:1": {"name": "New"}}, {"site.tag:2": {"name": "NEW"}})
    assert reasons(found) == [("same-value", ("site.tag:1/name", "site.tag:2/name"))]
    decided = merged(site, "ours", "theirs", take("site.tag:2/name", "ours"))
    assert not decided.conflicts


def test_values_that_a_database_may_take_for_equal_are_a_doubt(make: Make) -> None:
    site = make("site.tag", TAGS, unique=(NAMES,))
    found = both(site, {"site.tag:1": {"name": "Ärger"}}, {"site.tag:2": {"name": "ärger"}})
    assert found.conflicts == ()
    assert [(each.constraint, each.records) for each in found.doubts] == [
        ("tag_name", ("site.tag:1", "site.tag:2"))
    ]
    other = both_again(site, {"site.tag:1": {"name": "a"}}, {"site.tag:2": {"name": "b"}})
    assert (other.conflicts, other.doubts) == ((), ())


def both_again(site: Site, ours: Any, theirs: Any) -> TreeMerge:
    site.commit("ours2", ours)
    site.commit("theirs2", theirs)
    return merged(site, "ours2", "theirs2")


def test_a_conditional_set_is_about_the_rows_for_which_its_condition_holds(make: Make) -> None:
    front = UniqueSet(
        "one_front",
        ("title",),
        plain=False,
        parts=(UniquePart("title"),),
        condition=Comparison("slug", How.EXACT, "front"),
    )
    content = {f"site.page:{n}": page_fields(slug=f"s{n}", title="T") for n in (1, 2)}
    site = make("site.page", content, unique=(front,))
    change = {"slug": "front"}
    found = both(site, {"site.page:1": change}, {"site.page:2": change})
    assert reasons(found) == [
        (
            "same-value",
            (
                "site.page:1/title",
                "site.page:1/slug",
                "site.page:2/title",
                "site.page:2/slug",
            ),
        )
    ]
    decided = merged(site, "ours", "theirs", take("site.page:2/slug", "base"))
    assert not decided.conflicts
    other = both_again(site, {"site.page:1": {"slug": "x"}}, {"site.page:2": {"slug": "x"}})
    assert (other.conflicts, other.doubts) == ((), ())


BOOKED = UniqueSet("no_overlap", ("position",), plain=False)


def items(**more: int) -> dict[str, Any]:
    numbers = {"1": 1, "2": 2, **more}
    return {
        f"site.item:{key}": {"menu": "site.menu:1", "position": number, "text": key}
        for key, number in numbers.items()
    }


def test_an_exclusion_constraint_of_which_both_changed_fields_is_a_doubt(make: Make) -> None:
    content = {"site.menu:1": {"items": 0, "name": "m"}, **items()}
    site = make("site.item", content, unique=(BOOKED,))
    add = items(**{str(number): number for number in range(3, 10)})
    for key in items():
        del add[key]
    found = both(site, {"site.item:1": {"text": "x"}}, add)
    assert found.doubts == ()  # they alone changed its fields
    ours = {"site.item:90": {"menu": "site.menu:1", "position": 90, "text": "90"}}
    found = both_again(site, ours, add)
    (doubt,) = found.doubts
    assert (doubt.count, len(doubt.records)) == (8, 5)
    assert doubt.text.endswith(" and 3 more")


def test_check_repeats_what_only_the_database_knows_of_a_merge(make: Make) -> None:
    unknown = rule("long", Unknown(("slug", "title")))
    site = make("site.page", {"site.page:1": page_fields()}, checks=(unknown,))
    site.commit("side", {"site.page:1": {"title": "B"}})
    site.commit("main", {"site.page:1": {"slug": "a"}})
    repository = site.repository
    done = merge(repository, "side")
    assert [each.constraint for each in done.doubts] == ["long"]
    said: list[Finding] = []
    tip_doubts(repository, "HEAD", said.append)
    assert [(each.rule, each.level.value, each.message) for each in said] == [
        ("merge-unproven", "warning", done.doubts[0].text)
    ]
    again: list[Finding] = []
    assert differing(repository, "HEAD", again.append) == 1
    assert again == said
    nothing: list[Finding] = []
    tip_doubts(repository, "side", nothing.append)
    assert nothing == []


def test_what_collides_for_certain_in_a_merge_of_lines_is_no_doubt(make: Make) -> None:
    """``check`` finds it in the tree; only the database can tell of the other two."""
    tags = {**TAGS, "site.tag:3": {"name": "c"}, "site.tag:4": {"name": "d"}}
    site = make("site.tag", tags, unique=(NAMES,))
    site.commit("side", {"site.tag:2": {"name": "NEW"}, "site.tag:4": {"name": "ärger"}})
    site.commit("main", {"site.tag:1": {"name": "New"}, "site.tag:3": {"name": "Ärger"}})
    repository = site.repository
    parents = repository.refs.resolve("main"), repository.refs.resolve("side")
    theirs = {f"site.tag:{n}": site.record(parents[1], f"site.tag:{n}") or {} for n in (2, 4)}
    files = [(path_of(key), bytes_of(key, fields)) for key, fields in theirs.items()]
    tree = repository.writer.write_tree(parents[0], files)
    said: list[Finding] = []
    differing(
        repository, repository.writer.commit_tree(tree, parents, "On the host\n"), said.append
    )
    assert [each.message.partition("holds: ")[2] for each in said] == ["site.tag:3, site.tag:4"]


def test_check_finds_what_constraints_refuse(make: Make) -> None:
    content = {"site.page:1": page_fields(slug="a", title="B"), "site.page:2": page_fields()}
    site = make("site.page", content, checks=(EITHER,), unique=())
    found = check(site.repository, "main")
    assert [(each.rule, each.level.value, each.message) for each in found.findings] == [
        ("broken-constraint", "error", 'breaks the check constraint "either": slug "a", title "B"')
    ]


def test_check_finds_values_that_functions_make_equal(make: Make) -> None:
    content = {
        f"site.tag:{number}": {"name": name}
        for number, name in enumerate(["Mill", "MILL", "Ä", "ä", None], 1)
    }
    site = make("site.tag", content, unique=(NAMES,))
    found = check(site.repository, "main")
    assert [
        (each.rule, each.level.value, each.message)
        for each in found.findings
        if each.rule == "duplicate-value"
    ] == [
        (
            "duplicate-value",
            "error",
            'site.tag:1 has lower(name) "mill" too, which must be unique (constraint tag_name)',
        ),
        (
            "duplicate-value",
            "warning",
            'a database may take name "ä" for what site.tag:3 has (constraint tag_name)',
        ),
    ]


def test_taking_a_side_everywhere_settles_it(make: Make) -> None:
    site = make("site.page", {"site.page:1": page_fields()}, checks=(EITHER,))
    site.commit("side", {"site.page:1": {"title": "B"}})
    site.commit("main", {"site.page:1": {"slug": "a"}})
    merge(site.repository, "side", take=Take.THEIRS)
    record = site.record(site.repository.refs.resolve("main"), "site.page:1")
    assert (record or {}).items() >= {"slug": "s", "title": "B"}.items()
