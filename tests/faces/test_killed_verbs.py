"""Verbs that write to a repository alone, killed (SIGKILL) before a step: called again, all is as without it.

A step is a process started, or a file renamed or removed. The suite takes every seventh;
``CONTENTGIT_TEST_EVERY=1`` takes each.
"""

from __future__ import annotations

import os
import shutil
from collections.abc import Sequence
from pathlib import Path

import pytest

from contentgit.git import Repository
from tests.fuzz import judge
from tests.git.content import Site
from tests.git.plain import files, git
from tests.git.test_tree_merge import START
from tests.kills.killing import count_down

# A worker of pytest-xdist has a second thread, which holds no lock that a child needs.
pytestmark = pytest.mark.filterwarnings("ignore:This process .*multi-threaded:DeprecationWarning")
EVERY = int(os.environ.get("CONTENTGIT_TEST_EVERY") or "7")
CALLS = (
    ["init"],
    ["init", "--ci", "github"],
    ["setup-git"],
    ["setup-git", "--remove"],
    ["branch", "autumn", "main~1"],
    ["branch", "-D", "summer"],
    ["tag", "v2", "-m", "Two"],
    ["tag", "-d", "v1"],
    ["fetch", "origin"],
    ["push", "origin", "summer"],
)


@pytest.fixture
def place(tmp_path: Path) -> Path:
    """A folder with a repository, its origin, which has other commits, and one that is to be made."""
    place = tmp_path / "place"
    site = Site(Repository.init(place / "content"), START)
    first = site.commit("main", {"site.tag:1": {"name": "eins"}})
    git(place, "clone", "-q", "--bare", "content", "origin")
    site.commit("summer", {"site.page:1": {"title": "Summer"}})
    site.commit("main", {"site.tag:2": {"name": "zwei"}})
    site.repository.worktrees.bring_along("main", None, site.repository.refs.resolve("main"))
    git(place / "content", "tag", "v1")
    git(place / "content", "remote", "add", "origin", "../origin")
    other = site.repository.writer.write_tree(first, [("pages/note.txt", b"theirs\n")])
    theirs = site.repository.writer.commit_tree(other, [first], "Theirs\n")
    git(place / "content", "push", "-q", "origin", f"{theirs}:refs/heads/main")
    git(place / "content", "update-ref", "-d", "refs/remotes/origin/main")
    return place


def words(call: Sequence[str], place: Path) -> list[str]:
    if call[0] == "init":
        return [*call, str(place / ("content" if "--ci" in call else "fresh"))]
    return [call[0], f"--repository={place / 'content'}", *call[1:]]


def found(place: Path) -> dict[str, object]:
    """Refs by what they hold, configuration, files, and what lies in git's folders that should not.

    Temporary files of a killed call are for ``gc``.
    """
    there: dict[str, object] = {}
    for name in ("content", "origin", "fresh"):
        folder = place / name
        if folder.exists():
            form = "--format=%(refname) %(tree) %(subject) %(*tree)"
            own = folder / ".git" if (folder / ".git").exists() else folder
            odd = [p for p in own.rglob("*") if p.suffix in (".lock", ".json")]
            info = [p for p in (own / "info").iterdir() if not p.name.startswith("contentgit-")]
            there[name] = (
                git(folder, "for-each-ref", form),
                sorted(git(folder, "config", "--local", "--list").splitlines()),
                sorted((p.name, p.read_bytes()) for p in info),
                odd,
            )
            if own != folder:
                there[f"files of {name}"] = (git(folder, "status", "--porcelain"), files(folder))
    return there


@pytest.mark.parametrize("call", CALLS, ids=" ".join)
def test_called_again_all_is_as_without_the_kill(call: list[str], place: Path) -> None:
    def begin(name: str) -> Path:
        copy = place.parent / name
        shutil.copytree(place, copy, symlinks=True)
        return copy

    if "--remove" in call:
        assert judge.call(words(["setup-git"], place), place).code == 0
    whole = begin("whole")
    assert judge.call(words(call, whole), whole).code == 0
    expected = found(whole)
    assert expected != found(place)
    step, killed = 1, True
    while killed:
        copy = begin(f"killed-{step}")

        def program(each: Sequence[str]) -> int:
            count_down(step)  # noqa: B023
            return judge.contentgit(each)

        killed = judge.call(words(call, copy), copy, program).code == -9
        if killed:
            ended = judge.call(words(call, copy), copy)
            assert not judge.faults(ended, call)
            # A branch or a tag that is there, or gone, is said to be so.
            assert ended.code == 0 or (ended.code == 2 and call[0] in ("branch", "tag")), ended.err
        assert found(copy) == expected
        shutil.rmtree(copy)
        step += EVERY
    assert step > 3, "the call has hardly any steps: are they counted?"
