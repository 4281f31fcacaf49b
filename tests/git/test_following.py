"""Merges after ``resolve --renumber``: what the other branch does to a record is done under its new key."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest

from contentgit.branches.check_merges import differing
from contentgit.branches.merging import continue_merge, merge
from contentgit.branches.merging.deciding import Decision, resolve
from contentgit.branches.merging.picking import Picking, cherry_pick, revert
from contentgit.branches.merging.restoring import restore
from contentgit.branches.trees.following import merged_keys
from contentgit.check import Finding
from contentgit.errors import ConflictError, UnknownNameError, UsageError
from contentgit.git import Repository
from contentgit.history.renumbered import new_keys_since, said_by
from contentgit.merge import Side, Take
from tests.git.content import Site, page
from tests.git.test_tree_merge import START

OURS, THEIRS = Side


@pytest.fixture
def site(repository_path: Path) -> Site:
    return Site(Repository.init(repository_path, bare=True), START)


def tags(prefix: str, *numbers: int) -> dict[str, Any]:
    return {f"site.tag:{number}": {"name": f"{prefix}{number}"} for number in numbers}


def into(site: Site, branch: str, source: str, **keys: Side) -> str:
    """A branch's commit after the merge of another; with new keys by the labels, ``_`` for ``:``."""
    site.repository.refs.set_head(branch)
    if not keys:
        return merge(site.repository, source).commit
    with pytest.raises(ConflictError):
        merge(site.repository, source)
    for label, side in keys.items():
        resolve(site.repository, [f"site.{label.replace('_', ':')}"], Decision(renumber=side))
    return continue_merge(site.repository).commit


def names(site: Site, commit: str) -> Mapping[int, str]:
    """The names of the tags, by key; but for the first two, which no test changes."""
    found = site.all(site.repository.refs.resolve(commit)).items()
    tagged = {int(key[9:]): fields["name"] for key, fields in found if key.startswith("site.tag:")}
    return {key: name for key, name in tagged.items() if key > 2}


def said(site: Site, commit: str) -> list[str]:
    """The new keys that a merge's message names, with the branch of the commit for its id."""
    at = {
        site.repository.refs.tip(each.name): each.name for each in site.repository.refs.branches()
    }
    found = said_by(site.repository.history.commit(commit))
    return [f"{each.old} of {at.get(each.commit, '…')} is {each.new}" for each in found]


def wrong(site: Site, *revisions: str) -> list[Finding]:
    found: list[Finding] = []
    for each in revisions:
        differing(site.repository, each, found.append)
    return found


@pytest.fixture
def apart(site: Site) -> Site:
    """Tag 3 of summer is tag 4 of main, which has another tag 3."""
    site.commit("summer", {**tags("s", 3), "site.page:3": {"tags": ["site.tag:1", "site.tag:3"]}})
    site.commit("main", tags("w", 3))
    assert names(site, into(site, "main", "summer", tag_3=THEIRS)) == {3: "w3", 4: "s3"}
    return site


def test_an_edit_follows_the_record(apart: Site) -> None:
    apart.commit(
        "summer", {"site.tag:3": {"name": "edited"}, "site.page:4": {"tags": ["site.tag:3"]}}
    )
    commit = into(apart, "main", "summer")
    assert names(apart, commit) == {3: "w3", 4: "edited"}
    assert apart.all(commit)["site.page:3"]["tags"] == ["site.tag:1", "site.tag:4"]
    assert apart.all(commit)["site.page:4"]["tags"] == ["site.tag:4"]
    assert said(apart, commit) == ["site.tag:3 of summer is site.tag:4"]
    assert wrong(apart, "main") == []


def test_an_edit_follows_the_record_where_the_base_is_given(apart: Site) -> None:
    """As when migrations have run on it."""
    repository = apart.repository
    base = repository.trees.root(repository.refs.resolve("summer"))
    apart.commit("summer", {"site.tag:3": {"name": "edited"}})
    commit = merge(repository, "summer", base=base).commit
    assert names(apart, commit) == {3: "w3", 4: "edited"}
    assert said(apart, commit) == ["site.tag:3 of summer is site.tag:4"]


def test_a_delete_follows_the_record(apart: Site) -> None:
    apart.commit("summer", {"site.tag:3": None, "site.page:3": {"tags": ["site.tag:1"]}})
    assert names(apart, into(apart, "main", "summer")) == {3: "w3"}
    assert wrong(apart, "main") == []


