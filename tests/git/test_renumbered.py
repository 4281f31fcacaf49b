"""What a later commit calls the records of an earlier one, along merges that gave new keys."""

from __future__ import annotations

import tracemalloc
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from contentgit.branches.merging import continue_merge, merge
from contentgit.branches.merging.deciding import Decision, resolve
from contentgit.content.description import schema_document
from contentgit.content.documents import dump_document
from contentgit.content.layout import DATASET_FILE
from contentgit.content.records import RecordKey
from contentgit.content.schema import Layout, Schema
from contentgit.errors import ConflictError
from contentgit.git import Repository
from contentgit.git.program import Program
from contentgit.history.dumps import records_at
from contentgit.history.renumbered import NewKey, new_keys_since, said_by
from contentgit.merge import Side
from tests.git.content import DATASET, SCHEMA, Site
from tests.git.test_tree_merge import START


@pytest.fixture
def site(repository_path: Path) -> Site:
    return Site(Repository.init(repository_path, bare=True), START)


def tag(number: int) -> RecordKey:
    return RecordKey("site.tag", str(number))


def tags(prefix: str, *numbers: int) -> dict[str, Any]:
    return {f"site.tag:{number}": {"name": f"{prefix}{number}"} for number in numbers}


def merged(site: Site, source: str, *decisions: tuple[int, Side]) -> str:
    """The merge of a branch into main, with new keys for some tags."""
    with pytest.raises(ConflictError):
        merge(site.repository, source)
    for number, side in decisions:
        resolve(site.repository, [str(tag(number))], Decision(renumber=side))
    return continue_merge(site.repository).commit


def since(site: Site, before: str, after: str) -> dict[int, int]:
    found = new_keys_since(site.repository, before, after)
    return {int(old.key): int(new.key) for old, new in found.items()}


def said(site: Site, parents: Sequence[str], *new: NewKey) -> str:
    """A commit like its first parent with a message that says this."""
    tree = site.repository.trees.root(parents[0])
    lines = "\n".join(each.trailer for each in new)
    return site.repository.writer.commit_tree(tree, parents, f"Merge\n\n{lines}\n")


def test_one_new_key_upon_the_other(site: Site) -> None:
    """A record that was given a key, and in a later merge another, has the last."""
    start = site.repository.refs.resolve("main")
    early = site.commit("summer", tags("s", 3))
    site.commit("main", tags("w", 3))
    first = merged(site, "summer", (3, Side.THEIRS))  # s3 is 4
    other = site.commit("main", {})
    site.repository.refs.create_branch("autumn", start)
    site.commit("autumn", tags("a", 4))
    second = merged(site, "autumn", (4, Side.OURS))  # and now 5
    assert since(site, early, first) == {3: 4}
    assert since(site, early, other) == {3: 4}
    assert since(site, early, second) == {3: 5}
    assert since(site, first, second) == {4: 5}
    assert since(site, second, early) == {5: 3}
    assert since(site, second, first) == {5: 4}
    assert since(site, start, second) == {3: 5}, "of the tag 3 that it would have"


def test_a_key_that_another_record_has_since(site: Site) -> None:
    """Who has the key that a record left is not that record."""
    early = site.commit("summer", tags("s", 3))
    site.commit("main", tags("w", 3))
    first = merged(site, "summer", (3, Side.THEIRS))
    assert since(site, first, early) == {4: 3}  # w3 has no name there, and s3 its first one
    later = site.commit("summer", tags("s", 7))
    assert since(site, later, first) == {3: 4}


def test_back_over_what_both_come_from(site: Site) -> None:
    early = site.commit("summer", tags("s", 3))
    site.repository.refs.create_branch("autumn", early)
    autumn = site.commit("autumn", tags("a", 9))
    site.commit("main", tags("w", 3))
    first = merged(site, "summer", (3, Side.THEIRS))
    assert since(site, autumn, first) == {3: 4}
    assert since(site, first, autumn) == {4: 3}


def test_a_record_of_a_third_side_keeps_its_key(site: Site) -> None:
    """A merge of two branches says nothing of what another one made under the same key."""
    start = site.repository.refs.resolve("main")
    early = site.commit("summer", tags("s", 3))
    site.repository.refs.create_branch("autumn", start)
    third = site.commit("autumn", tags("a", 3))
    site.commit("main", tags("w", 3))
    first = merged(site, "summer", (3, Side.THEIRS))
    assert since(site, early, first) == {3: 4}
    assert since(site, third, first) == {}
    assert since(site, first, third) == {}


