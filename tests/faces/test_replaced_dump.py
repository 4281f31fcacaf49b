"""Something else stands where a dump had its folder: in a commit, or in the worktree."""

from __future__ import annotations

import shutil
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.bakery.models import Product, Tag
from tests.fuzz.objects import Objects, Tree, read_tree
from tests.verbs.conftest import Run

Ok = Callable[..., str]
FILE, LINK, SUBMODULE = b"100644", b"120000", b"160000"
SHOP = "'shop' in "


@pytest.fixture
def committed(committed: None, git: Ok) -> str:
    return git("rev-parse", "main")


@pytest.fixture
def branch(committed: str, git: Ok, repository_path: Path) -> Callable[[Tree, str], str]:
    """Makes a branch whose commit on top of main has other entries at the top."""

    def make(entries: Tree, name: str = "other") -> str:
        objects = Objects(repository_path / ".git")
        tree = objects.write_tree({**read_tree(repository_path, "main"), **entries})
        tip = git("commit-tree", "-p", "main", "-m", "Replace", tree)
        git("branch", name, tip)
        return tip

    return make


Branch = Callable[..., str]


def blob(repository_path: Path, data: bytes = b"..") -> str:
    return Objects(repository_path / ".git").write("blob", data)


@pytest.mark.parametrize(
    ("mode", "what"), [(FILE, "a file"), (LINK, "a symbolic link"), (SUBMODULE, "a submodule")]
)
def test_a_commit_is_refused_by_the_path(
    committed: str, branch: Branch, run: Run, git: Ok, repository_path: Path, mode: bytes, what: str
) -> None:
    found = committed if mode == SUBMODULE else blob(repository_path)
    tip = branch({b"shop": (mode, found)})
    Tag.objects.filter(pk=3).update(name="Bio")
    run("commit", "-m", "Bio")
    calls = [
        "diff main other", "diff other main", "diff other", "show other", "checkout other",
        "checkout other shop", "checkout other --apply --yes --force", "merge other", "revert other",
    ]  # fmt: skip
    for words in calls:
        said = run(*words.split())
        assert said.code == 1, words
        assert SHOP in said.err, words
        assert f" is {what}, where a folder is expected" in said.err, words
    assert "cannot be shown: 'shop' in " in run("log", "-p", "other").out
    for words in ("check other", "check other --no-code", "check main..other --no-code"):
        said = run(*words.split())
        assert said.code == 1, words
        assert said.out.count(f"error    odd-mode  is {what}, and a dump is a folder") == 1
        assert "shop has no dump" not in said.out
    assert run("checkout", "other", "hours").code == 0
    git("symbolic-ref", "HEAD", "refs/heads/other")
    Tag.objects.filter(pk=3).update(name="Organic")
    for words in ("commit -m x", "commit shop -m x", "update --dry-run", "merge main"):
        said = run(*words.split())
        assert (said.code, SHOP in said.err) == (1, True), words
    edited = run("status", "--json").json["edited_files"]
    assert any(path.startswith("shop") for path in edited)
    assert git("rev-parse", "other") == tip


def test_check_knows_the_range_and_the_code(
    committed: str, branch: Branch, run: Run, git: Ok, repository_path: Path
) -> None:
    """Two commits later no parent shows it."""
    first = branch({b"shop": (FILE, blob(repository_path))}, "first")
    tree = git("rev-parse", "first^{tree}")
    git("branch", "second", git("commit-tree", "-p", first, "-m", "Go on", tree))
    assert run("check", "second", "--no-code").code == 0
    for words in ("check main..second --no-code", "check second"):
        assert "odd-mode  is a file" in run(*words.split()).out
    branch({b"categories": (LINK, blob(repository_path))}, "third")
    assert run("check", "third", "--no-code").code == 0
    said = run("check", "third").out
    assert "odd-mode  is a symbolic link" in said
    assert "dataset categories has no dump" not in said


def test_what_is_no_dump_may_become_what_it_likes(
    committed: str, branch: Branch, ok: Ok, git: Ok, repository_path: Path
) -> None:
    note = (FILE, blob(repository_path, b"x"))
    branch({b"notes": note}, "file")
    git("reset", "-q", "--hard", "file")
    branch({b"notes": {b"a.txt": note}}, "folder")
    ok("check", "folder..file", "--no-code")
    Product._base_manager.filter(pk=42).update(name="Loaf")
    ok("commit", "-m", "Loaf")
    ok("merge", "folder")
    assert git("show", "main:notes/a.txt") == "x"


@pytest.mark.parametrize("what", ["link", "file", "repository"])
def test_a_folder_of_the_worktree(
    committed: str, ok: Ok, run: Run, git: Ok, repository_path: Path, tmp_path: Path, what: str
) -> None:
    folder, outside = repository_path / "shop", tmp_path / "outside"
    if what == "repository":
        git("init", "-q", str(folder))
    elif what == "link":
        shutil.move(folder, outside)
        folder.symlink_to(outside)
    else:
        shutil.rmtree(folder)
        folder.write_text("mine")
    edited = run("status", "--json").json["edited_files"]
    assert bool(edited) == (what != "repository")
    Tag.objects.filter(pk=3).update(name="Bio")
    path = "bakery.tag/0/0/3.json"
    said = run("commit", "-m", "Bio")
    assert said.code == 0
    assert "Bio" in git("show", f"main:shop/{path}")
    if what == "repository":
        assert "Bio" in (folder / path).read_text()
        return
    assert f"shop/{path}" in said.out + said.err
    if what == "link":
        assert folder.is_symlink()
        assert "Bio" not in (outside / path).read_text()
    else:
        assert folder.read_text() == "mine"
    git("branch", "old", "main~1")
    said = run("checkout", "old", "--apply", "--yes", "--force")
    assert said.code == 0
    if what == "file":
        assert "HEAD does not move" in said.out
        assert folder.read_text() == "mine"
    else:
        assert "Bio" not in (outside / path).read_text()
