"""git processes end with the process that started them, however that one ends."""

from __future__ import annotations

import os
import shutil
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from contentgit.git import Repository
from tests.git.conftest import ONE, THREE, Commits
from tests.git.plain import git

SECONDS = 20
needs_proc = pytest.mark.skipif(not Path("/proc/self/stat").exists(), reason="looks into /proc")

CALLS = {
    "cat-file": "repository.history.commit(tip); wait()",
    "blobs": "ids = [repository.trees.entry(tip, path)] * 10000; "
    "blobs = repository.objects.blobs(ids); next(blobs); wait()",
    "rev-list": "log = repository.history.log('main'); next(log); wait()",
    "fast-import": "repository.writer.write_tree(None, [('a', b'a'), ('b', Waiting())])",
    "fetch": "wait(ready=False); repository.remotes.fetch('slow')",
    "push": "wait(ready=False); repository.remotes.push('slow', ['main'])",
}
PROGRAM = """
import signal, sys, threading
from pathlib import Path
from contentgit.git import Repository

signal.signal(signal.SIGINT, signal.default_int_handler)  # a job in the background ignores it

def wait(ready=True):
    print("ready", flush=True)
    if ready:
        threading.Event().wait()

class Waiting(bytes):
    def __len__(self):
        wait()

path = {path!r}
repository = Repository.open(Path(sys.argv[1]))
tip = repository.refs.resolve("main")
{call}
"""


@pytest.fixture
def slow(filled: Repository, tmp_path: Path) -> Repository:
    """A repository with a remote that never answers."""
    script = tmp_path / "slow"
    script.write_text("#!/bin/sh\ncat > /dev/null\n")
    script.chmod(0o755)
    other = tmp_path / "other"
    git(tmp_path, "init", "--quiet", "--bare", str(other))
    git(filled.path, "remote", "add", "slow", str(other))
    git(filled.path, "config", "remote.slow.uploadpack", str(script))
    git(filled.path, "config", "remote.slow.receivepack", str(script))
    return filled


def children(parent: int) -> Iterator[int]:
    """The processes below one, those of its children too."""
    for path in Path("/proc").glob("[0-9]*/stat"):
        try:
            words = path.read_text().rpartition(")")[2].split()
        except OSError:
            continue
        if int(words[1]) == parent and words[0] != "Z":
            yield int(path.parent.name)
            yield from children(int(path.parent.name))


def alive(process: int) -> bool:
    try:
        return Path(f"/proc/{process}/stat").read_text().rpartition(")")[2].split()[0] != "Z"
    except OSError:
        return False


def until(done: object) -> bool:
    """Whether ``done()`` comes true in time."""
    assert callable(done)
    for _ in range(SECONDS * 20):
        if done():
            return True
        time.sleep(0.05)
    return False


@needs_proc
@pytest.mark.parametrize("how", [signal.SIGKILL, signal.SIGTERM, signal.SIGINT])
@pytest.mark.parametrize("call", CALLS)
def test_no_process_outlives_us(slow: Repository, call: str, how: signal.Signals) -> None:
    if call in ("fetch", "push") and not shutil.which("setpriv"):
        pytest.skip(
            "only the program setpriv of util-linux ends a process that neither reads nor writes"
        )
    code = PROGRAM.format(path=ONE, call=CALLS[call])
    with subprocess.Popen(
        [sys.executable, "-c", code, str(slow.path)],
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
    ) as process:
        assert process.stdout is not None
        assert process.stdout.readline() == b"ready\n"
        if call in ("fetch", "push"):  # git, and the program that plays the remote
            assert until(lambda: len([*children(process.pid)]) >= 2)
        started = [*children(process.pid)]
        assert started
        process.send_signal(how)
        process.wait(SECONDS)
    assert until(lambda: not any(map(alive, started)))


@needs_proc
def test_a_verb_that_is_ended_ends_as_one_that_is_interrupted(slow: Repository) -> None:
    command = [sys.executable, "-m", "contentgit", "fetch", f"--repository={slow.path}", "slow"]
    with subprocess.Popen(command, stderr=subprocess.PIPE, stdout=subprocess.PIPE) as process:
        assert until(lambda: len([*children(process.pid)]) >= 2)
        started = [*children(process.pid)]
        process.terminate()
        said = process.communicate(timeout=SECONDS)
    assert (process.returncode, *said) == (143, b"", b"")
    assert until(lambda: not any(map(alive, started)))


@needs_proc
def test_the_process_that_reads_objects_ends_with_its_repository(filled: Repository) -> None:
    repository = Repository.open(filled.path)
    before = {*children(os.getpid())}
    assert repository.blob(repository.refs.resolve("main"), ONE) == b"one\n"
    (reader,) = {*children(os.getpid())} - before
    del repository
    assert until(lambda: not alive(reader))


def test_a_reader_that_was_ended_is_started_again(filled: Repository) -> None:
    repository = Repository.open(filled.path)
    tip = repository.refs.resolve("main")
    before = {*children(os.getpid())}
    assert repository.blob(tip, ONE) == b"one\n"
    for reader in {*children(os.getpid())} - before:
        os.kill(reader, signal.SIGKILL)
        assert until(lambda reader=reader: not alive(reader))
    assert repository.blob(tip, THREE) == b"three\n"


def test_a_forked_process_has_a_reader_of_its_own(filled: Repository) -> None:
    repository = Repository.open(filled.path)
    tip = repository.refs.resolve("main")
    assert repository.blob(tip, ONE) == b"one\n"
    child = os.fork()
    if not child:
        os._exit(0 if repository.blob(tip, THREE) == b"three\n" else 1)
    assert os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == 0
    assert list(repository.trees.entries(tip, "tags"))


def test_threads_share_a_reader(repository: Repository, commit: Commits) -> None:
    paths = [f"f/{number}/{number}.json" for number in range(60)]
    tip = commit(repository, {path: path.encode() * 500 for path in paths}).commit
    wrong: list[str] = []

    def read(paths: list[str]) -> None:
        wrong.extend(path for path in paths if repository.blob(tip, path) != path.encode() * 500)

    threads = [
        threading.Thread(target=read, args=(paths[at:] + paths[:at],)) for at in range(0, 60, 10)
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert not wrong
