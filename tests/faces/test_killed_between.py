"""A commit is killed (SIGKILL) between branch and worktree: every verb sees it and brings the files along."""

from __future__ import annotations

import os
import shutil
import signal
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest
from django.db import connections

from tests.bakery.content import fill
from tests.bakery.models import Tag
from tests.verbs.conftest import Run

# A worker of pytest-xdist has a second thread, which holds no lock that a child needs.
pytestmark = pytest.mark.filterwarnings("ignore:This process .*multi-threaded:DeprecationWarning")
Ok = Callable[..., str]
VERBS = (
    ["status"],
    ["log"],
    ["diff", "main~1", "main"],
    ["commit", "-m", "Next"],
    ["checkout", "main"],
    ["merge", "main~1"],
    ["check", "--no-code"],
    ["branch"],
)


def kill_behind_the_branch(words: list[str]) -> None:
    """Runs the call in a process that is killed at the first step after the branch has moved."""
    from contentgit.cli.main import main

    connections.close_all()  # a child must not share the parent's connections
    child = os.fork()
    if not child:
        moved: list[bool] = []

        def watch(event: str, arguments: tuple[object, ...]) -> None:
            if event != "subprocess.Popen":
                return
            if moved:
                os.kill(os.getpid(), signal.SIGKILL)
            if "update-ref" in list(arguments[1]):  # type: ignore[call-overload]
                moved.append(True)

        sys.addaudithook(watch)
        main(words)
        os._exit(1)
    _, status = os.waitpid(child, 0)
    assert os.WIFSIGNALED(status)


def changed_files(place: Path) -> str:
    done = subprocess.run(
        ["git", "-C", place, "status", "--porcelain"], capture_output=True, text=True, check=True
    )
    return done.stdout


@pytest.fixture
def killed(db: str, ok: Ok, git: Ok, repository_path: Path) -> str:
    """The commit that the branch is at, and its worktree is not."""
    fill()
    ok("init")
    ok("commit", "-m", "The whole shop")
    old = git("rev-parse", "main")
    Tag.objects.filter(pk=12).update(name="Edited")
    kill_behind_the_branch(["commit", f"--repository={repository_path}", "-m", "Killed"])
    assert git("rev-parse", "main~1") == old
    assert git("status", "--porcelain").startswith("M  ") or "12.json" in git("diff", "HEAD")
    return git("rev-parse", "main")


def test_every_verb_brings_the_files_along(
    killed: str, run: Run, repository_path: Path, tmp_path: Path
) -> None:
    for number, words in enumerate(VERBS):
        place = tmp_path / str(number)
        shutil.copytree(repository_path, place, symlinks=True)
        assert changed_files(place)
        said = run(words[0], f"--repository={place}", *words[1:])
        assert said.code == 0, said.err
        assert f"had moved branch main to {killed[:10]} and not its worktree" in said.err
        assert changed_files(place) == "", words
        assert not list((place / ".git/contentgit").glob("moving*"))


def test_a_file_that_was_edited_meanwhile_stays(
    killed: str, run: Run, git: Ok, repository_path: Path
) -> None:
    path = repository_path / "shop/bakery.tag/0/0/12.json"
    path.write_text(path.read_text().replace("}", ' "mine": 1}'))
    mine = path.read_text()
    said = run("status")
    assert "left alone in" in said.err
    assert path.read_text() == mine
    assert git("status", "--porcelain") == " M shop/bakery.tag/0/0/12.json"


def test_a_lock_that_a_killed_git_left_is_named(
    killed: str, run: Run, git: Ok, repository_path: Path
) -> None:
    lock = repository_path / ".git/index.lock"
    lock.touch()
    os.utime(lock, (1, 1))
    said = run("log")
    assert f"not written in {repository_path}: shop/bakery.tag/0/0/12.json\n" in said.err
    assert f"  rm {lock}  (removes the lock" in said.err
    assert "brought along now" not in said.err
    said = run("status")
    assert said.code == 0
    assert f"rm {lock}  (removes its lock, if no git runs there)" in said.out
    assert run("status", "--json").json["locks"] == [str(lock)]
    lock.unlink()
    assert "index.lock" not in run("status").out
    assert git("status", "--porcelain") == ""
