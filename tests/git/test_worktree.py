"""Worktrees brought along: the user's own edits stay, and ``git status`` shows nothing else."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from contentgit.errors import RepositoryError, UnknownNameError
from contentgit.git import LeftAlone, Repository
from tests.git.conftest import ONE, THREE, TWO, Commits
from tests.git.plain import files, git, status

FOUR = "pages/a.b/0/0/4.json"


def follow(
    repository: Repository, commit: Commits, changes: dict[str, bytes | None]
) -> list[LeftAlone]:
    old = repository.refs.tip("main")
    new = commit(repository, changes).commit
    return repository.worktrees.bring_along("main", old, new)


def test_a_clean_worktree_follows(filled: Repository, commit: Commits) -> None:
    left = follow(filled, commit, {ONE: b"uno\n", THREE: None, FOUR: b"four\n"})
    assert left == []
    assert status(filled.path) == []
    assert files(filled.path) == {ONE: b"uno\n", TWO: b"two\n", FOUR: b"four\n"}
    assert not (filled.path / "tags").exists()


def test_both_algorithms(repository_path: Path, commit: Commits, algorithm: str) -> None:
    repository = Repository.init(repository_path)
    first = commit(repository, {ONE: b"one\n", TWO: b"two\n"}).commit
    assert repository.worktrees.bring_along("main", None, first) == []
    assert follow(repository, commit, {ONE: b"uno\n", TWO: None}) == []
    assert status(repository.path) == []
    assert files(repository_path) == {ONE: b"uno\n"}


def test_an_edited_file_stays(filled: Repository, commit: Commits) -> None:
    (filled.path / ONE).write_bytes(b"mine\n")
    left = follow(filled, commit, {ONE: b"uno\n", TWO: b"due\n"})
    assert left == [LeftAlone(filled.path, [ONE])]
    assert status(filled.path) == [f" M {ONE}"]
    assert files(filled.path) == {ONE: b"mine\n", TWO: b"due\n", THREE: b"three\n"}
    # The user's commit now reverts nothing but what the edit itself changes.
    git(filled.path, "commit", "--quiet", "--allow-empty", "-m", "nothing staged")
    assert filled.blob(filled.refs.resolve("main"), ONE) == b"uno\n"


def test_an_edit_that_is_what_was_committed_is_no_edit(filled: Repository, commit: Commits) -> None:
    (filled.path / ONE).write_bytes(b"uno\n")
    (filled.path / FOUR).write_bytes(b"four\n")
    (filled.path / TWO).unlink()
    assert follow(filled, commit, {ONE: b"uno\n", FOUR: b"four\n", TWO: None}) == []
    assert status(filled.path) == []


def test_a_staged_edit_stays(filled: Repository, commit: Commits) -> None:
    (filled.path / ONE).write_bytes(b"staged\n")
    git(filled.path, "add", ONE)
    (filled.path / ONE).write_bytes(b"and more\n")
    left = follow(filled, commit, {ONE: b"uno\n", TWO: b"due\n"})
    assert left == [LeftAlone(filled.path, [ONE])]
    assert status(filled.path) == [f"MM {ONE}"]
    assert git(filled.path, "show", f":{ONE}") == "staged"
    assert files(filled.path)[ONE] == b"and more\n"


def test_what_is_staged_elsewhere_stays(filled: Repository, commit: Commits) -> None:
    (filled.path / "notes.txt").write_bytes(b"mine\n")
    git(filled.path, "add", "notes.txt")
    (filled.path / THREE).write_bytes(b"mine\n")
    assert follow(filled, commit, {ONE: b"uno\n"}) == []
    assert status(filled.path) == ["A  notes.txt", f" M {THREE}"]


def test_a_file_in_the_way_stays(filled: Repository, commit: Commits) -> None:
    (filled.path / FOUR).write_bytes(b"mine\n")
    left = follow(filled, commit, {FOUR: b"four\n", ONE: b"uno\n"})
    assert left == [LeftAlone(filled.path, [FOUR])]
    assert status(filled.path) == [f" M {FOUR}"]
    assert files(filled.path)[FOUR] == b"mine\n"
    assert files(filled.path)[ONE] == b"uno\n"


def test_an_ignored_file_in_the_way_stays(filled: Repository, commit: Commits) -> None:
    (filled.git_dir / "info" / "exclude").write_text("*.json\n")
    (filled.path / FOUR).write_bytes(b"mine\n")
    assert follow(filled, commit, {FOUR: b"four\n"}) == [LeftAlone(filled.path, [FOUR])]
    assert files(filled.path)[FOUR] == b"mine\n"


def test_folders_and_files_in_the_way_stay(filled: Repository, commit: Commits) -> None:
    (filled.path / FOUR).mkdir()
    (filled.path / FOUR / "mine").write_bytes(b"mine\n")
    (filled.path / "news").write_bytes(b"mine\n")
    left = follow(filled, commit, {FOUR: b"four\n", "news/a.d/1.json": b"1\n"})
    assert left == [LeftAlone(filled.path, ["news/a.d/1.json", FOUR])]
    assert files(filled.path)[f"{FOUR}/mine"] == b"mine\n"
    assert files(filled.path)["news"] == b"mine\n"


def test_a_file_that_the_user_deleted_stays_deleted(filled: Repository, commit: Commits) -> None:
    (filled.path / ONE).unlink()
    (filled.path / TWO).unlink()
    left = follow(filled, commit, {ONE: b"uno\n", TWO: None})
    assert left == [LeftAlone(filled.path, [ONE])]
    assert status(filled.path) == [f" D {ONE}"]


def test_a_staged_deletion_stays(filled: Repository, commit: Commits) -> None:
    git(filled.path, "rm", "--quiet", ONE)
    git(filled.path, "rm", "--quiet", "--cached", TWO)
    left = follow(filled, commit, {ONE: b"uno\n", TWO: b"due\n"})
    assert left == [LeftAlone(filled.path, [ONE, TWO])]
    assert status(filled.path) == [f"D  {ONE}", f"D  {TWO}", f"?? {TWO}"]


def test_an_edit_of_what_is_deleted_stays(filled: Repository, commit: Commits) -> None:
    (filled.path / ONE).write_bytes(b"mine\n")
    left = follow(filled, commit, {ONE: None, TWO: None})
    assert left == [LeftAlone(filled.path, [ONE])]
    assert status(filled.path) == [f"?? {ONE}"]
    assert files(filled.path) == {ONE: b"mine\n", THREE: b"three\n"}


def test_a_staged_new_file_stays(filled: Repository, commit: Commits) -> None:
    (filled.path / FOUR).write_bytes(b"mine\n")
    git(filled.path, "add", FOUR)
    assert follow(filled, commit, {FOUR: b"four\n"}) == [LeftAlone(filled.path, [FOUR])]
    assert status(filled.path) == [f"M  {FOUR}"]


def test_a_merge_in_progress_stays(filled: Repository, commit: Commits) -> None:
    filled.refs.create_branch("side", filled.refs.resolve("main"))
    commit(filled, {ONE: b"side\n"}, branch="side")
    (filled.path / ONE).write_bytes(b"mine\n")
    git(filled.path, "commit", "--quiet", "-a", "-m", "mine")
    git(filled.path, "merge", "--quiet", "side", ok=False)
    assert status(filled.path) == [f"UU {ONE}"]
    before = files(filled.path)[ONE]
    left = follow(filled, commit, {ONE: b"uno\n", TWO: b"due\n"})
    assert left == [LeftAlone(filled.path, [ONE])]
    assert status(filled.path) == [f"UU {ONE}"]
    assert files(filled.path) == {ONE: before, TWO: b"due\n", THREE: b"three\n"}


def test_a_file_where_a_folder_was_and_the_reverse(filled: Repository, commit: Commits) -> None:
    assert follow(filled, commit, {THREE: None, "tags": b"file\n"}) == []
    assert status(filled.path) == []
    assert files(filled.path)["tags"] == b"file\n"
    assert follow(filled, commit, {"tags": None, THREE: b"three\n"}) == []
    assert status(filled.path) == []
    assert files(filled.path)[THREE] == b"three\n"


def test_links_are_not_followed(filled: Repository, commit: Commits, tmp_path: Path) -> None:
    """A folder and a file of the worktree are links to the outside, which must stay as it is."""
    outside = tmp_path / "outside"
    for path in (ONE, TWO):
        (outside / path).parent.mkdir(parents=True, exist_ok=True)
        (outside / path).write_bytes(files(filled.path)[path])
    (filled.path / "pages").rename(tmp_path / "moved")
    (filled.path / "pages").symlink_to(outside / "pages")
    (outside / "three").write_bytes(b"three\n")
    (filled.path / THREE).unlink()
    (filled.path / THREE).symlink_to(outside / "three")
    before = files(outside)
    changes = {ONE: b"uno\n", TWO: None, FOUR: b"four\n", THREE: b"drei\n"}
    left = follow(filled, commit, changes)
    assert left == [LeftAlone(filled.path, [ONE, FOUR, THREE])]
    assert files(outside) == before
    assert (filled.path / "pages").is_symlink()
    assert (filled.path / THREE).is_symlink()


def test_a_removed_file_is_not_removed_through_a_link(
    filled: Repository, commit: Commits, tmp_path: Path
) -> None:
    outside = tmp_path / "outside"
    (filled.path / "tags" / "a.c").rename(outside)
    (filled.path / "tags" / "a.c").symlink_to(outside)
    follow(filled, commit, {THREE: None})
    assert (outside / "x.json").read_bytes() == b"three\n"


def test_line_ends_and_filters_of_the_project(repository: Repository, commit: Commits) -> None:
    git(repository.path, "config", "filter.shout.clean", "tr A-Z a-z")
    git(repository.path, "config", "filter.shout.smudge", "tr a-z A-Z")
    first = commit(
        repository,
        {
            ".gitattributes": b"*.json text eol=crlf\n*.txt filter=shout\n",
            ONE: b"one\n",
            "pages/x.txt": b"one\n",
        },
    ).commit
    assert repository.worktrees.bring_along("main", None, first) == []
    assert status(repository.path) == []
    assert files(repository.path)[ONE] == b"one\r\n"
    assert files(repository.path)["pages/x.txt"] == b"ONE\n"
    assert follow(repository, commit, {ONE: b"uno\n", "pages/x.txt": b"uno\n"}) == []
    assert status(repository.path) == []
    assert files(repository.path)[ONE] == b"uno\r\n"
    (repository.path / ONE).write_bytes(b"mine\r\n")
    assert follow(repository, commit, {ONE: b"due\n"}) == [LeftAlone(repository.path, [ONE])]


def test_linked_worktrees_follow_too(filled: Repository, commit: Commits, tmp_path: Path) -> None:
    linked, other = tmp_path / "linked", tmp_path / "other"
    git(filled.path, "worktree", "add", "--quiet", "--force", str(linked), "main")
    git(filled.path, "worktree", "add", "--quiet", "-b", "side", str(other))
    (linked / ONE).write_bytes(b"mine\n")
    left = follow(Repository.open(other), commit, {ONE: b"uno\n", TWO: b"due\n"})
    assert left == [LeftAlone(linked, [ONE])]
    assert (status(filled.path), status(linked), status(other)) == ([], [f" M {ONE}"], [])
    assert files(filled.path)[ONE] == b"uno\n"
    assert files(linked)[TWO] == b"due\n"
    assert files(other)[ONE] == b"one\n"


def test_a_worktree_of_a_bare_repository(
    repository_path: Path, commit: Commits, tmp_path: Path
) -> None:
    bare = Repository.init(repository_path, bare=True)
    commit(bare, {ONE: b"one\n"})
    git(bare.path, "worktree", "add", "--quiet", str(tmp_path / "linked"), "main")
    assert follow(bare, commit, {ONE: b"uno\n"}) == []
    assert status(tmp_path / "linked") == []
    assert files(tmp_path / "linked") == {ONE: b"uno\n"}


def test_a_worktree_that_is_gone_or_replaced(
    filled: Repository, commit: Commits, tmp_path: Path
) -> None:
    gone, replaced = tmp_path / "gone", tmp_path / "replaced"
    for path in (gone, replaced):
        git(filled.path, "worktree", "add", "--quiet", "--force", str(path), "main")
    for path in (gone, replaced):
        path.rename(tmp_path / f"{path.name}.moved")
    git(tmp_path, "clone", "--quiet", str(filled.path), "replaced")
    assert follow(filled, commit, {ONE: b"uno\n"}) == []
    assert status(replaced) == []
    assert files(replaced)[ONE] == b"one\n"


def test_another_branch_does_not_matter(filled: Repository, commit: Commits) -> None:
    tip = filled.refs.resolve("main")
    filled.refs.create_branch("side", tip)
    new = commit(filled, {ONE: b"uno\n"}, branch="side").commit
    assert filled.worktrees.bring_along("side", tip, new) == []
    git(filled.path, "checkout", "--quiet", "--detach")
    assert follow(filled, commit, {ONE: b"uno\n"}) == []
    assert status(filled.path) == []
    assert files(filled.path)[ONE] == b"one\n"


def test_a_worktree_that_git_is_busy_with(filled: Repository, commit: Commits) -> None:
    lock = filled.git_dir / "index.lock"
    lock.write_text("")
    (left,) = follow(filled, commit, {ONE: b"uno\n", THREE: None})
    assert (left.worktree, left.paths) == (filled.path, [ONE, THREE])
    assert left.reason.startswith(f"another git process is writing to {filled.path}: ")
    assert files(filled.path) == {ONE: b"one\n", TWO: b"two\n", THREE: b"three\n"}
    assert list(filled.git_dir.glob("contentgit-*")) == []
    # Once it is done, the same call again does what was left.
    lock.unlink()
    tip = filled.refs.resolve("main")
    assert filled.worktrees.bring_along("main", f"{filled.refs.resolve('main~1')}", tip) == []
    assert status(filled.path) == []


def test_a_call_that_was_cut_short_is_made_good(filled: Repository, commit: Commits) -> None:
    old = filled.refs.resolve("main")
    new = commit(filled, {ONE: b"uno\n", TWO: None, FOUR: b"four\n"}).commit
    git(filled.path, "read-tree", new)  # the index has moved, the files have not
    assert status(filled.path) == [f" M {ONE}", f" D {FOUR}", f"?? {TWO}"]
    assert filled.worktrees.bring_along("main", old, new) == []
    assert status(filled.path) == []
    assert filled.worktrees.bring_along("main", old, new) == []
    assert status(filled.path) == []


def test_a_sparse_worktree_stays_sparse(filled: Repository, commit: Commits) -> None:
    git(filled.path, "sparse-checkout", "set", "--no-cone", "/tags/")
    assert files(filled.path) == {THREE: b"three\n"}
    assert follow(filled, commit, {ONE: b"uno\n", TWO: None, THREE: b"drei\n"}) == []
    assert status(filled.path) == []
    assert files(filled.path) == {THREE: b"drei\n"}
    assert git(filled.path, "ls-files", "-t").splitlines() == [f"S {ONE}", f"H {THREE}"]


def test_odd_names_of_the_user_follow(filled: Repository) -> None:
    names = ["--force", "a\nb", "é", " ", ":(top)x", os.fsdecode(b"\xff"), "*"]
    for name in names:
        (filled.path / name).write_bytes(b"1\n")
    git(filled.path, "add", "--all")
    git(filled.path, "commit", "--quiet", "-m", "odd")
    old = filled.refs.resolve("main~1")
    new = filled.refs.resolve("main")
    git(filled.path, "reset", "--quiet", "--hard", old)
    git(filled.path, "update-ref", "refs/heads/main", new)
    assert filled.worktrees.bring_along("main", old, new) == []
    assert status(filled.path) == []
    git(filled.path, "update-ref", "refs/heads/main", old)
    (filled.path / "a\nb").write_bytes(b"mine\n")
    assert filled.worktrees.bring_along("main", new, old) == [LeftAlone(filled.path, ["a\nb"])]
    assert files(filled.path) == {
        ONE: b"one\n", TWO: b"two\n", THREE: b"three\n", "a\nb": b"mine\n",
    }  # fmt: skip


def test_a_commit_that_wants_to_write_into_git(filled: Repository) -> None:
    """Such a tree comes from elsewhere; git refuses it, and nothing has changed."""
    blob = filled.trees.entry(filled.refs.resolve("main"), ONE)
    line = f"100644 blob {blob}\tconfig\n".encode()
    inner = git(filled.path, "mktree", data=line)
    tree = git(
        filled.path,
        *("hash-object", "-t", "tree", "-w", "--stdin", "--literally"),
        data=b"40000 .git\0" + bytes.fromhex(inner),
    )
    old = filled.refs.resolve("main")
    new = filled.writer.commit_tree(tree, [old], "hostile")
    filled.refs.move("refs/heads/main", new, old, "x")
    before = (filled.git_dir / "config").read_bytes()
    (left,) = filled.worktrees.bring_along("main", old, new)
    assert left == LeftAlone(
        filled.path,
        [".git/config", ONE, TWO, THREE],
        "the commit has a file '.git/config', inside git's own folder",
    )
    filled.refs.move("refs/heads/main", old, new, "x")
    filled.refs.create_branch("hostile", new)
    with pytest.raises(RepositoryError, match=r"in the way of branch 'hostile': \.git/config"):
        filled.worktrees.checkout_head("hostile")
    assert filled.refs.head_branch() == "main"
    assert (filled.git_dir / "config").read_bytes() == before
    assert files(filled.path) == {ONE: b"one\n", TWO: b"two\n", THREE: b"three\n"}


def test_thousands_follow(repository: Repository, commit: Commits) -> None:
    paths = [f"f/{n % 100}/{n}.json" for n in range(3000)]
    first = commit(repository, dict.fromkeys(paths, b"1\n")).commit
    assert repository.worktrees.bring_along("main", None, first) == []
    assert follow(repository, commit, dict.fromkeys(paths[:2000], b"2\n")) == []
    assert status(repository.path) == []
    assert follow(repository, commit, dict.fromkeys(paths[:2999])) == []
    assert status(repository.path) == []
    assert list(files(repository.path)) == [paths[2999]]


def test_a_head_that_names_no_commit_is_called_that(filled: Repository) -> None:
    blob = filled.writer.write_blob(b"x")
    (filled.git_dir / "HEAD").write_text(f"{blob}\n")
    with pytest.raises(UnknownNameError, match="'HEAD' names a blob, not a commit"):
        filled.worktrees.edited_files()
    filled.refs.set_head("unborn")
    assert filled.worktrees.edited_files() == [ONE, TWO, THREE]
