"""The branch, the applied commit or HEAD are not where one would like them to be."""

from __future__ import annotations

import subprocess
from collections.abc import Callable
from pathlib import Path

import pytest

from contentgit.db import ledger
from tests import raw
from tests.bakery.content import fill
from tests.bakery.models import Opening, Product, Tag
from tests.fuzz.objects import Objects, read_tree
from tests.verbs.conftest import Run

Ok = Callable[..., str]


def test_dumps_at_different_commits_are_captured_together(committed: None, ok: Ok, git: Ok) -> None:
    """One of the commits has what the others have: it is the parent."""
    Tag.objects.filter(pk=3).update(name="Bio")
    ok("commit", "shop", "-m", "Bio")
    Opening.objects.filter(pk=1).update(weekday=6)
    Tag.objects.filter(pk=3).update(name="Captured")
    parent = git("rev-parse", "main")
    ok("commit", "--branch=captured", "-m", "Captured")
    assert git("rev-parse", "captured^") == parent
    assert git("diff", "--name-only", "main", "captured").split() == [
        "hours/bakery.opening/0/0/1.json",
        "shop/bakery.tag/0/0/3.json",
    ]


def test_a_capture_does_not_overwrite_a_dump_that_was_never_applied(
    databases: tuple[str, str], ok: Ok, run: Run, git: Ok
) -> None:
    fill()
    ok("init")
    ok("commit", "-m", "All")
    ok("checkout", "main", "shop", "--apply", "--yes", "--database=other")
    Opening.objects.using("other").create(pk=9, weekday=1, opens="06:00", closes="07:00")
    said = run("commit", "--branch=captured", "-m", "Captured", "--database=other")
    assert said.code == 3, said
    assert "hours" in said.err
    ok("commit", "hours", "--branch=captured", "-m", "Captured", "--database=other")


def test_the_applied_commit_is_missing(
    committed: None, ok: Ok, git: Ok, run: Run, repository_path: Path, tmp_path: Path
) -> None:
    """A shallow clone has the branch, and not what the database is at."""
    Tag.objects.filter(pk=3).update(name="Bio")
    ok("commit", "-m", "Bio")
    Tag.objects.filter(pk=12).update(name="Plants")
    ok("commit", "-m", "Plants")
    ok("checkout", "main~2", "--apply", "--yes")
    Tag.objects.filter(pk=20).update(name="Edited")
    before = raw.snapshot()
    repository_path.rename(tmp_path / "origin")
    subprocess.run(
        ["git", "clone", "-q", "--depth=1", f"file://{tmp_path}/origin", repository_path],
        check=True,
    )
    tip = git("rev-parse", "main")
    for words in (
        ("commit", "-m", "x"),
        ("commit", "-m", "x", "--branch=new"),
        ("checkout", "main", "--apply", "--yes"),
        ("checkout", "main", "--apply", "--yes", "--force"),
    ):
        said = run(*words)
        assert said.code in (1, 2, 3), (words, said)
        assert "fetch --unshallow" in said.err, (words, said.err)
        assert "damaged" not in said.err, (words, said.err)
    assert "fetch --unshallow" in ok("status")
    assert raw.snapshot() == before
    assert git("for-each-ref", "--format=%(objectname)", "refs/heads") == tip


def test_an_older_backup_of_the_database(committed: None, ok: Ok, git: Ok, run: Run) -> None:
    """Its ledger is as old as its content."""
    from contentgit.models import AppliedCommit

    first = git("rev-parse", "main")
    Tag.objects.filter(pk=3).update(name="Bio")
    ok("commit", "-m", "Bio")
    Tag.objects.filter(pk=3).update(name="Organic")
    AppliedCommit.objects.exclude(commit=first).delete()
    assert "clean" in ok("status")
    assert run("commit", "-m", "x").code == 3
    Tag.objects.filter(pk=12).update(name="Edited")
    assert run("commit", "-m", "x").code == 3
    assert run("checkout", "main", "--apply", "--yes").code == 3
    ok("commit", "--branch=captured", "-m", "Edited")
    ok("checkout", "main", "--apply", "--yes")
    assert Tag.objects.get(pk=3).name == "Bio"
    assert '"Edited"' in git("show", "captured:shop/bakery.tag/0/0/12.json")
    assert "clean" in ok("status")


def test_the_branch_was_rewound_or_deleted(committed: None, ok: Ok, git: Ok, run: Run) -> None:
    first = git("rev-parse", "main")
    Tag.objects.filter(pk=3).update(name="Bio")
    ok("commit", "-m", "Bio")
    second = git("rev-parse", "main")
    git("reset", "-q", "--hard", first)
    assert "clean" in ok("status")
    Tag.objects.filter(pk=12).update(name="Edited")
    assert run("commit", "-m", "x").code == 3
    assert git("rev-parse", "main") == first
    ok("commit", "shop", "--branch=new", "-m", "x")
    assert git("rev-parse", "new^") == second
    ok("checkout", "new", "--apply", "--yes")
    git("branch", "-q", "-D", "main")
    assert "clean" in ok("status")
    Tag.objects.filter(pk=12).update(name="Again")
    ok("commit", "-m", "On new")
    assert git("log", "--format=%s", "new").splitlines()[:2] == ["On new", "x"]