def test_lines_of_others_do_not_count(site: Site) -> None:
    early = site.commit("summer", tags("s", 3, 5, 6))
    main = site.commit("main", tags("w", 3, 5, 6))
    pair = NewKey(tag(3), early, tag(4))
    nowhere = NewKey(tag(8), early, tag(9))
    assert since(site, early, said(site, [main, early], nowhere)) == {}, "it has no such record"
    assert since(site, early, said(site, [main, early], pair)) == {}, "it has none under the key"
    there = site.commit("main", tags("w", 4, 9))
    assert since(site, early, said(site, [there], pair)) == {}, "it does not come from there"
    assert since(site, early, said(site, [there, early], pair)) == {3: 4}
    twice = (pair, NewKey(tag(5), early, tag(4)))
    assert since(site, early, said(site, [there, early], *twice)) == {}, "two records, one key"
    more = said(site, [there, early], *twice, NewKey(tag(6), early, tag(9)))
    assert since(site, early, more) == {6: 9}
    still = NewKey(tag(1), early, tag(9))
    assert since(site, early, said(site, [there, early], still)) == {}, "it is as it was"
    absent = NewKey(tag(3), "0" * 40, tag(4))
    assert since(site, early, said(site, [there, early], absent)) == {}


@pytest.mark.parametrize(
    "line",
    [
        "site.tag:3 of summer is site.tag:4",
        "site.tag:3 of {early} is site.page:4",
        "site.tag:3 of {early} is site.tag:3",
        "site.tag:../3 of {early} is site.tag:4",
        "site.tag:03 of {early} is site.tag:4",
        "site.tag:3 of {early} is site.tag:4 and more",
        "site.tag:3",
    ],
)
def test_lines_that_contentgit_does_not_write(site: Site, line: str) -> None:
    early = site.commit("summer", tags("s", 3))
    message = f"Merge\n\nContentgit-Renumbered: {line.format(early=early)}\n"
    commit = site.repository.writer.commit_tree(site.repository.trees.root(early), [early], message)
    assert [*said_by(site.repository.history.commit(commit))] == []
    assert since(site, early, commit) == {}


def saying(site: Site, changes: dict[str, Any], *new: NewKey) -> str:
    """A commit of changes on main with a message that says this."""
    parent = site.repository.refs.resolve("main")
    tree = site.repository.trees.root(site.commit("main", changes))
    lines = "\n".join(each.trailer for each in new)
    commit = site.repository.writer.commit_tree(tree, [parent], f"Edit\n\n{lines}\n")
    tip = site.repository.refs.resolve("main")
    site.repository.refs.move("refs/heads/main", commit, tip, "test")
    return commit


def test_a_record_that_was_deleted_under_its_new_key(site: Site) -> None:
    """A merge that has it no more says so all the same: what has the old key there is another one."""
    site.commit("summer", tags("s", 3))
    site.commit("main", tags("w", 3))
    merged(site, "summer", (3, Side.THEIRS))  # s3 is 4
    gone = site.commit("main", {"site.tag:4": None})
    late = site.commit("summer", tags("s", 7))
    second = merge(site.repository, "summer").commit
    assert since(site, late, second) == {3: 4}
    edited = site.commit("main", tags("x", 3))
    assert since(site, gone, said(site, [edited], NewKey(tag(3), gone, tag(4)))) == {}


def test_an_edit_is_no_new_key(site: Site) -> None:
    start = site.repository.refs.resolve("main")
    edit = saying(site, tags("x", 1), NewKey(tag(1), start, tag(9)))
    assert since(site, start, edit) == {}


def test_a_key_that_another_record_keeps(site: Site) -> None:
    start = site.commit("main", tags("s", 3, 4, 5))
    onto = saying(site, {"site.tag:3": None, **tags("x", 4)}, NewKey(tag(3), start, tag(4)))
    assert since(site, start, onto) == {}
    then = site.commit("main", tags("s", 3))
    row = (NewKey(tag(3), then, tag(4)), NewKey(tag(4), then, tag(5)))
    moved = saying(site, {"site.tag:3": None, **tags("y", 4, 5)}, *row)
    assert since(site, then, moved) == {}, "nor if that one would go where another stays"
    ring = (*row, NewKey(tag(5), moved, tag(3)))
    there = saying(site, tags("z", 3, 4, 5), *(each._replace(commit=moved) for each in ring))
    assert since(site, moved, there) == {4: 5, 5: 3}, "of 3 there is none"


