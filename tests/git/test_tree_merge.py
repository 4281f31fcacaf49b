"""Merges of whole trees in a real repository: without a worktree, settings, or a database."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from contentgit.branches.trees import TreeMerge, merge_commits
from contentgit.content.canonical import dump_document
from contentgit.content.description import schema_document
from contentgit.content.schema import Layout, Schema
from contentgit.errors import RefusedError
from contentgit.git import Repository
from contentgit.merge import Place, Resolution, Take
from tests.git.content import DATASET, SCHEMA, Content, Site, bytes_of, page, path_of, teaser
from tests.git.plain import git

LONG = (
    "The first sentence stands here. The second one does, too. And a third one ends all of it.\n\n"
)
TEXT = LONG + "<p>Another paragraph.</p>\n"

START: Content = {
    "site.page:1": page("Home", body=TEXT),
    "site.page:2": page("About", parent="site.page:1"),
    "site.page:3": page("News", parent="site.page:1", tags=["site.tag:1"]),
    "site.page:4": page("Shop", parent="site.page:1", data={"a": 1, "rows": [{"id": 7, "x": 1}]}),
    "site.teaser:1": teaser("Look", "site.page:2"),
    "site.tag:1": {"name": "one"},
    "site.tag:2": {"name": "two"},
}


@pytest.fixture
def site(repository_path: Any) -> Site:
    return Site(Repository.init(repository_path, bare=True), START)


def merged(site: Site, ours: str = "ours", theirs: str = "theirs", *how: Resolution) -> TreeMerge:
    repository = site.repository
    return merge_commits(
        repository, repository.refs.resolve(ours), repository.refs.resolve(theirs), how
    )


def both(site: Site, ours: Any, theirs: Any, *how: Resolution) -> TreeMerge:
    """The merge of what two branches do, which is the same with the sides swapped."""
    site.commit("ours", ours)
    site.commit("theirs", theirs)
    found = merged(site, "ours", "theirs", *how)
    if not how:
        swapped = merged(site, "theirs", "ours")
        assert [set(each.labels) for each in swapped.conflicts] == [
            set(each.labels) for each in found.conflicts
        ]
        if not found.conflicts:
            assert swapped.tree == found.tree
    return found


def take(label: str, side: str) -> Resolution:
    return Resolution(Place.parse(label), take=Take(side))


def reasons(found: TreeMerge) -> list[tuple[str, tuple[str, ...]]]:
    return [(each.reason.value, each.labels) for each in found.conflicts]


def test_what_each_side_changed_is_there(site: Site) -> None:
    found = both(
        site,
        {"site.page:1": {"title": "Start"}, "site.page:2": None, "site.teaser:1": None},
        {"site.page:1": {"slug": "start"}, "site.page:9": page("Jobs", parent="site.page:1")},
    )
    assert not found.conflicts
    expected = {key: dict(fields) for key, fields in START.items()}
    del expected["site.page:2"], expected["site.teaser:1"]
    expected["site.page:1"] |= {"title": "Start", "slug": "start"}
    expected["site.page:9"] = page("Jobs", parent="site.page:1")
    assert site.all(found.tree) == expected


def test_fields_are_merged_by_what_they_are(site: Site) -> None:
    found = both(
        site,
        {
            "site.page:1": {
                "body": TEXT.replace("first", "1st"),
                "edited": "2026-02-01T00:00:00.000000Z",
            },
            "site.page:3": {"tags": ["site.tag:1", "site.tag:2"]},
            "site.page:4": {"data": {"a": 1, "rows": [{"id": 7, "x": 1, "y": 2}]}},
        },
        {
            "site.page:1": {
                "body": TEXT.replace("third", "3rd"),
                "edited": "2026-03-01T00:00:00.000000Z",
            },
            "site.page:3": {"tags": []},
            "site.page:4": {"data": {"a": 2, "rows": [{"id": 7, "x": 3}]}},
        },
    )
    assert not found.conflicts
    one = site.record(found.tree, "site.page:1")
    assert one is not None
    assert one["body"] == TEXT.replace("first", "1st").replace("third", "3rd")
    assert one["edited"] == "2026-03-01T00:00:00.000000Z"
    assert site.all(found.tree)["site.page:3"]["tags"] == ["site.tag:2"]
    rows = [{"id": 7, "x": 3, "y": 2}]
    assert site.all(found.tree)["site.page:4"]["data"] == {"a": 2, "rows": rows}


def test_a_field_that_both_changed_is_a_conflict_and_ours_stays_meanwhile(site: Site) -> None:
    found = both(
        site,
        {"site.page:1": {"title": "Start", "slug": "start"}, "site.tag:1": {"name": "uno"}},
        {"site.page:1": {"title": "Welcome"}, "site.tag:1": {"name": "eins"}},
    )
    assert reasons(found) == [
        ("edited", ("site.page:1/title",)),
        ("edited", ("site.tag:1/name",)),
    ]
    (place,) = found.conflicts[0].places
    assert (place.base, place.ours, place.theirs) == ("Home", "Start", "Welcome")
    assert place.file == path_of("site.page:1")
    assert site.all(found.tree)["site.page:1"] == {
        **START["site.page:1"], "title": "Start", "slug": "start",
    }  # fmt: skip
    decided = merged(
        site, "ours", "theirs",
        take("site.page:1/title", "theirs"),
        Resolution(Place.parse("site.tag:1/name"), value="un"),
    )  # fmt: skip
    assert not decided.conflicts
    assert site.all(decided.tree)["site.page:1"]["title"] == "Welcome"
    assert site.all(decided.tree)["site.page:1"]["slug"] == "start"
    assert site.all(decided.tree)["site.tag:1"]["name"] == "un"


def test_a_place_within_json(site: Site) -> None:
    found = both(
        site,
        {"site.page:4": {"data": {"a": 5, "rows": [{"id": 7, "x": 2}]}}},
        {"site.page:4": {"data": {"a": 1, "rows": [{"id": 7, "x": 3}], "b": 1}}},
    )
    assert reasons(found) == [("edited", ("site.page:4/data/rows/7/x",))]
    decided = merged(site, "ours", "theirs", take("site.page:4/data/rows/7/x", "theirs"))
    expected = {"a": 5, "b": 1, "rows": [{"id": 7, "x": 3}]}
    assert site.all(decided.tree)["site.page:4"]["data"] == expected


def test_deleted_here_and_edited_there(site: Site) -> None:
    found = both(
        site, {"site.tag:1": None, "site.page:3": {"tags": []}}, {"site.tag:1": {"name": "uno"}}
    )
    assert reasons(found) == [("deleted-by-us", ("site.tag:1",))]
    assert [each.name for each in found.conflicts[0].edits] == ["name"]
    assert site.record(found.tree, "site.tag:1") is None
    for side, name in (("theirs", "uno"), ("base", "one"), ("ours", None), ("delete", None)):
        decided = merged(site, "ours", "theirs", take("site.tag:1", side))
        assert not decided.conflicts
        record = site.record(decided.tree, "site.tag:1")
        assert (record and record["name"]) == name


def test_parent_deleted_here_and_child_added_there(site: Site) -> None:
    found = both(
        site,
        {"site.page:2": None, "site.teaser:1": None},
        {
            "site.teaser:2": teaser("New", "site.page:2"),
            "site.page:5": page("Sub", parent="site.page:2"),
        },
    )
    labels = ("site.page:2", "site.page:5", "site.teaser:2")
    assert reasons(found) == [("missing", labels)]
    back = merged(site, "ours", "theirs", take("site.page:2", "theirs"))
    assert not back.conflicts
    assert site.all(back.tree).keys() == {*START, "site.teaser:2", "site.page:5"} - {
        "site.teaser:1"
    }
    gone = merged(site, "ours", "theirs", *(take(each, "ours") for each in labels))
    assert not gone.conflicts
    assert site.all(gone.tree).keys() == {*START} - {"site.page:2", "site.teaser:1"}


def test_parent_deleted_here_and_another_moved_below_it_there(site: Site) -> None:
    found = both(
        site,
        {"site.page:2": None, "site.teaser:1": None},
        {"site.page:3": {"parent": "site.page:2"}},
    )
    assert reasons(found) == [("missing", ("site.page:2", "site.page:3/parent"))]
    decided = merged(site, "ours", "theirs", take("site.page:3/parent", "ours"))
    assert not decided.conflicts
    assert site.all(decided.tree)["site.page:3"]["parent"] == "site.page:1"


def test_a_multi_table_child_of_a_deleted_parent(site: Site) -> None:
    site.commit("main", {"site.news:2": {"date": "2026-01-01"}})
    found = both(
        site,
        {"site.page:2": None, "site.teaser:1": None, "site.news:2": None},
        {"site.news:2": {"date": "2026-05-01"}},
    )
    assert reasons(found) == [("deleted-by-us", ("site.news:2",))]
    half = merged(site, "ours", "theirs", take("site.news:2", "theirs"))
    assert reasons(half) == [("missing", ("site.page:2", "site.news:2"))]
    whole = merged(
        site, "ours", "theirs", take("site.news:2", "theirs"), take("site.page:2", "theirs")
    )
    assert not whole.conflicts


def test_the_same_unique_value_twice(site: Site) -> None:
    found = both(site, {"site.page:8": page("Bread")}, {"site.page:9": page("Bread")})
    assert reasons(found) == [("same-value", ("site.page:8", "site.page:9"))]
    assert found.conflicts[0].about == "slug"
    other = Resolution(Place.parse("site.page:9/slug"), value="bread-2")
    decided = merged(site, "ours", "theirs", other)
    assert not decided.conflicts
    assert site.all(decided.tree)["site.page:9"]["slug"] == "bread-2"


def test_an_edit_and_an_added_record_want_the_same_value(site: Site) -> None:
    found = both(site, {"site.page:3": {"slug": "bread"}}, {"site.page:9": page("Bread")})
    assert reasons(found) == [("same-value", ("site.page:3/slug", "site.page:9"))]
    decided = merged(site, "ours", "theirs", take("site.page:3/slug", "theirs"))
    assert not decided.conflicts
    assert site.all(decided.tree)["site.page:3"]["slug"] == "news"


def test_the_same_key_twice(site: Site) -> None:
    found = both(
        site,
        {"site.page:9": page("Jobs", body="Ours"), "site.teaser:9": teaser("Jobs!", "site.page:9")},
        {
            "site.page:9": page("Team", body="Theirs"),
            "site.teaser:8": teaser("Team!", "site.page:9"),
            "site.page:3": {"parent": "site.page:9"},
        },
    )
    fields = ("body", "slug", "title")
    assert reasons(found) == [("added", (f"site.page:9/{name}",)) for name in fields]
    place = Place.parse("site.page:9")
    decided = merged(site, "ours", "theirs", Resolution(place, key="10"))
    assert not decided.conflicts
    result = site.all(decided.tree)
    assert result["site.page:9"] == page("Jobs", body="Ours")
    assert result["site.page:10"] == page("Team", body="Theirs")
    assert result["site.teaser:9"]["page"] == "site.page:9"
    assert result["site.teaser:8"]["page"] == "site.page:10"
    assert result["site.page:3"]["parent"] == "site.page:10"


def test_two_records_moved_into_each_other(site: Site) -> None:
    found = both(
        site,
        {"site.page:2": {"parent": "site.page:4"}},
        {"site.page:1": {"body": ""}, "site.page:4": {"parent": "site.page:2"}},
    )
    assert reasons(found) == [("cycle", ("site.page:2/parent", "site.page:4/parent"))]
    for side, parents in (("ours", (4, 1)), ("theirs", (1, 2)), ("base", (1, 1))):
        labels = found.conflicts[0].labels
        decided = merged(site, "ours", "theirs", *(take(each, side) for each in labels))
        assert not decided.conflicts
        result = site.all(decided.tree)
        assert result["site.page:2"]["parent"] == f"site.page:{parents[0]}"
        assert result["site.page:4"]["parent"] == f"site.page:{parents[1]}"


def test_a_cycle_through_records_that_nobody_touched(site: Site) -> None:
    site.commit("main", {"site.page:5": page("Deep", parent="site.page:2")})
    site.commit("main", {"site.page:6": page("Deeper", parent="site.page:5")})
    found = both(
        site, {"site.page:3": {"parent": "site.page:6"}}, {"site.page:2": {"parent": "site.page:3"}}
    )
    assert reasons(found) == [("cycle", ("site.page:2/parent", "site.page:3/parent"))]


def test_circles_that_a_side_wanted_are_none(site: Site) -> None:
    """Mates refer to each other, and a ring to itself: edits of other fields do not meet there."""
    site.commit("main", {"site.page:2": {"parent": "site.page:3"}})
    site.commit("main", {"site.page:3": {"parent": "site.page:2"}})
    found = both(
        site,
        {"site.page:2": {"title": "Mate"}, "site.page:4": {"parent": "site.page:4"}},
        {"site.page:3": {"title": "Other"}, "site.page:4": {"title": "Ring"}},
    )
    assert not found.conflicts
    assert site.all(found.tree)["site.page:4"]["parent"] == "site.page:4"


def test_both_sides_together_want_what_an_untouched_record_has(site: Site) -> None:
    site.commit("main", {"site.teaser:5": teaser("A", "site.page:1")})
    site.commit("main", {"site.teaser:6": teaser("B", "site.page:2")})
    found = both(site, {"site.teaser:5": {"text": "B"}}, {"site.teaser:5": {"page": "site.page:2"}})
    labels = [f"site.teaser:{key}/{name}" for key in (6, 5) for name in ("page", "text")]
    ((reason, there),) = reasons(found)
    assert (reason, sorted(there)) == ("same-value", sorted(labels))
    for side in ("ours", "theirs"):
        decided = merged(site, "ours", "theirs", *(take(label, side) for label in labels))
        assert not decided.conflicts
    value = Resolution(Place.parse("site.teaser:5/text"), value="C")
    assert not merged(site, "ours", "theirs", value).conflicts


def test_a_decision_wants_what_a_record_has_whose_other_fields_were_edited(site: Site) -> None:
    both(
        site,
        {"site.page:1": {"slug": "start"}, "site.page:4": {"body": "Open all day"}},
        {"site.page:1": {"slug": "welcome"}, "site.page:3": {"body": "Read on"}},
    )
    for key, slug in ((4, "shop"), (3, "news"), (2, "about")):
        value = Resolution(Place.parse("site.page:1/slug"), value=slug)
        ((reason, labels),) = reasons(merged(site, "ours", "theirs", value))
        assert (reason, set(labels)) == (
            "same-value",
            {"site.page:1/slug", f"site.page:{key}/slug"},
        )


def test_a_decision_drops_what_others_refer_to(site: Site) -> None:
    """Records that only one side added, and records that nobody touched."""
    found = both(
        site,
        {"site.page:2": None, "site.teaser:1": None, "site.page:1": {"title": "Start"}},
        {
            "site.page:5": page("Sub", parent="site.page:2"),
            "site.teaser:9": teaser("x", "site.page:5"),
            "site.page:1": {"title": "Welcome"},
        },
    )
    labels = [("site.page:1/title",), ("site.page:2", "site.page:5")]
    assert [each.labels for each in found.conflicts] == labels
    dropped = [take(label, "ours") for label in ("site.page:1/title", *labels[1])]
    assert reasons(merged(site, "ours", "theirs", *dropped)) == [
        ("missing", ("site.page:5", "site.teaser:9"))
    ]
    assert not merged(site, "ours", "theirs", *dropped, take("site.teaser:9", "ours")).conflicts
    whole = merged(site, "ours", "theirs", *dropped[1:], take("site.page:1", "delete"))
    places = reasons(whole)[0][1]
    assert places[0] == "site.page:1"
    assert "site.page:3/parent" in places


def test_a_move_that_plain_git_takes_for_a_rename(site: Site) -> None:
    """One side replaces a record by a similar one, the other edits it: never the wrong record."""
    text = LONG * 5
    site.commit("main", {"site.page:7": page("Summer", body=text)})
    found = both(
        site,
        {"site.page:7": None, "site.page:8": page("Summer", body=text)},
        {"site.page:7": {"title": "Summer bread"}},
    )
    assert reasons(found) == [("deleted-by-us", ("site.page:7",))]
    assert site.all(found.tree)["site.page:8"]["title"] == "Summer"


def item(text: str, position: int, menu: int = 1) -> dict[str, Any]:
    return {"text": text, "position": position, "menu": f"site.menu:{menu}"}


def order(site: Site, tree: str, menu: int = 1) -> list[str]:
    items = [each for key, each in site.all(tree).items() if key.startswith("site.item:")]
    own = [each for each in items if each["menu"] == f"site.menu:{menu}"]
    positions = [each["position"] for each in own]
    assert len(set(positions)) == len(positions)
    return [each["text"] for each in sorted(own, key=lambda each: each["position"])]


def test_rows_in_an_order_are_merged_by_sequence(site: Site) -> None:
    """Both put rows in and shift the rest: no conflict, no tie, and rows nobody touched move on."""
    start = {f"site.item:{n}": item(text, n) for n, text in enumerate("abcdef", 1)}
    site.commit("main", {"site.menu:1": {"name": "Main", "items": 6}, **start})
    found = both(
        site,
        {
            "site.item:7": item("x", 1),
            **{f"site.item:{n}": {"position": n + 1} for n in range(1, 7)},
            "site.menu:1": {"items": 7},
        },
        {
            "site.item:8": item("y", 3),
            **{f"site.item:{n}": {"position": n + 1} for n in range(3, 7)},
            "site.item:9": item("z", 8),
            "site.menu:1": {"items": 8},
        },
    )
    assert not found.conflicts
    assert order(site, found.tree) == list("xabycdefz")
    # A counter gets both sides' steps.
    assert site.all(found.tree)["site.menu:1"]["items"] == 9


def test_rows_that_nobody_touched_make_room(site: Site) -> None:
    start = {f"site.item:{n}": item(text, n) for n, text in enumerate("abc", 1)}
    site.commit("main", {"site.menu:1": {"name": "Main", "items": 3}, **start})
    found = both(
        site,
        {"site.item:4": item("x", 4), "site.menu:1": {"items": 4}},
        {"site.item:5": item("y", 4), "site.menu:1": {"items": 4}},
    )
    assert not found.conflicts
    assert order(site, found.tree) == list("abcxy")
    # Both counted from 3 to 4: the files are equal, and 5 is right.
    assert site.all(found.tree)["site.menu:1"]["items"] == 5


def test_a_row_that_both_moved_is_a_conflict(site: Site) -> None:
    start = {f"site.item:{n}": item(text, n * 10) for n, text in enumerate("abcd", 1)}
    site.commit("main", {"site.menu:1": {"name": "Main", "items": 4}, **start})
    found = both(site, {"site.item:1": {"position": 25}}, {"site.item:1": {"position": 45}})
    assert reasons(found) == [("edited", ("site.item:1/position",))]
    decided = merged(site, "ours", "theirs", take("site.item:1/position", "theirs"))
    assert not decided.conflicts
    assert order(site, decided.tree) == list("bcda")


def test_other_files_are_merged_by_line_and_folders_of_code_are_kept(site: Site) -> None:
    site.commit_files("main", {"README.md": b"one\ntwo\nthree\nfour\nfive\n", "bin/run": b"x\n"})
    site.commit_files("ours", {"README.md": b"ONE\ntwo\nthree\nfour\nfive\n", "a.txt": b"a\n"})
    site.commit_files("theirs", {"README.md": b"one\ntwo\nthree\nfour\nFIVE\n", "bin/run": None})
    found = merged(site)
    assert not found.conflicts
    assert site.repository.blob(found.tree, "README.md") == b"ONE\ntwo\nthree\nfour\nFIVE\n"
    assert site.repository.blob(found.tree, "bin/run") is None
    site.commit_files("theirs", {"README.md": b"Eins\n"})
    assert reasons(merged(site)) == [("file", ("README.md",))]
    decided = merged(site, "ours", "theirs", Resolution(file="README.md", take=Take.THEIRS))
    assert site.repository.blob(decided.tree, "README.md") == b"Eins\n"
    assert not decided.conflicts


def test_branches_that_were_merged_into_each_other(site: Site) -> None:
    """Both merges of a criss-cross decided the same conflict in their own way: it is one again."""
    repository = site.repository
    site.commit("one", {"site.tag:1": {"name": "a"}, "site.tag:2": None})
    site.commit("two", {"site.tag:1": {"name": "b"}, "site.tag:2": {"name": "zwei"}})
    tips = [repository.refs.resolve(each) for each in ("one", "two")]

    def crossed(branch: str, *how: Resolution) -> None:
        ours, theirs = tips if branch == "one" else tips[::-1]
        tree = merge_commits(repository, ours, theirs, how)
        assert not tree.conflicts
        commit = repository.writer.commit_tree(tree.tree, [ours, theirs], "Merge\n")
        repository.refs.move(f"refs/heads/{branch}", commit, ours, "test")

    # Each side takes its own name; tag 2 stays gone on one side and is kept on the other.
    crossed("one", take("site.tag:1/name", "ours"), take("site.tag:2", "ours"))
    crossed("two", take("site.tag:1/name", "ours"), take("site.tag:2", "ours"))
    assert (
        len(
            repository.history.merge_bases(
                *(repository.refs.resolve(each) for each in ("one", "two"))
            )
        )
        == 2
    )
    site.commit("one", {"site.page:1": {"title": "Start"}})
    site.commit("two", {"site.page:1": {"slug": "start"}})
    found = merged(site, "one", "two")
    assert reasons(found) == [
        ("edited", ("site.tag:1/name",)),
        ("deleted-by-us", ("site.tag:2",)),
    ]
    place = found.conflicts[0].places[0]
    assert (place.ours, place.theirs) == ("a", "b")
    assert site.all(found.tree)["site.page:1"]["slug"] == "start"
    assert reasons(merged(site, "two", "one"))[1] == ("deleted-by-them", ("site.tag:2",))


def test_a_dump_that_one_side_added(site: Site) -> None:
    document = site.repository.blob(site.repository.refs.resolve("main"), "pages/dataset.json")
    there = path_of("site.tag:5", "other"), path_of("site.tag:6", "other")
    files = {path: bytes_of(f"site.tag:{path[-6]}", {"name": path}) for path in there}
    site.commit_files("theirs", {"other/dataset.json": document, **files})
    site.commit("ours", {"site.tag:1": {"name": "uno"}})
    for sides in (("ours", "theirs"), ("theirs", "ours")):
        found = merged(site, *sides)
        assert not found.conflicts
        assert site.repository.blob(found.tree, "other/dataset.json") == document
        assert site.repository.trees.files_at(found.tree, there).keys() == {*there}


def test_the_merge_reads_what_changed_and_nothing_else(site: Site) -> None:
    site.commit_files("main", {"pages/site.page/0/7/700.json": b"broken\n"})
    found = both(site, {"site.tag:1": {"name": "uno"}}, {"site.tag:2": {"name": "due"}})
    assert not found.conflicts


def test_a_model_whose_records_lie_elsewhere_on_one_side(site: Site) -> None:
    moved = {label: replace(each, layout=Layout.FLAT) for label, each in SCHEMA.models.items()}
    document = dump_document(schema_document(DATASET, Schema(moved)))
    site.commit_files("ours", {"pages/dataset.json": document})
    site.commit("theirs", {"site.tag:1": {"name": "uno"}})
    site.commit("ours", {"site.tag:2": {"name": "due"}})
    with pytest.raises(RefusedError, match="name or place its records differently: site"):
        merged(site)


def test_histories_that_have_nothing_in_common(site: Site) -> None:
    repository = site.repository
    tree = repository.trees.root(repository.refs.resolve("main"))
    alone = repository.writer.commit_tree(tree, [], "Alone\n")
    git(repository.path, "branch", "alone", alone)
    found = merged(site, "main", "alone")
    assert (found.tree, found.conflicts, found.base.commits) == (tree, (), ())
    site.commit("alone", {"site.tag:1": {"name": "uno"}})
    assert reasons(merged(site, "main", "alone")) == [("added", ("site.tag:1/name",))]


def test_what_hangs_on_an_undecided_record_is_told_once_that_is_decided(site: Site) -> None:
    found = both(
        site,
        {"site.page:2": None, "site.teaser:1": None},
        {"site.page:2": {"title": "Us"}, "site.teaser:2": teaser("New", "site.page:2")},
    )
    assert reasons(found) == [("deleted-by-us", ("site.page:2",))]
    gone = merged(site, "ours", "theirs", take("site.page:2", "ours"))
    assert reasons(gone) == [("missing", ("site.page:2", "site.teaser:2"))]
    assert not merged(site, "ours", "theirs", take("site.page:2", "theirs")).conflicts


def test_a_circle_that_one_side_alone_made_is_its_own_affair(site: Site) -> None:
    found = both(
        site,
        {"site.page:2": {"parent": "site.page:3"}, "site.page:3": {"parent": "site.page:2"}},
        {"site.page:4": {"parent": "site.page:2"}},
    )
    assert not found.conflicts


def test_one_decided_field_leaves_the_others_of_its_record_open(site: Site) -> None:
    both(
        site,
        {"site.page:1": {"title": "Start", "slug": "start"}},
        {"site.page:1": {"title": "Welcome", "slug": "welcome"}},
    )
    left = merged(site, "ours", "theirs", take("site.page:1/title", "theirs"))
    assert reasons(left) == [("edited", ("site.page:1/slug",))]
    assert site.all(left.tree)["site.page:1"]["title"] == "Welcome"
    assert not merged(
        site,
        "ours",
        "theirs",
        take("site.page:1/title", "theirs"),
        take("site.page:1/slug", "ours"),
    ).conflicts
