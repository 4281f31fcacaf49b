"""``gc`` beside a call that stands still at any of its git processes: the call goes on as if nothing were."""

from __future__ import annotations

import fcntl
import os
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path
from subprocess import PIPE

import pytest
from django.db import connections

from tests.bakery.content import fill
from tests.bakery.models import Tag
from tests.verbs.conftest import Run

# A worker of pytest-xdist has a second thread, which holds no lock that a child needs.
pytestmark = pytest.mark.filterwarnings("ignore:This process .*multi-threaded:DeprecationWarning")
Ok = Callable[..., str]


def stopped(words: list[str], step: int, verb: str = "") -> int:
    """A process with the call that stands still before its ``step``-th git process; 0 if it has fewer.

    Of a ``verb`` only these are counted.
    """
    from contentgit.cli.main import main

    connections.close_all()  # a child must not share the parent's connections
    child = os.fork()
    if not child:
        left = [step]

        def count(event: str, arguments: tuple[object, ...]) -> None:
            if event == "subprocess.Popen" and (not verb or verb in list(arguments[1])):  # type: ignore[call-overload]
                left[0] -= 1
                if left[0] == 0:
                    os.kill(os.getpid(), signal.SIGSTOP)

        sys.addaudithook(count)
        os._exit(main(words))
    _, status = os.waitpid(child, os.WUNTRACED)
    if os.WIFSTOPPED(status):
        return child
    assert os.WEXITSTATUS(status) == 0
    return 0


def went_on(child: int) -> int:
    """The exit code of the process, let go on."""
    os.kill(child, signal.SIGCONT)
    _, status = os.waitpid(child, 0)
    return os.waitstatus_to_exitcode(status)


def age(path: Path) -> None:
    """Lets all objects be of a time from which git keeps nothing that no ref reaches."""
    for each in (path / ".git" / "objects").rglob("*"):
        if each.is_file():
            os.utime(each, (10**9, 10**9))


@pytest.fixture
def first(db: str, ok: Ok, git: Ok) -> str:
    """The commit of main, which the database is at; summer has a row more."""
    fill()
    ok("init")
    ok("commit", "-m", "The whole shop")
    ok("checkout", "-b", "summer")
    Tag.objects.create(pk=77, name="Nuts", slug="nuts")
    ok("commit", "-m", "Nuts")
    ok("checkout", "main", "--apply", "--yes")
    return git("rev-parse", "main")


@pytest.mark.parametrize(
    "words",
    [
        ["commit", "-m", "Edited"],
        ["checkout", "summer", "--apply", "--yes", "--force"],
        ["checkout", "summer", "--apply", "--yes", "--merge"],
        ["merge", "summer", "--no-ff"],
    ],
    ids=" ".join,
)
def test_a_call_goes_on(
    first: str, words: list[str], run: Run, ok: Ok, git: Ok, repository_path: Path
) -> None:
    call = [words[0], f"--repository={repository_path}", *words[1:]]
    step, child = 1, 1
    while child:
        git("checkout", "-q", "-f", "-B", "main", first)
        ok("checkout", "main", "--apply", "--yes", "--force")
        Tag.objects.filter(pk=12).update(name="Edited")
        for ref in git("for-each-ref", "--format=%(refname)", "refs/contentgit/backup").split():
            git("update-ref", "-d", ref)
        git("reflog", "expire", "--expire=now", "--all")
        age(repository_path)
        child = stopped(call, step)
        if child:
            said = run("gc")
            assert said.code == 0 or "another contentgit is at work in" in said.err
            assert went_on(child) == 0, step
        assert git("fsck", "--strict", "--no-dangling") == "", step
        assert run("status").code == 0
        step += 3
    assert step > 8


def test_objects_of_a_killed_commit_that_one_like_it_takes(
    first: str, run: Run, ok: Ok, git: Ok, repository_path: Path
) -> None:
    """git does not write again what is there, and keeps nothing that is old."""
    Tag.objects.filter(pk=12).update(name="Edited")
    call = ["commit", f"--repository={repository_path}", "-m", "Edited"]
    killed = stopped(call, 1, "commit-tree")
    os.kill(killed, signal.SIGKILL)
    os.waitpid(killed, 0)
    age(repository_path)
    child = stopped(call, 1, "commit-tree")
    said = run("gc")
    assert said.code == 3
    assert f"another contentgit is at work in {repository_path}, and gc could" in said.err
    assert went_on(child) == 0
    assert git("fsck", "--strict", "--no-dangling") == ""
    assert run("status").code == 0