def test_edits_of_one_field_of_the_record_are_a_conflict(apart: Site) -> None:
    apart.commit("summer", {"site.tag:3": {"name": "summer's"}})
    apart.commit("main", {"site.tag:4": {"name": "main's"}})
    with pytest.raises(ConflictError) as caught:
        merge(apart.repository, "summer")
    assert [each["places"][0]["label"] for each in caught.value.data["conflicts"]] == [
        "site.tag:4/name"
    ]
    resolve(apart.repository, ["site.tag:4/name"], Decision(Take.THEIRS))
    assert names(apart, continue_merge(apart.repository).commit) == {3: "w3", 4: "summer's"}
    assert wrong(apart, "main") == []


def test_main_is_merged_into_the_branch(apart: Site) -> None:
    """Its record moves there, and says so: from then on both have the same keys."""
    summer = apart.commit(
        "summer", {"site.tag:3": {"name": "edited"}, "site.page:4": {"tags": ["site.tag:3"]}}
    )
    commit = into(apart, "summer", "main")
    assert names(apart, commit) == {3: "w3", 4: "edited"}
    assert apart.all(commit)["site.page:4"]["tags"] == ["site.tag:4"]
    assert {
        str(old): str(new) for old, new in new_keys_since(apart.repository, summer, commit).items()
    } == {"site.tag:3": "site.tag:4"}
    apart.commit("summer", {"site.tag:4": {"name": "again"}})
    assert names(apart, into(apart, "main", "summer")) == {3: "w3", 4: "again"}
    assert wrong(apart, "main", "summer") == []


def test_a_branch_is_forwarded_to_the_merge(apart: Site) -> None:
    into(apart, "summer", "main")
    apart.commit("summer", {"site.tag:4": {"name": "edited"}})
    apart.commit("main", {"site.tag:3": {"name": "other"}})
    assert names(apart, into(apart, "main", "summer")) == {3: "other", 4: "edited"}
    assert wrong(apart, "main", "summer") == []


def test_a_record_that_is_gone_is_followed_all_the_same(apart: Site) -> None:
    """Else a later edit of it would be one of the record that has its key."""
    apart.commit("main", {"site.tag:4": None, "site.page:3": {"tags": ["site.tag:1"]}})
    apart.commit("summer", {"site.page:4": {"title": "Store"}})
    assert names(apart, into(apart, "main", "summer")) == {3: "w3"}
    apart.commit("summer", {"site.tag:3": {"name": "edited"}})
    with pytest.raises(ConflictError) as caught:
        merge(apart.repository, "summer")
    assert [each["reason"] for each in caught.value.data["conflicts"]] == ["deleted-by-us"]
    assert caught.value.data["conflicts"][0]["places"][0]["label"] == "site.tag:4"


def test_ours_has_the_new_key(site: Site) -> None:
    site.commit("summer", tags("s", 3))
    site.commit("main", {**tags("w", 3), "site.page:3": {"tags": ["site.tag:3"]}})
    site.repository.refs.create_branch("autumn", site.repository.refs.resolve("main"))
    commit = into(site, "main", "summer", tag_3=OURS)
    assert names(site, commit) == {3: "s3", 4: "w3"}
    site.commit("summer", {"site.tag:3": {"name": "summer's"}})
    site.commit(
        "autumn", {"site.tag:3": {"name": "autumn's"}, "site.page:4": {"tags": ["site.tag:3"]}}
    )
    into(site, "main", "summer")
    commit = into(site, "main", "autumn")
    assert names(site, commit) == {3: "summer's", 4: "autumn's"}
    assert site.all(commit)["site.page:4"]["tags"] == ["site.tag:4"]
    assert wrong(site, "main") == []


def test_one_new_key_upon_the_other(apart: Site) -> None:
    """summer's tag 3 is main's 4, and when autumn's 4 comes, 5."""
    start = apart.repository.history.commit(apart.repository.refs.resolve("summer")).parents[0]
    apart.repository.refs.create_branch("autumn", start)
    apart.commit("autumn", tags("a", 4))
    assert names(apart, into(apart, "main", "autumn", tag_4=OURS)) == {3: "w3", 4: "a4", 5: "s3"}
    apart.commit("summer", {"site.tag:3": {"name": "edited"}})
    commit = into(apart, "main", "summer")
    assert names(apart, commit) == {3: "w3", 4: "a4", 5: "edited"}
    assert apart.all(commit)["site.page:3"]["tags"] == ["site.tag:1", "site.tag:5"]
    assert wrong(apart, "main") == []


