"""Killed (SIGKILL) between branch and worktree, or on the way to another branch: the next verb sees it."""

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

from tests.bakery.models import Tag
from tests.verbs.conftest import Run

# A worker of pytest-xdist has a second thread, which holds no lock that a child needs.
pytestmark = pytest.mark.filterwarnings("ignore:This process .*multi-threaded:DeprecationWarning")
Ok = Callable[..., str]
ROOT = Path(__file__).parents[2]
OTHER = "--database=other"
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
def killed(committed: None, ok: Ok, git: Ok, repository_path: Path) -> str:
    """The commit that the branch is at, and its worktree is not."""
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
        assert f"had moved branch main to {killed[:10]} but not its worktree" in said.err
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
    assert "has been updated now" not in said.err
    said = run("status")
    assert said.code == 0
    assert f"rm {lock}  (removes its lock, if no git runs there)" in said.out
    assert run("status", "--json").json["locks"] == [str(lock)]
    lock.unlink()
    assert "index.lock" not in run("status").out
    assert git("status", "--porcelain") == ""


@pytest.fixture
def half_way(twins: None, ok: Ok, git: Ok, repository_path: Path) -> Path:
    """A repository whose worktree was going to branch summer for an apply when all was killed; git's lock."""
    ok("checkout", "-b", "summer")
    Tag.objects.filter(pk=12).update(name="Edited")
    Tag.objects.create(pk=77, name="Nuts", slug="nuts")
    ok("commit", "-m", "Summer")
    git("checkout", "-q", "main")
    lock = repository_path / ".git/index.lock"
    attributes = repository_path / ".git/info/attributes"
    attributes.write_text("77.json filter=killing\n")
    killing = 'kill -9 $(cut -d" " -f4 /proc/$PPID/stat) $PPID'
    git("config", "filter.killing.smudge", killing)
    words = ["checkout", f"--repository={repository_path}", "summer", "--apply", "--yes", OTHER]
    settings = {"DJANGO_SETTINGS_MODULE": "tests.settings", "PYTHONPATH": str(ROOT)}
    command = [sys.executable, "-m", "contentgit", *words]
    done = subprocess.run(
        command, env=os.environ | settings, cwd=repository_path.parent, check=False
    )
    assert done.returncode == -signal.SIGKILL
    attributes.unlink()
    assert git("symbolic-ref", "--short", "HEAD") == "main"
    assert changed_files(repository_path) == " M shop/bakery.tag/0/0/12.json\n"
    return lock


def test_killed_on_the_way_to_another_branch(
    half_way: Path, run: Run, ok: Ok, git: Ok, repository_path: Path
) -> None:
    killed = f"an earlier contentgit was bringing the worktree {repository_path} to branch summer"
    said = run("status", OTHER)
    assert (said.code, killed in said.err, "put back to HEAD" in said.err) == (0, True, False)
    assert f"rm {half_way}  (removes its lock, if no git runs there)" in said.out
    half_way.unlink()
    said = run("status", OTHER)
    assert f"{killed}; it has been put back to HEAD\n" in said.err
    assert f"  git -C {repository_path} checkout summer  (brings it there)\n" in said.err
    assert changed_files(repository_path) == ""
    assert git("symbolic-ref", "--short", "HEAD") == "main"
    # The database has gone there, and the call made again brings HEAD there.
    assert "clean" in said.out
    assert Tag.objects.using("other").get(pk=77).name == "Nuts"
    assert "HEAD is at branch summer" in ok("checkout", "summer", "--apply", "--yes", OTHER)
    assert changed_files(repository_path) == ""
    assert "an earlier contentgit" not in run("status", OTHER).err


def test_a_lock_keeps_head_where_it_is(
    half_way: Path, ok: Ok, git: Ok, repository_path: Path
) -> None:
    """The database has committed already: that is no failure of the apply."""
    said = ok("checkout", "summer", "--apply", "--yes", OTHER)
    assert f"HEAD does not move: another git process is writing to {repository_path}" in said
    assert f"  rm {half_way}  (removes the lock, if no git runs there)\n" in said
    half_way.unlink()
    assert "HEAD is at branch summer" in ok("checkout", "summer", "--apply", "--yes", OTHER)
    assert changed_files(repository_path) == ""
