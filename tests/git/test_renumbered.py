"""What a later commit calls the records of an earlier one, along merges that gave new keys."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pytest

from contentgit.branches.merging import continue_merge, merge
from contentgit.branches.merging.deciding import Decision, resolve
from contentgit.content.records import RecordKey
from contentgit.errors import ConflictError
from contentgit.git import Repository
from contentgit.history.renumbered import NewKey, new_keys_since, said_by
from contentgit.merge import Side
from tests.git.content import Site
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
    gone = said(site, [main, early], pair)
    assert since(site, early, gone) == {3: 4}, "the merge has it no more, and it is no other one"
    there = site.commit("main", tags("w", 4))
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