def test_one_key_in_two_commits(site: Site) -> None:
    start = site.repository.refs.resolve("main")
    first = saying(site, {"site.tag:1": None, **tags("x", 9)}, NewKey(tag(1), start, tag(9)))
    both = saying(site, {"site.tag:2": None, **tags("y", 9)}, NewKey(tag(2), first, tag(9)))
    assert since(site, start, both) == {1: 9}, "a record has it"
    gone = site.commit("main", {"site.tag:9": None, **tags("s", 3)})
    again = saying(site, {"site.tag:3": None, **tags("z", 9)}, NewKey(tag(3), gone, tag(9)))
    assert since(site, start, again) == {3: 9}, "that one is gone"


def test_one_key_on_two_branches(site: Site) -> None:
    start = site.repository.refs.resolve("main")
    tips = []
    for old in (1, 2):
        tree = site.commit(f"to{old}", {f"site.tag:{old}": None, **tags("x", 9)})
        new = NewKey(tag(old), start, tag(9))
        message = f"Edit\n\n{new.trailer}\n"
        root = site.repository.trees.root(tree)
        tips.append(site.repository.writer.commit_tree(root, [start], message))
    root = site.repository.trees.root(tips[0])
    both = site.repository.writer.commit_tree(root, tips, "Merge\n")
    assert since(site, start, tips[1]) == {2: 9}
    assert since(site, start, both) == {}


def test_what_is_no_commit(site: Site) -> None:
    start = site.repository.refs.resolve("main")
    tree = site.repository.trees.root(start)
    site.repository.refs.create_branch("summer", start)
    gone = {"site.tag:1": None, **tags("x", 9)}
    commit = saying(site, gone, NewKey(tag(1), tree, tag(9)))
    assert since(site, start, commit) == {}
    site.commit("summer", tags("s", 5))
    merge(site.repository, "summer")


def test_a_commit_without_a_description(site: Site) -> None:
    """It has no records that anybody could find; the next one may be whole again."""
    whole = site.repository.trees.root(site.repository.refs.resolve("main"))
    start = site.repository.refs.resolve("main")
    bad = site.commit_files("main", {f"pages/{DATASET_FILE}": b"{}"})
    line = NewKey(tag(1), bad, tag(9)).trailer
    commit = site.repository.writer.commit_tree(whole, [bad], f"Mend\n\n{line}\n")
    assert since(site, start, commit) == {}


@pytest.fixture
def started(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """The verbs of the git processes that are started."""
    found: list[str] = []
    start = Program.start

    def noted(program: Program, verb: str, *arguments: str, **options: Any) -> Any:
        found.append(verb)
        return start(program, verb, *arguments, **options)

    monkeypatch.setattr(Program, "start", noted)
    return found


def test_few_processes(site: Site, started: list[str]) -> None:
    """However many commits say something, and however many commits one of them names."""
    first = site.commit("main", tags("s", *range(1000, 1030)))
    for number in range(1000, 1030):
        at = site.repository.refs.resolve("main")
        gone = {f"site.tag:{number}": None, **tags("s", number + 1000)}
        saying(site, gone, NewKey(tag(number), at, tag(number + 1000)))
    last = site.repository.refs.resolve("main")
    commits = [each.id for each in site.repository.history.log(f"{first}..main")]
    many = said(site, [last], *(NewKey(tag(2000), each, tag(3000)) for each in commits))
    repository = Repository.open(site.repository.path)
    started.clear()
    found = new_keys_since(repository, first, many)
    assert found == {tag(each): tag(each + 1000) for each in range(1000, 1030)}
    assert len(started) < 10
    started.clear()
    assert new_keys_since(repository, first, many) == found
    assert started == []


def test_records_are_looked_for_where_their_models_are(site: Site) -> None:
    """Not in each dump of a commit, one of which may be of another model in another layout."""
    models = {"site.tag": replace(SCHEMA.models["site.tag"], layout=Layout.FLAT)}
    document = schema_document(DATASET, Schema(models))
    commit = site.commit_files(
        "main",
        {
            f"flat/{DATASET_FILE}": dump_document(document),
            "flat/site.tag/7.json": b"{}",
            "flat/site.tag/0/0/8.json": b"{}",
            "flat/site.page/9.json": b"{}",
            "none/site.tag/10.json": b"{}",
            **{f"other{number}/file": b"" for number in range(100)},
        },
    )
    wanted = [tag(each) for each in (1, 7, 8, 10, *range(100, 5000))]
    wanted.append(RecordKey("site.page", "9"))
    tracemalloc.start()
    found = records_at(site.repository, commit, wanted)
    _, most = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert found == {tag(1), tag(7)}
    assert most < 5e6