def test_each_side_gave_the_record_another_key(site: Site) -> None:
    """It has ours, and what theirs did with it is under that."""
    start = site.commit("spring", tags("p", 3))
    site.repository.refs.create_branch("summer", start)
    for branch, prefix in (("autumn", "a"), ("main", "w")):
        site.commit(branch, tags(prefix, 3))
    site.commit("autumn", tags("a", 4))
    into(site, "main", "spring", tag_3=THEIRS)
    into(site, "autumn", "summer", tag_3=THEIRS)
    assert names(site, "main") == {3: "w3", 4: "p3"}
    assert names(site, "autumn") == {3: "a3", 4: "a4", 5: "p3"}
    site.commit(
        "autumn", {"site.tag:5": {"name": "edited"}, "site.page:3": {"tags": ["site.tag:5"]}}
    )
    site.repository.refs.set_head("main")
    with pytest.raises(ConflictError) as caught:
        merge(site.repository, "autumn")
    assert [each["reason"] for each in caught.value.data["conflicts"]] == ["added"]
    resolve(site.repository, ["site.tag:3"], Decision(renumber=THEIRS))
    commit = continue_merge(site.repository).commit
    assert names(site, commit) == {3: "w3", 4: "edited", 6: "a4", 7: "a3"}
    assert site.all(commit)["site.page:3"]["tags"] == ["site.tag:4"]
    assert wrong(site, "main") == []


def test_both_sides_merged_each_other(site: Site) -> None:
    """Each gave the other's record a new key: neither is taken for the other."""
    s, w = site.commit("summer", tags("s", 3)), site.commit("main", tags("w", 3))
    for name, commit in (("old-main", w), ("old-summer", s)):
        site.repository.refs.create_branch(name, commit)
    into(site, "main", "old-summer", tag_3=THEIRS)
    into(site, "summer", "old-main", tag_3=THEIRS)
    assert (names(site, "main"), names(site, "summer")) == ({3: "w3", 4: "s3"}, {3: "s3", 4: "w3"})
    site.commit("main", {"site.tag:3": {"name": "winter"}})
    site.commit(
        "summer", {"site.tag:3": {"name": "summer"}, "site.page:3": {"tags": ["site.tag:4"]}}
    )
    commit = into(site, "main", "summer")
    assert names(site, commit) == {3: "winter", 4: "summer"}
    assert site.all(commit)["site.page:3"]["tags"] == ["site.tag:3"]
    assert wrong(site, "main", "summer") == []
    assert names(site, into(site, "summer", "main")) == {3: "winter", 4: "summer"}


def test_theirs_has_another_record_under_the_new_key(apart: Site) -> None:
    apart.commit(
        "summer",
        {
            "site.tag:3": {"name": "edited"},
            **tags("q", 4),
            "site.page:3": {"tags": ["site.tag:3", "site.tag:4"]},
            "site.page:4": {"tags": ["site.tag:4"]},
        },
    )
    commit = into(apart, "main", "summer")
    assert names(apart, commit) == {3: "w3", 4: "edited", 5: "q4"}
    assert apart.all(commit)["site.page:3"]["tags"] == ["site.tag:4", "site.tag:5"]
    assert apart.all(commit)["site.page:4"]["tags"] == ["site.tag:5"]
    assert said(apart, commit) == [
        "site.tag:3 of summer is site.tag:4",
        "site.tag:4 of summer is site.tag:5",
    ]
    apart.commit("summer", {"site.tag:4": {"name": "q"}})
    assert names(apart, into(apart, "main", "summer")) == {3: "w3", 4: "edited", 5: "q"}
    assert wrong(apart, "main") == []


def test_ours_has_another_record_under_the_new_key(apart: Site) -> None:
    apart.commit("summer", {**tags("q", 4), "site.page:4": {"tags": ["site.tag:4"]}})
    commit = into(apart, "summer", "main")
    assert names(apart, commit) == {3: "w3", 4: "s3", 5: "q4"}
    assert apart.all(commit)["site.page:4"]["tags"] == ["site.tag:5"]
    assert wrong(apart, "summer") == []


def test_a_row_moves_in_all_its_models(site: Site) -> None:
    """Also in one that it got after the merge."""
    site.commit("summer", {"site.page:9": page("S")})
    site.commit("main", {"site.page:9": page("W"), "site.news:9": {"date": "2026-01-01"}})
    into(site, "main", "summer", page_9=THEIRS)
    site.commit("summer", {"site.news:9": {"date": "2026-02-02"}, "site.page:9": {"title": "New"}})
    commit = into(site, "main", "summer")
    found = site.all(commit)
    assert found["site.news:9"]["date"] == "2026-01-01"
    assert found["site.news:10"]["date"] == "2026-02-02"
    assert (found["site.page:9"]["title"], found["site.page:10"]["title"]) == ("W", "New")
    assert said(site, commit) == [
        "site.news:9 of summer is site.news:10",
        "site.page:9 of summer is site.page:10",
    ]
    assert wrong(site, "main") == []


