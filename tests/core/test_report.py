"""What a review says of a change as a whole."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from contentgit.cli.changes import schema_change_lines
from contentgit.content.evolution import Migration, OpaqueStep, SchemaChange
from contentgit.content.records import Record, RecordKey
from contentgit.content.titles import TitledChange
from contentgit.render import report
from contentgit.render.html import html
from contentgit.render.markdown import inert, markdown
from contentgit.render.schema import schema_lines
from contentgit.review import LISTED, NAMED, Reviewer
from tests.reviewing import SHOP, Snapshot, entries, review

BREAD = {"name": "Bread", "parent": None}
LOAF = {"name": "Loaf", "body": "", "category": "shop.category:1", "next": None, "tags": []}


def said(before: Snapshot, after: Snapshot) -> list[str]:
    return list(report.lines(review(before, after)))[:-1]


def test_the_verdict_counts_records_and_models() -> None:
    before: Snapshot = {"shop.tag:1": {"name": "a"}, "shop.category:1": BREAD}
    after: Snapshot = {"shop.tag:1": {"name": "b"}, "shop.tag:2": {"name": "c"}}
    assert report.verdict(review(before, after)) == (
        "3 records change in 2 models: 1 created, 1 updated, 1 deleted."
    )
    assert report.verdict(review(before, before)) == "Nothing changes."
    assert report.verdict(review({}, {"shop.tag:1": {"name": "a"}})) == (
        "1 record changes in 1 model: 1 created."
    )


def test_a_delete_is_said_with_what_it_takes_with_it() -> None:
    before: Snapshot = {
        "shop.category:1": BREAD,
        "shop.category:2": {"name": "Rye", "parent": "shop.category:1"},
        "shop.product:5": LOAF,
        "shop.bread:5": {"flour": "rye"},
    }
    assert said(before, {}) == [
        "4 records change in 3 models: 4 deleted.",
        "* 4 records are deleted; 3 of them require another deleted record.",
        "    Bread (shop.category:1) takes with it Rye (shop.category:2), Loaf (shop.product:5)",
        "    Loaf (shop.product:5) takes with it rye (shop.bread:5)",
    ]


def test_a_record_takes_not_itself_with_it() -> None:
    itself = {"name": "Rye", "parent": "shop.category:2"}
    assert said({"shop.category:2": itself}, {})[1:] == ["* 1 record is deleted."]


def test_a_reference_that_an_apply_leaves_out_is_lost_and_does_not_dangle() -> None:
    product = RecordKey("shop.product", "5")
    reviewer = Reviewer({"shop": SHOP.models}, {("shop", "shop.product", "tags")})
    for each in entries({"shop.tag:3": {"name": "nuts"}}, {}):
        reviewer.count(each)
    reviewer.stay("shop", Record(product, {**LOAF, "tags": ["shop.tag:3"]}))
    assert reviewer.review("main", "summer").totals == {"cleared": 1}


def test_what_loses_its_reference_is_said_and_what_gets_another_is_not() -> None:
    before: Snapshot = {
        "shop.tag:3": {"name": "nuts"},
        "shop.product:5": {**LOAF, "next": "shop.product:6", "tags": ["shop.tag:3"]},
        "shop.product:6": LOAF,
        "shop.product:7": {**LOAF, "next": "shop.product:6"},
    }
    after: Snapshot = {
        "shop.product:5": {**LOAF, "next": None, "tags": []},
        "shop.product:7": {**LOAF, "next": "shop.product:5"},
    }
    assert said(before, after)[2:] == [
        "* 1 record stays and loses its reference to a deleted record.",
        "    Loaf (shop.product:6) is no longer referred to by Loaf (shop.product:5)",
        "    nuts (shop.tag:3) is no longer referred to by Loaf (shop.product:5)",
    ]


def test_what_refers_to_a_deleted_record_still_would_dangle() -> None:
    before: Snapshot = {
        "shop.category:1": BREAD,
        "shop.product:5": LOAF,
        "shop.tag:1": {"name": ""},
    }
    after: Snapshot = {
        "shop.product:5": LOAF,
        "shop.note:1": {"text": "Look", "about": "shop.category:1"},
    }
    found = review(before, after)
    (note, *_rest) = report.notes(found)
    assert note.grave
    assert said(before, after)[1:3] == [
        "! 2 records still refer to a deleted record and would dangle.",
        "    Bread (shop.category:1) is still referred to by Loaf (shop.product:5), Look (shop.note:1)",
    ]
    assert [
        words for words, _ in report.reach_lines(found, RecordKey.parse("shop.category:1"))
    ] == ["is still referred to by"]


def test_a_record_under_another_key_is_said() -> None:
    before: Snapshot = {"shop.tag:1": {"name": "nuts"}}
    after: Snapshot = {"shop.tag:9": {"name": "nuts"}}
    assert said(before, after)[1:3] == [
        "! 1 record seems to get another key; references to the old key are not updated.",
        "    nuts (shop.tag:1) → nuts (shop.tag:9)",
    ]
    twins: Snapshot = {"shop.tag:8": {"name": "nuts"}, "shop.tag:9": {"name": "nuts"}}
    assert "another key" not in " ".join(said(before, twins) + said(twins, before))


def test_of_many_only_some_are_named_and_all_are_counted() -> None:
    before: dict[str, Any] = {"shop.category:1": BREAD}
    before |= {f"shop.product:{number}": LOAF for number in range(30)}
    found = review(before, {})
    reach = found.reaches[RecordKey.parse("shop.category:1")]
    assert (reach.taken.count, len(reach.taken.shown)) == (30, NAMED)
    many = {f"shop.category:{number}": BREAD for number in range(1, LISTED + 20)}
    many |= {
        f"shop.product:{n}": {**LOAF, "category": f"shop.category:{n}"}
        for n in range(1, LISTED + 20)
    }
    found = review(many, {})
    assert (found.totals["taken"], len(found.reaches)) == (LISTED + 19, LISTED)
    assert f"    and {LISTED - 10:,} more" in report.lines(found)


def test_the_same_as_values() -> None:
    before: Snapshot = {"shop.category:1": BREAD, "shop.product:5": LOAF}
    assert report.data(review(before, {})) == {
        "verdict": "2 records change in 2 models: 2 deleted.",
        "schema": [],
        "models": [
            {"dump": "shop", "model": "shop.category", "create": 0, "update": 0, "delete": 1},
            {"dump": "shop", "model": "shop.product", "create": 0, "update": 0, "delete": 1},
        ],
        "notes": [
            {
                "kind": "delete",
                "text": "2 records are deleted; 1 of them require another deleted record.",
                "grave": False,
                "records": [["shop.category:1", "shop.product:5"]],
                "more": 0,
            }
        ],
    }


def test_a_record_that_two_dumps_have_is_one() -> None:
    before: Snapshot = {
        "shop.category:1": BREAD,
        "shop.product:5": LOAF,
        "shop.tag:1": {"name": "old"},
        "shop.note:1": {"text": "Nice", "about": "shop.category:1"},
    }
    after: Snapshot = {
        "shop.tag:2": {"name": "old"},
        "shop.note:1": {"text": "Nice", "about": None},
    }
    both = [
        TitledChange(dump, each.change, each.title, {})
        for dump in ("market", "shop")
        for each in entries(before, after)
    ]
    reviewer = Reviewer({"market": SHOP.models, "shop": SHOP.models})
    for each in both:
        reviewer.count(each)
    for each in both:
        reviewer.follow(each)
    found = reviewer.review("main", "summer")
    assert list(report.lines(found))[:-1] == said(before, after)
    assert len(said(before, after)) == 7
    assert (found.records, found.changes) == (5, 10)
    assert found.counts["shop", "shop.product"] == {"delete": 1}


def test_names_of_the_project_are_escaped_in_every_format() -> None:
    steps = (OpaqueStep("RunPython(<lambda>)"), OpaqueStep("a\u202eb"))
    change = SchemaChange("<b>@octocat", (Migration("shop.0002_x", (), steps),))
    found = replace(review({}, {}), schema=[change])
    page = "".join(html(found, []))
    assert "RunPython(&lt;lambda&gt;)" in page
    assert "The schema of &lt;b&gt;@octocat changes." in page
    comment = "".join(markdown(found, []))
    assert inert("RunPython(<lambda>): what it did") in comment
    assert inert("The schema of <b>@octocat changes.") in comment
    assert "\u202e" not in page + comment + "".join(report.lines(found))


def test_names_that_a_commit_alone_has_are_safe_to_print() -> None:
    change = SchemaChange("\x1b[31m", left_out=(("a\x1bb", 1),))
    printed = [*schema_lines(change), *map(str, schema_change_lines([change]))]
    assert "a\\u001bb" in printed[0]
    assert "\x1b" not in "".join(printed)