def test_objects_of_a_killed_merge_that_one_like_it_takes(
    first: str, run: Run, git: Ok, repository_path: Path
) -> None:
    """As for a commit: a merge needs no project, and so opens the repository by itself."""
    call = ["merge", f"--repository={repository_path}", "summer", "--no-ff"]
    killed = stopped(call, 1, "commit-tree")
    os.kill(killed, signal.SIGKILL)
    os.waitpid(killed, 0)
    age(repository_path)
    child = stopped(call, 1, "commit-tree")
    assert run("gc").code == 3
    assert went_on(child) == 0
    assert git("fsck", "--strict", "--no-dangling") == ""


def test_a_call_waits_for_gc(first: str, repository_path: Path) -> None:
    gc = stopped(["gc", f"--repository={repository_path}"], 1, "gc")
    command = [sys.executable, "-m", "contentgit", "log", f"--repository={repository_path}"]
    with subprocess.Popen(command, text=True, stdout=PIPE, stderr=PIPE) as log:
        assert log.stderr
        assert log.stdout
        waits = f"waiting for contentgit gc in {repository_path}\n"
        assert log.stderr.readline() == waits
        assert went_on(gc) == 0
        assert "The whole shop" in log.stdout.read()
    assert log.returncode == 0


def test_a_call_does_not_wait_for_ever(
    first: str, run: Run, repository_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("contentgit.git.housekeeping.GC_WAIT", 0.2)
    objects = repository_path / ".git" / "objects"
    descriptor = os.open(objects, os.O_RDONLY)
    fcntl.flock(descriptor, fcntl.LOCK_EX)
    try:
        said = run("log")
    finally:
        os.close(descriptor)
    assert said.code == 3
    assert f"refused: contentgit gc is at work in {repository_path}, or another process" in said.err
    assert f"fuser -v {objects}" in said.err
    assert run("log").code == 0


@pytest.fixture
def git_gc(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Callable[[str], Path]:
    """Lets git's gc write its process id to a file, do something, and wait for a file ``goes-on``."""

    def git_gc(does: str) -> Path:
        started, slow = tmp_path / "started", tmp_path / "bin" / "git"
        slow.parent.mkdir()
        slow.write_text(
            f'#!/bin/sh\ncase " $* " in *" gc "*)\n  {does}; echo $$ >{started}.new\n'
            f"  mv {started}.new {started}\n"
            f"  while [ ! -e {tmp_path}/goes-on ]; do sleep 0.1; done\n"
            f'esac\nexec {shutil.which("git")} "$@"\n'
        )
        slow.chmod(0o755)
        monkeypatch.setenv("PATH", f"{slow.parent}:{os.environ['PATH']}")
        return started

    return git_gc


def killed_beside_git(repository_path: Path, started: Path) -> int:
    """The process of git's gc, once ``contentgit gc`` was killed."""
    command = [sys.executable, "-m", "contentgit", "gc", f"--repository={repository_path}"]
    gc = subprocess.Popen(command)
    while not started.exists():
        assert gc.poll() is None
        time.sleep(0.05)
    gc.kill()
    gc.wait()
    return int(started.read_text())


@pytest.mark.skipif(not shutil.which("setpriv"), reason="the system cannot end a child with us")
def test_git_ends_where_gc_is_killed(
    first: str, repository_path: Path, git_gc: Callable[[str], Path]
) -> None:
    process = killed_beside_git(repository_path, git_gc("true"))
    ends = time.monotonic() + 30
    with pytest.raises(ProcessLookupError):  # noqa: PT012
        while time.monotonic() < ends:
            os.kill(process, 0)
            time.sleep(0.05)


def test_the_lock_lasts_as_long_as_git_where_gc_is_killed(
    first: str, repository_path: Path, tmp_path: Path, git_gc: Callable[[str], Path]
) -> None:
    """git removes what a commit might take."""
    killed_beside_git(repository_path, git_gc("trap '' TERM"))
    descriptor = os.open(repository_path / ".git" / "objects", os.O_RDONLY)
    with pytest.raises(BlockingIOError):
        fcntl.flock(descriptor, fcntl.LOCK_SH | fcntl.LOCK_NB)
    (tmp_path / "goes-on").touch()
    fcntl.flock(descriptor, fcntl.LOCK_SH)
    os.close(descriptor)


def test_a_commit_that_an_old_backup_alone_keeps(
    first: str, run: Run, ok: Ok, git: Ok, repository_path: Path
) -> None:
    """Its ref goes while it is being applied."""
    old = "refs/contentgit/backup/test/20200102T030405.000000"
    for step in (4, 7, 10):
        other = git("commit-tree", "-m", f"Old {step}", "-p", first, "summer^{tree}")
        git("update-ref", old, other)
        age(repository_path)
        words = ["checkout", f"--repository={repository_path}", other, "--apply", "--yes"]
        child = stopped(words, step)
        assert child, step
        said = run("gc")
        code = went_on(child)
        assert (said.code, code) == (3, 0), (step, said)
        assert run("status").code == 0
        ok("checkout", "main", "--apply", "--yes", "--force")
