"""Branches, HEAD and refs: compare-and-swap, and names that people type."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from collections import Counter
from pathlib import Path

import pytest

from contentgit.errors import (
    BusyError,
    RefusedError,
    RepositoryError,
    UnknownNameError,
    UsageError,
)
from contentgit.git import Branch, Repository
from tests.git.conftest import ONE, Commits
from tests.git.plain import git


def test_resolve_takes_what_git_takes(filled: Repository, commit: Commits) -> None:
    first = filled.refs.resolve("main")
    second = commit(filled, {ONE: b"uno\n"}).commit
    git(filled.path, "tag", "-a", "-m", "x", "v1", first)
    git(filled.path, "update-ref", "refs/contentgit/backup/prod/x", first)
    for revision in (
        "main~1",
        "HEAD^",
        "v1",
        first,
        first[:12],
        "contentgit/backup/prod/x",
        "v1^0",
    ):
        assert filled.refs.resolve(revision) == first
    names = "main", "HEAD", "@", "refs/heads/main", "main@{0}", "HEAD^{/Change}", ":/Change"
    for revision in names:
        assert filled.refs.resolve(revision) == second


@pytest.mark.parametrize(
    "revision",
    [
        "mian", "", "--help", "--upload-pack=touch x", "-", "^main", ":/", ":/nobody", "a\nb", "a\0b",
        "\udcff", "x\ud800y", "main^{tree}", f"main:{ONE}", "HEAD~99", "refs/heads", "*", "main ",
    ],
)  # fmt: skip
def test_resolve_refuses_the_rest(filled: Repository, revision: str) -> None:
    filled.refs.create_branch("summer", filled.refs.resolve("main"))
    with pytest.raises(UnknownNameError) as caught:
        filled.refs.resolve(revision)
    assert caught.value.message in (
        f"unknown revision {revision!r}",
        f"{revision!r} names a tree, not a commit",
        f"{revision!r} names a blob, not a commit",
    )
    assert caught.value.hint == "branches: main, summer"


@pytest.mark.parametrize("revision", ["main..main", "a...b", "..", "HEAD^!", "main^@", "HEAD^-1"])
def test_a_range_is_no_revision(filled: Repository, revision: str) -> None:
    with pytest.raises(UnknownNameError) as caught:
        filled.refs.resolve(revision)
    assert caught.value.message == (
        f"{revision!r} names a range of commits, where one revision is expected"
    )


def test_a_branch_at_what_is_no_commit(filled: Repository) -> None:
    head = filled.git_dir / "refs/heads/odd"
    head.write_text(git(filled.path, "rev-parse", f"main:{ONE}") + "\n")
    with pytest.raises(UnknownNameError, match="'odd' names a blob, not a commit"):
        filled.refs.resolve("odd")
    cut = git(filled.path, "hash-object", "-t", "commit", "-w", "--stdin", "--literally")
    head.write_text(f"{cut}\n")
    with pytest.raises(
        RepositoryError, match=f"incomplete: 'odd' names object {cut}, which is damaged"
    ):
        filled.refs.resolve("odd")


def test_resolve_says_when_many_branches_are_known(filled: Repository) -> None:
    for number in range(12):
        filled.refs.create_branch(f"b{number:02}", filled.refs.resolve("main"))
    with pytest.raises(UnknownNameError) as caught:
        filled.refs.resolve("x")
    assert caught.value.hint == (
        "branches: b00, b01, b02, b03, b04, b05, b06, b07, b08, b09 and 3 more"
    )


def test_an_id_that_is_not_here(filled: Repository) -> None:
    with pytest.raises(UnknownNameError) as caught:
        filled.refs.resolve("1" * 40)
    assert caught.value.message == f"commit {'1' * 40} is not in this repository"
    assert caught.value.hint == "contentgit fetch  (may bring it)"


def test_a_name_is_resolved_as_git_resolves_it(filled: Repository, commit: Commits) -> None:
    """Plain names are asked of the process that reads objects, all others of ``git rev-parse``."""
    first = filled.refs.resolve("main")
    second = commit(filled, {ONE: b"uno\n"}).commit
    tree = git(filled.path, "rev-parse", "main^{tree}")
    for ref, each in (
        ("refs/heads/refs/heads/lost", first),  # as a branch that somebody named too fully
        ("refs/heads/both", first),
        ("refs/tags/both", second),
        ("refs/heads/v1.0", second),
        ("refs/remotes/origin/main", first),
        ("refs/heads/abcdef", second),
        ("refs/tags/tree", tree),
        ("refs/notes", first),
    ):
        git(filled.path, "update-ref", ref, each)
    git(filled.path, "tag", "-a", "-m", "x", "a1", first)
    git(filled.path, "tag", "-a", "-m", "x", "a2", "a1")
    names = [
        *(
            "main",
            "HEAD",
            "both",
            "heads/both",
            "tags/both",
            "refs/heads/lost",
            "v1.0",
            "origin/main",
        ),
        *(
            "abcdef",
            "a1",
            "a2",
            "notes",
            "FETCH_HEAD",
            "ORIG_HEAD",
            "lost",
            "refs",
            "main/x",
            "v1",
            "v1.",
        ),
        *(
            "tree",
            first[:7],
            first[:39],
            second.upper(),
            first + "0",
            "main.lock",
            "_",
            "0",
            "main/",
            "//",
        ),
    ]
    for name in names:
        asked = ("git", "-C", filled.path, "rev-parse", "--verify", "-q", f"{name}^{{commit}}")
        done = subprocess.run(asked, capture_output=True, text=True)
        if done.returncode:
            with pytest.raises(UnknownNameError):
                filled.refs.resolve(name)
        else:
            assert filled.refs.resolve(name) == done.stdout.strip(), name


def test_a_name_is_resolved_anew_each_time(filled: Repository, commit: Commits) -> None:
    first = filled.refs.resolve("main")
    git(filled.path, "pack-refs", "--all")
    assert filled.refs.resolve("main") == first
    second = commit(filled, {ONE: b"uno\n"}).commit
    assert [filled.refs.resolve(name) for name in ("main", "HEAD")] == [second, second]
    git(filled.path, "pack-refs", "--all")
    git(filled.path, "update-ref", "refs/heads/main", first)
    git(filled.path, "pack-refs", "--all")
    assert filled.refs.resolve("main") == first
    git(filled.path, "update-ref", "-d", "refs/heads/main")
    with pytest.raises(UnknownNameError):
        filled.refs.resolve("main")


def test_an_id_that_is_short(filled: Repository) -> None:
    stream = b"".join(
        b"commit refs/heads/many\ncommitter A <a> %d +0000\ndata 0\n" % n for n in range(2000)
    )
    git(filled.path, "fast-import", "--quiet", data=stream)
    count = Counter(each.id[:4] for each in filled.history.log("many"))
    short = next(start for start, number in count.items() if number > 1)
    with pytest.raises(UnknownNameError) as caught:
        filled.refs.resolve(short)
    assert caught.value.message == f"{short!r} is the beginning of several ids"
    assert caught.value.hint == "write more of it"


def test_a_branch_whose_commit_is_missing(filled: Repository) -> None:
    (filled.git_dir / "refs" / "heads" / "broken").write_text(f"{'1' * 40}\n")
    with pytest.raises(RepositoryError) as caught:
        filled.refs.resolve("broken")
    assert caught.value.message == (
        f"branch 'broken': the repository {filled.path} is damaged or incomplete: 'broken' names object "
        f"{'1' * 40}, which is missing"
    )
    assert caught.value.hint.splitlines()[-1].startswith(
        f"git -C {filled.path} update-ref refs/heads/broken REV"
    )


def test_a_shallow_clone_says_that_it_is_one(
    filled: Repository, commit: Commits, tmp_path: Path
) -> None:
    first = filled.refs.resolve("main")
    side = commit(filled, {ONE: b"side\n"}, branch="main").commit
    filled.refs.create_branch("side", side)
    git(filled.path, "update-ref", "refs/heads/main", first)
    main = commit(filled, {ONE: b"main\n"}).commit
    url = f"file://{filled.path}"
    git(tmp_path, "clone", "--quiet", "--depth=1", "--no-single-branch", url, "shallow")
    shallow = Repository.open(tmp_path / "shallow")
    assert filled.history.merge_bases(main, side) == [first]
    with pytest.raises(RepositoryError) as caught:
        shallow.history.merge_bases(main, side)
    assert caught.value.message == (
        "this is a shallow clone: it does not have the commit that both sides come from"
    )
    with pytest.raises(UnknownNameError) as unknown:
        shallow.refs.resolve("main~1")
    assert unknown.value.message == (
        "unknown revision 'main~1': this is a shallow clone, which lacks older commits"
    )
    fetch = f"git -C {shallow.path} fetch --unshallow"
    assert unknown.value.hint == f"{fetch}  (brings the rest)"
    with pytest.raises(RepositoryError) as missing:
        shallow.trees.root(first)
    lacks = f"{shallow.path} is a shallow clone, which lacks older commits"
    assert missing.value.message == f"{lacks}: commit {first} is missing or cannot be read"
    assert missing.value.hint == f"{fetch}  (brings them; in CI: fetch-depth: 0)"
    with pytest.raises(RepositoryError, match="which lacks older commits: commit"):
        shallow.trees.entry(first, ONE)
    with pytest.raises(RepositoryError, match="is damaged or incomplete"):
        list(shallow.objects.blobs(["1" * 40]))


@pytest.mark.parametrize("kind", ["blob:none", "tree:0"])
def test_a_partial_clone_says_that_it_is_one(
    filled: Repository, commit: Commits, tmp_path: Path, kind: str
) -> None:
    for name in ("allowFilter", "allowAnySHA1InWant"):
        git(filled.path, "config", f"uploadpack.{name}", "true")
    url = f"file://{filled.path}"
    git(tmp_path, "clone", "--quiet", f"--filter={kind}", "--no-checkout", url, "partial")
    partial = Repository.open(tmp_path / "partial")
    tip = partial.refs.resolve("main")
    with pytest.raises(RepositoryError) as caught:
        partial.blob(tip, ONE)
    assert caught.value.message.startswith(
        f"{partial.path} is a partial clone (git clone --filter), which does not have everything: "
    )
    command, _, _ = caught.value.hint.partition("  (")
    words = command.removeprefix(f"git -C {partial.path} ").split()
    git(partial.path, *words)
    assert partial.blob(tip, ONE) == b"one\n"
    # What contentgit fetches from now on comes whole.
    new = commit(filled, {ONE: b"new\n"}).commit
    partial.remotes.fetch("origin")
    assert partial.blob(new, ONE) == b"new\n"


def test_branches(filled: Repository, tmp_path: Path) -> None:
    tip = filled.refs.resolve("main")
    filled.refs.create_branch("summer/menu", tip)
    filled.refs.create_branch("été", tip)
    linked = tmp_path / "a\nb"
    git(filled.path, "worktree", "add", "--quiet", str(linked), "summer/menu")
    assert filled.refs.branches() == [
        Branch("main", tip, current=True, worktree=filled.path),
        Branch("summer/menu", tip, current=False, worktree=linked),
        Branch("été", tip, current=False, worktree=None),
    ]


def test_create_branch_refuses_what_exists(filled: Repository) -> None:
    tip = filled.refs.resolve("main")
    with pytest.raises(UsageError) as caught:
        filled.refs.create_branch("main", tip)
    assert caught.value.message == "branch 'main' exists already"
    with pytest.raises(UsageError) as caught:
        filled.refs.create_branch("main/x", tip)
    assert caught.value.message == (
        "cannot lock ref 'refs/heads/main/x': 'refs/heads/main' exists; cannot create "
        "'refs/heads/main/x'"
    )
    with pytest.raises(RepositoryError):
        filled.refs.create_branch("x", "1" * 40)
    assert [each.name for each in filled.refs.branches()] == ["main"]


@pytest.mark.parametrize(
    "name",
    ["-d", "--force", "@", "HEAD", "a b", "a\nb", "@{-1}", "x..y", "f" * 40, ".x", "", "a\0b"],
)
def test_names_that_no_branch_can_have(filled: Repository, name: str) -> None:
    ways = [
        lambda: filled.refs.check_branch_name(name),
        lambda: filled.refs.create_branch(name, filled.refs.resolve("main")),
        lambda: filled.refs.set_head(name),
    ]
    for way in ways:
        with pytest.raises(UsageError):
            way()
    with pytest.raises(UnknownNameError):
        filled.refs.delete_branch(name)
    with pytest.raises(UnknownNameError):
        filled.worktrees.checkout_head(name)
    assert filled.refs.tip(name) is None


def test_delete_branch(filled: Repository, commit: Commits) -> None:
    tip = filled.refs.resolve("main")
    filled.refs.create_branch("old", tip)
    git(filled.path, "config", "branch.old.description", "x")
    filled.refs.delete_branch("old")
    assert filled.refs.tip("old") is None
    assert "branch.old" not in git(filled.path, "config", "--local", "--list")
    filled.refs.create_branch("new", tip)
    new = commit(filled, {ONE: b"uno\n"}, branch="new").commit
    with pytest.raises(RefusedError) as caught:
        filled.refs.delete_branch("new")
    assert caught.value.message == (
        "branch 'new' has commits that HEAD does not have; they would be lost"
    )
    assert caught.value.hint == "contentgit branch -D new  deletes it all the same"
    assert filled.refs.tip("new") == new
    filled.refs.delete_branch("new", force=True)
    assert filled.refs.tip("new") is None
    with pytest.raises(UnknownNameError) as unknown:
        filled.refs.delete_branch("new")
    assert (unknown.value.message, unknown.value.hint) == (
        "there is no branch 'new'",
        "branches: main",
    )


def test_a_branch_that_is_checked_out_is_not_deleted(filled: Repository, tmp_path: Path) -> None:
    with pytest.raises(RefusedError) as caught:
        filled.refs.delete_branch("main", force=True)
    assert caught.value.message == f"branch 'main' is checked out at {filled.path}"
    git(filled.path, "worktree", "add", "--quiet", "-b", "side", str(tmp_path / "linked"))
    with pytest.raises(RefusedError, match=f"'side' is checked out at {tmp_path / 'linked'}"):
        filled.refs.delete_branch("side", force=True)
    bare = Repository.init(tmp_path / "bare", bare=True)
    tree = bare.writer.write_tree(None, [(ONE, b"1")])
    bare.refs.create_branch("main", bare.writer.commit_tree(tree, [], "x"))
    with pytest.raises(RefusedError, match=r"^branch 'main' is checked out"):
        bare.refs.delete_branch("main", force=True)


def test_head(filled: Repository) -> None:
    assert filled.refs.head_branch() == "main"
    filled.refs.set_head("not/yet")
    assert filled.refs.head_branch() == "not/yet"
    assert filled.refs.tip("not/yet") is None
    git(filled.path, "checkout", "--quiet", "--detach", "main")
    assert filled.refs.head_branch() is None
    assert filled.refs.resolve("HEAD") == filled.refs.resolve("main")


def test_move_ref_is_a_compare_and_swap(filled: Repository, commit: Commits) -> None:
    first = filled.refs.resolve("main")
    second = commit(filled, {ONE: b"uno\n"}).commit
    zero = "0" * 40
    for old, at in ((first, second), (None, second)):
        with pytest.raises(BusyError) as caught:
            filled.refs.move("refs/heads/main", first, old, "x")
        assert caught.value.message == (
            "refs/heads/main moved while it was about to be written: it is at "
            f"{at} and not at {old or 'nothing'}"
        )
        assert caught.value.data == {"ref": "refs/heads/main", "expected": old, "found": at}
    with pytest.raises(BusyError, match=f"it is at nothing and not at {first}"):
        filled.refs.move("refs/heads/gone", first, first, "x")
    with pytest.raises(BusyError, match=f"it is at {second} and not at {first}"):
        filled.refs.delete("refs/heads/main", first)
    with pytest.raises(BusyError, match=f"it is at nothing and not at {first}"):
        filled.refs.delete("refs/heads/gone", first)
    assert filled.refs.tip("main") == second
    assert filled.refs.read("refs/heads/gone") is None
    filled.refs.move("refs/heads/main", first, second, "back\nto --all")
    assert filled.refs.tip("main") == first
    assert git(filled.path, "reflog", "-1", "--format=%gs", "main") == "back to --all"
    filled.refs.delete("refs/heads/main", first)
    assert filled.refs.read("refs/heads/main") is None
    assert zero not in filled.refs.branches()


def test_a_ref_that_somebody_is_writing(filled: Repository, commit: Commits) -> None:
    tip = filled.refs.resolve("main")
    lock = filled.git_dir / "refs" / "heads" / "main.lock"
    lock.write_text("")
    os.utime(lock, (1_700_000_000, 1_700_000_000))
    with pytest.raises(BusyError) as caught:
        commit(filled, {ONE: b"uno\n"})
    assert caught.value.message.startswith(f"another git process is writing to {filled.path}: ")
    hint = re.sub(r"[\d,]+ minutes", "N minutes", caught.value.hint)
    assert hint == (
        "try again when it is done\n"
        f"rm {lock}  (removes the lock of N minutes ago, if no git runs there)"
    )
    lock.unlink()
    assert filled.refs.tip("main") == tip


def test_of_many_at_once_one_wins(filled: Repository) -> None:
    """Eight processes move the branch from the same commit at the same moment."""
    program = (
        "import sys\nfrom pathlib import Path\nfrom contentgit.errors import BusyError\n"
        "from contentgit.git import Repository\n"
        "repository = Repository.open(Path(sys.argv[1]))\nold = repository.refs.resolve('main')\n"
        "tree = repository.writer.write_tree(old, [('pages/x.json', sys.argv[2].encode())])\n"
        "new = repository.writer.commit_tree(tree, [old], 'x')\n"
        "print('ready', flush=True)\nsys.stdin.readline()\n"
        "try:\n    repository.refs.move('refs/heads/main', new, old, 'x')\n"
        "except BusyError:\n    print('lost')\nelse:\n    print(new)\n"
    )
    processes = [
        subprocess.Popen(
            [sys.executable, "-c", program, str(filled.path), str(number)],
            env={**os.environ, "PYTHONPATH": os.getcwd()},
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )
        for number in range(8)
    ]
    for process in processes:
        assert process.stdout is not None
        assert process.stdout.readline() == "ready\n"
    for process in processes:
        assert process.stdin is not None
        process.stdin.write("\n")
        process.stdin.flush()
    said = [process.communicate()[0].strip() for process in processes]
    assert sorted(said)[1:] == ["lost"] * 7
    assert filled.refs.resolve("main") in said


def test_refs(filled: Repository) -> None:
    tip = filled.refs.resolve("main")
    for name in ("refs/contentgit/backup/prod/1", "refs/contentgit/backup/prod/2"):
        filled.refs.move(name, tip, None, "x")
    filled.refs.move("refs/contentgit/backups", tip, None, "x")
    assert filled.refs.under("refs/contentgit/backup") == [
        ("refs/contentgit/backup/prod/1", tip),
        ("refs/contentgit/backup/prod/2", tip),
    ]
    assert filled.refs.under("refs/nothing") == []
    assert filled.refs.read("refs/contentgit/backup") is None
    assert filled.refs.read("refs/contentgit/backup/prod/1") == tip


def test_refs_of_sha256(repository_path: Path, commit: Commits, algorithm: str) -> None:
    repository = Repository.init(repository_path)
    first = commit(repository, {ONE: b"one\n"}).commit
    repository.refs.create_branch("side", first)
    with pytest.raises(BusyError):
        repository.refs.move("refs/heads/side", first, None, "x")
    repository.refs.delete_branch("side")
    assert repository.refs.resolve("main") == repository.refs.resolve(first[:10]) == first
