"""HEAD moved to another branch, with the worktree: the user's edits are never overwritten."""

from __future__ import annotations

from pathlib import Path

import pytest

from contentgit.errors import RepositoryError, UnknownNameError
from contentgit.git import Repository
from tests.git.conftest import ONE, THREE, TWO, Commits
from tests.git.plain import files, git, status

FOUR = "pages/a.b/0/0/4.json"


def test_head_goes_to_another_branch(filled: Repository, commit: Commits) -> None:
    filled.refs.create_branch("side", filled.refs.resolve("main"))
    commit(filled, {ONE: b"uno\n", TWO: None}, branch="side")
    (filled.path / THREE).write_bytes(b"mine\n")
    (filled.path / "notes.txt").write_bytes(b"mine\n")
    filled.worktrees.checkout_head("side")
    assert filled.refs.head_branch() == "side"
    assert status(filled.path) == [f" M {THREE}", "?? notes.txt"]
    assert files(filled.path) == {ONE: b"uno\n", THREE: b"mine\n", "notes.txt": b"mine\n"}
    filled.worktrees.checkout_head("side")
    git(filled.path, "checkout", "--quiet", "--detach")
    filled.worktrees.checkout_head("main")
    assert (filled.refs.head_branch(), files(filled.path)[TWO]) == ("main", b"two\n")


def test_edits_in_the_way_keep_head_where_it_is(filled: Repository, commit: Commits) -> None:
    filled.refs.create_branch("side", filled.refs.resolve("main"))
    commit(filled, {ONE: b"uno\n", TWO: b"due\n", FOUR: b"four\n"}, branch="side")
    (filled.path / ONE).write_bytes(b"mine\n")
    (filled.path / FOUR).write_bytes(b"mine\n")
    before = files(filled.path)
    with pytest.raises(RepositoryError) as caught:
        filled.worktrees.checkout_head("side")
    assert caught.value.message == (
        f"edits in the worktree {filled.path} are in the way of branch 'side': {ONE}, {FOUR}"
    )
    assert caught.value.hint == (
        f"git -C {filled.path} stash -u  (puts them away)\n"
        f"git -C {filled.path} stash pop  (brings them back afterwards)"
    )
    assert caught.value.items == (ONE, FOUR)
    assert filled.refs.head_branch() == "main"
    assert files(filled.path) == before
    assert status(filled.path) == [f" M {ONE}", f"?? {FOUR}"]


def test_an_ignored_file_is_in_the_way_too(filled: Repository, commit: Commits) -> None:
    filled.refs.create_branch("side", filled.refs.resolve("main"))
    commit(filled, {FOUR: b"four\n"}, branch="side")
    (filled.git_dir / "info" / "exclude").write_text("4.json\n")
    (filled.path / FOUR).write_bytes(b"mine\n")
    with pytest.raises(RepositoryError) as caught:
        filled.worktrees.checkout_head("side")
    assert caught.value.items == (FOUR,)
    assert files(filled.path)[FOUR] == b"mine\n"


def test_a_branch_that_another_worktree_has(filled: Repository, tmp_path: Path) -> None:
    git(filled.path, "worktree", "add", "--quiet", "-b", "side", str(tmp_path / "linked"))
    with pytest.raises(
        RepositoryError, match=r"'side' is already (checked out|used by worktree) at .*/linked'"
    ):
        filled.worktrees.checkout_head("side")
    assert filled.refs.head_branch() == "main"


def test_a_branch_named_like_a_file_a_tag_or_a_remote_one(
    filled: Repository, commit: Commits
) -> None:
    tip = filled.refs.resolve("main")
    filled.refs.create_branch("pages", tip)
    commit(filled, {ONE: b"uno\n"}, branch="pages")
    git(filled.path, "tag", "pages", tip)
    filled.worktrees.checkout_head("pages")
    assert filled.refs.head_branch() == "pages"
    assert files(filled.path)[ONE] == b"uno\n"
    git(filled.path, "update-ref", "refs/remotes/origin/far", tip)
    with pytest.raises(UnknownNameError) as caught:
        filled.worktrees.checkout_head("far")
    assert (caught.value.message, caught.value.hint) == (
        "there is no branch 'far'",
        "branches: main, pages",
    )


def test_head_of_a_bare_and_of_an_empty_repository(
    repository_path: Path, commit: Commits, tmp_path: Path
) -> None:
    bare = Repository.init(repository_path, bare=True)
    commit(bare, {ONE: b"one\n"}, branch="side")
    bare.worktrees.checkout_head("side")
    assert bare.refs.head_branch() == "side"
    empty = Repository.init(tmp_path / "empty")
    commit(empty, {ONE: b"one\n"}, branch="side")
    empty.worktrees.checkout_head("side")
    assert empty.refs.head_branch() == "side"
    assert files(empty.path) == {ONE: b"one\n"}