def test_a_new_branch_at_an_older_commit_leaves_the_database(
    committed: None, ok: Ok, git: Ok, run: Run
) -> None:
    """Each way on that the refusal names works."""
    Tag.objects.filter(pk=3).update(name="Bio")
    ok("commit", "shop", "-m", "Bio")
    tip = git("rev-parse", "main")
    said = ok("checkout", "-b", "old", "main~1")
    assert said.splitlines()[1].startswith("The database has not changed. To apply the branch: ")
    assert "not touched" not in ok("checkout", "-b", "here")
    ok("checkout", "-b", "older", "main~1")
    Tag.objects.filter(pk=12).update(name="Plants")
    said = run("commit", "-m", "Plants")
    assert said.code == 3
    first, commit, *hints = said.err.splitlines()
    assert first.startswith("refused: branch older is behind database 'default': it lacks 1 commit")
    assert tip[:10] in commit
    assert [hint.split()[2] for hint in hints] == ["merge", "checkout", "commit"]
    ok("checkout", "older", "shop", "--apply", "--merge", "--yes")
    assert [*Tag.objects.filter(pk__in=[3, 12]).values_list("name", flat=True)] != ["Bio", "Plants"]
    ok("merge", tip[:10])
    assert git("rev-parse", "older") == tip


def test_head_is_detached_or_unborn(committed: None, ok: Ok, git: Ok, run: Run) -> None:
    tip = git("rev-parse", "main")
    git("checkout", "-q", "--detach")
    Tag.objects.filter(pk=3).update(name="Bio")
    said = run("commit", "-m", "x")
    assert said.code == 2
    assert "--branch" in said.err
    ok("commit", "--branch=new", "-m", "x")
    assert git("rev-parse", "new^") == tip
    git("symbolic-ref", "HEAD", "refs/heads/unborn")
    ok("commit", "-m", "Root")
    assert git("rev-list", "--count", "unborn") == "1"
    assert git("rev-parse", "unborn:shop") == git("rev-parse", "new:shop")
    assert "clean" in ok("status")


def test_a_new_branch_that_exists(committed: None, ok: Ok, git: Ok, run: Run) -> None:
    ok("branch", "taken")
    tip = git("rev-parse", "taken")
    Tag.objects.filter(pk=3).update(name="Bio")
    assert run("commit", "--branch=taken", "-m", "x").code == 2
    assert run("commit", "--branch=taken/below", "-m", "x").code in (1, 2)
    assert git("for-each-ref", "--format=%(refname) %(objectname)", "refs/heads").splitlines() == [
        f"refs/heads/main {tip}",
        f"refs/heads/taken {tip}",
    ]
    assert ledger.pending("default") == []
    assert {row.commit for row in ledger.applied("default").values()} == {tip}


def test_rolled_back_with_edits_in_the_worktree(
    committed: None, ok: Ok, git: Ok, repository_path: Path
) -> None:
    first, before = git("rev-parse", "main"), raw.snapshot()
    Product._base_manager.filter(pk=41).delete()
    Tag.objects.filter(pk=3).update(name="Bio")
    ok("commit", "-m", "Bio")
    git("branch", "old", first)
    tip = git("rev-parse", "main")
    file = repository_path / "shop/bakery.tag/0/0/3.json"
    file.write_text("edited by hand\n")
    out = ok("checkout", "old", "--apply", "--yes")
    assert "HEAD does not move" in out
    assert raw.snapshot() == before
    assert "clean" in ok("status")
    assert git("rev-parse", "main") == tip
    assert git("rev-parse", "old") == first
    assert file.read_text() == "edited by hand\n"


def test_head_is_not_moved_to_a_branch_that_multiplies_its_folders(
    committed: None, ok: Ok, git: Ok, repository_path: Path
) -> None:
    objects = Objects(repository_path / ".git")
    folder = objects.write_tree({b"a": (b"100644", objects.write("blob", b""))})
    for _ in range(9):
        folder = objects.write_tree({b"%d" % each: (b"40000", folder) for each in range(10)})
    tree = {**read_tree(repository_path, "main"), b".docs": (b"40000", folder)}
    tip = git("commit-tree", "-p", "main", "-m", "Docs", objects.write_tree(tree))
    git("branch", "wide", tip)
    assert "HEAD does not move: '.docs/" in ok("checkout", "wide", "--apply", "--yes")
    assert git("symbolic-ref", "HEAD") == "refs/heads/main"
    assert {row.commit for row in ledger.applied("default").values()} == {tip}


@pytest.mark.parametrize("held", ["noise", "", "ref: refs/heads/main", "f" * 40])
def test_the_ref_of_heads_branch_is_broken(
    committed: None, ok: Ok, git: Ok, run: Run, repository_path: Path, held: str
) -> None:
    """Called what it is: HEAD is neither detached nor without a commit; and what is said works."""
    tip = git("rev-parse", "main")
    git("branch", "other")
    (repository_path / ".git/refs/heads/main").write_text(f"{held}\n")
    Tag.objects.filter(pk=3).update(name="Bio")
    calls = (["status"], ["commit", "-m", "x"], ["merge", "other"], ["update"], ["log"], ["check"])
    for words in calls:
        said = run(*words)
        assert said.code == 1, words
        assert ("branch 'main': " if len(held) == 40 else "refs/heads/main is broken: ") in said.err
        assert "detached" not in said.err
        assert tip in said.err
    assert ok("branch", "--show-current") == "main\n"
    assert "tag:3" in ok("diff").replace("bakery.", "")
    for line in run("status", "--json").json["hint"].splitlines():
        command = line.partition("  (")[0]
        if command.startswith("contentgit branch"):
            ok("branch", *command.split()[-2:])
        elif command.startswith(("rm ", "git -C")) and "fsck" not in command:
            subprocess.run(command, shell=True, check=True)
    assert git("rev-parse", "main") == tip
    ok("commit", "-m", "Bio")
    assert git("rev-parse", "main^") == tip