# One commit, or records of one


def test_a_commit_of_the_other_branch_is_picked(apart: Site) -> None:
    apart.commit(
        "summer",
        {"site.tag:3": {"name": "picked"}, **tags("q", 4), "site.page:4": {"tags": ["site.tag:4"]}},
    )
    commit = cherry_pick(apart.repository, "summer").commit
    assert names(apart, commit) == {3: "w3", 4: "picked", 5: "q4"}
    assert apart.all(commit)["site.page:4"]["tags"] == ["site.tag:5"]


def test_a_merge_is_picked_to_the_other_branch(apart: Site) -> None:
    """What it brought has the key there that the branch's own record has."""
    apart.repository.refs.set_head("summer")
    with pytest.raises(UsageError, match="is a merge"):
        cherry_pick(apart.repository, "main")
    apart.commit("main", {"site.tag:3": {"name": "winter"}})
    into(apart, "main", "summer")
    apart.repository.refs.set_head("summer")
    apart.commit("main", {"site.tag:4": {"name": "edited"}})
    assert names(apart, cherry_pick(apart.repository, "main").commit) == {3: "edited"}


@pytest.mark.parametrize("side", Side)
def test_what_a_merge_brought_is_there_already(site: Site, side: Side) -> None:
    """Neither record is taken for the other, whichever of them got the new key."""
    site.commit("summer", tags("s", 3))
    site.commit("main", tags("w", 3))
    into(site, "main", "summer", tag_3=side)
    site.repository.refs.set_head("summer")
    assert cherry_pick(site.repository, "main", Picking(mainline=1)).commit == ""
    commit = cherry_pick(site.repository, "main", Picking(mainline=2)).commit
    assert sorted(names(site, commit).values()) == ["s3", "w3"]
    assert names(site, commit)[3] == "s3"


def test_an_earlier_commit_of_the_other_branch_is_reverted(site: Site) -> None:
    site.commit("summer", tags("s", 3))
    site.commit("summer", {"site.tag:3": {"name": "bad"}})
    site.commit("main", tags("w", 3))
    into(site, "main", "summer", tag_3=THEIRS)
    commit = revert(site.repository, "summer").commit
    assert names(site, commit) == {3: "w3", 4: "s3"}
    commit = revert(site.repository, "HEAD~1", Picking(mainline=2)).commit
    assert names(site, commit) == {4: "s3"}, "what main had is taken back"
    commit = revert(site.repository, "HEAD").commit
    assert names(site, commit) == {3: "w3", 4: "s3"}


def test_a_record_is_restored_from_the_other_branch(apart: Site) -> None:
    apart.commit("main", {"site.tag:4": {"name": "bad"}, "site.page:3": {"tags": []}})
    with pytest.raises(
        UnknownNameError, match=r"the site\.tag:3 of summer is site\.tag:4 in HEAD"
    ) as caught:
        restore(apart.repository, ["site.tag:3"], "summer")
    assert "contentgit restore site.tag:4 --from summer" in caught.value.hint
    assert names(apart, restore(apart.repository, ["site.tag:4"], "summer").commit) == {
        3: "w3",
        4: "s3",
    }
    commit = restore(apart.repository, ["site.page:3"], "summer").commit
    assert apart.all(commit)["site.page:3"]["tags"] == ["site.tag:1", "site.tag:4"]
    commit = restore(apart.repository, ["pages"], "summer").commit
    assert names(apart, commit) == {4: "s3"}


# What is read for it


def test_only_what_changed_since_both_were_added_is_read(apart: Site) -> None:
    """Nothing older refers to such a record."""
    repository = apart.repository
    start = repository.history.merge_bases(*map(repository.refs.resolve, ("main^1", "main^2")))
    apart.commit("summer", {"site.tag:3": {"name": "edited"}})
    main, summer = (repository.refs.resolve(each) for each in ("main", "summer"))
    found = merged_keys(repository, repository.history.merge_bases(main, summer), main, summer)
    assert found.since == start[0]
    assert [[str(key) for key in keys] for keys in found.keys.values()] == [
        ["site.tag:3"],
        [],
        ["site.tag:3"],
    ]
