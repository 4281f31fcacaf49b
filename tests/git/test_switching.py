"""Killed while a worktree goes to another branch: the next call brings it back to where HEAD is.

The process, and the git that it has started, are killed (SIGKILL) before git writes a certain file.
"""

from __future__ import annotations

import os
import shutil
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from contentgit.errors import BusyError, RepositoryError
from contentgit.git import Finished, LeftAlone, Repository
from tests.git.conftest import ONE, THREE, TWO, Commits
from tests.git.plain import files, git, status
from tests.git.test_moves import moves

# A worker of pytest-xdist has a second thread, which holds no lock that a child needs.
pytestmark = pytest.mark.filterwarnings("ignore:This process .*multi-threaded:DeprecationWarning")
FOUR = "pages/a.b/0/0/4.json"
MAIN = {ONE: b"one\n", TWO: b"two\n", THREE: b"three\n"}
SIDE = {ONE: b"uno\n", TWO: b"due\n", FOUR: b"quattro\n"}
KILL_GIT = "kill -9 $PPID"
KILL_BOTH = 'kill -9 $(cut -d" " -f4 /proc/$PPID/stat) $PPID'


ENDED = """
import signal, sys
from pathlib import Path
from contentgit.git import Repository
signal.signal(signal.SIGTERM, lambda *_: sys.exit(3))
Repository.open(Path(sys.argv[1])).worktrees.checkout_head("side")
"""


@pytest.fixture
def side(filled: Repository, commit: Commits) -> Repository:
    """A repository on main, with a branch that changes two files, removes one and has a new one."""
    filled.refs.create_branch("side", filled.refs.resolve("main"))
    changes = {ONE: b"uno\n", TWO: b"due\n", THREE: None, FOUR: b"quattro\n"}
    commit(filled, changes, branch="side")
    return filled


def kill_at(repository: Repository, path: str, command: str) -> None:
    """Runs the command before git writes the file into the worktree; ``""`` runs none any more."""
    attributes = repository.git_dir / "info" / "attributes"
    attributes.write_text(f"{path} filter=killing\n" if command else "")
    git(repository.path, "config", "filter.killing.smudge", command or "cat")


def go_in_child(repository: Repository, step: int = 0) -> bool:
    """Goes to the branch in a process, killed before its ``step``-th git process; whether it was killed."""
    child = os.fork()
    if not child:
        left = [step]

        def count(event: str, _arguments: object) -> None:
            if event == "subprocess.Popen":
                left[0] -= 1
                if left[0] == 0:
                    os.kill(os.getpid(), signal.SIGKILL)

        sys.addaudithook(count)
        repository.worktrees.checkout_head("side")
        os._exit(0)
    _, ended = os.waitpid(child, 0)
    assert os.WIFSIGNALED(ended) or os.WEXITSTATUS(ended) == 0
    return os.WIFSIGNALED(ended)


@pytest.fixture(params=[ONE, TWO, FOUR])
def killed(request: pytest.FixtureRequest, side: Repository) -> Repository:
    """Main's HEAD and index, with what git had written of the branch, and with its lock."""
    kill_at(side, request.param, KILL_BOTH)
    assert go_in_child(side)
    kill_at(side, request.param, "")
    assert side.refs.head_branch() == "main"
    assert files(side.path) != MAIN
    return side


def test_the_next_call_brings_the_worktree_back(killed: Repository) -> None:
    lock = killed.git_dir / "index.lock"
    (found,) = killed.worktrees.finish_moves()
    assert str(lock) in found.left[0].reason
    assert len(moves(killed)) == 1
    lock.unlink()
    tip = killed.refs.resolve("side")
    assert killed.worktrees.finish_moves() == [Finished("side", tip, back=killed.path)]
    assert (status(killed.path), files(killed.path)) == ([], MAIN)
    assert (killed.worktrees.finish_moves(), moves(killed)) == ([], [])
    killed.worktrees.checkout_head("side")
    assert (status(killed.path), files(killed.path)) == ([], SIDE)


@pytest.mark.parametrize(
    ("path", "torn"), [(ONE, b""), (ONE, b"un"), (TWO, b"tw"), (FOUR, b""), (FOUR, b"qu")]
)
def test_half_written_files_are_brought_back(killed: Repository, path: str, torn: bytes) -> None:
    (killed.git_dir / "index.lock").unlink()
    (killed.path / path).write_bytes(torn)
    assert len(killed.worktrees.finish_moves()) == 1
    assert (status(killed.path), files(killed.path)) == ([], MAIN)


def test_edits_made_meanwhile_stay(killed: Repository) -> None:
    (killed.git_dir / "index.lock").unlink()
    (killed.path / TWO).write_bytes(b"mine\n")
    (killed.path / FOUR).write_bytes(b"mine too\n")
    (found,) = killed.worktrees.finish_moves()
    assert found.left == (LeftAlone(killed.path, [TWO, FOUR]),)
    assert status(killed.path) == [f" M {TWO}", f"?? {FOUR}"]
    assert files(killed.path) == MAIN | {TWO: b"mine\n", FOUR: b"mine too\n"}


def test_killed_before_each_of_its_steps(side: Repository, tmp_path: Path) -> None:
    step, going = 1, True
    while going:
        place = tmp_path / f"killed-{step}"
        shutil.copytree(side.path, place, symlinks=True)
        repository = Repository.open(place)
        going = go_in_child(repository, step)
        repository.worktrees.finish_moves()
        expected = MAIN if repository.refs.head_branch() == "main" else SIDE
        assert (status(place), files(place), moves(repository)) == ([], expected, [])
        step += 1
    assert expected == SIDE
    assert step > 4, "it has hardly any steps: are they counted?"


def test_files_and_index_are_there_and_head_is_not(side: Repository) -> None:
    """git comes to HEAD last. A process that lives brings the files back itself."""
    lock = side.git_dir / "HEAD.lock"
    lock.touch()
    with pytest.raises(BusyError) as caught:
        side.worktrees.checkout_head("side")
    assert f"rm {lock}" in caught.value.hint
    assert (status(side.path), files(side.path), moves(side)) == ([], MAIN, [])
    kill_at(side, FOUR, KILL_BOTH)
    assert go_in_child(side)
    kill_at(side, FOUR, "")
    (side.git_dir / "index.lock").unlink()
    git(side.path, "read-tree", "side")
    git(side.path, "checkout-index", "-q", "-f", "-a")
    lock.unlink()
    assert len(side.worktrees.finish_moves()) == 1
    assert (status(side.path), files(side.path)) == ([], MAIN)


def test_git_alone_is_killed(side: Repository) -> None:
    kill_at(side, TWO, KILL_GIT)
    with pytest.raises(RepositoryError):
        side.worktrees.checkout_head("side")
    kill_at(side, TWO, "")
    assert len(moves(side)) == 1
    (side.git_dir / "index.lock").unlink()
    assert len(side.worktrees.finish_moves()) == 1
    assert (status(side.path), files(side.path)) == ([], MAIN)


def test_git_outlives_its_caller_and_moves_head_meanwhile(side: Repository) -> None:
    """It has given up its lock on the index, and comes to HEAD while the next call writes files."""
    kill_at(side, TWO, KILL_BOTH)
    assert go_in_child(side)
    (side.git_dir / "index.lock").unlink()
    git(side.path, "read-tree", "side")
    kill_at(side, THREE, "git symbolic-ref HEAD refs/heads/side; cat")
    tip = side.refs.resolve("side")
    assert side.worktrees.finish_moves() == [Finished("side", tip)]
    assert (status(side.path), files(side.path), moves(side)) == ([], SIDE, [])


def test_ended_by_a_signal(side: Repository) -> None:
    """As by Ctrl-C: git takes its lock away, and the next call brings the files back."""
    kill_at(side, TWO, 'kill -15 $(cut -d" " -f4 /proc/$PPID/stat); sleep 5')
    command = [sys.executable, "-c", ENDED, str(side.path)]
    assert subprocess.run(command, check=False).returncode == 3
    kill_at(side, TWO, "")
    assert files(side.path) != MAIN
    assert not (side.git_dir / "index.lock").exists()
    assert len(side.worktrees.finish_moves()) == 1
    assert (status(side.path), files(side.path)) == ([], MAIN)


def test_all_stays_as_it_is_where_git_refuses(side: Repository) -> None:
    (side.path / THREE).unlink()
    (side.path / TWO).write_bytes(b"due\n")
    (side.path / ONE).write_bytes(b"mine\n")
    with pytest.raises(RepositoryError, match="are in the way of branch 'side'"):
        side.worktrees.checkout_head("side")
    assert files(side.path) == {ONE: b"mine\n", TWO: b"due\n"}
    assert moves(side) == []


@pytest.mark.parametrize(
    "words",
    [
        ["checkout", "-q", "-f", "side"],
        ["checkout", "-q", "-f", "-b", "mine"],
        ["reset", "-q", "--hard", "other"],
    ],
)
def test_who_has_gone_elsewhere_is_left_alone(killed: Repository, words: list[str]) -> None:
    (killed.git_dir / "index.lock").unlink()
    tree = killed.writer.write_tree(None, [(ONE, b"eins\n"), (THREE, b"drei\n")])
    killed.refs.create_branch("other", killed.writer.commit_tree(tree, [], "Other\n"))
    git(killed.path, *words)
    before = status(killed.path), files(killed.path)
    assert (killed.worktrees.finish_moves(), moves(killed)) == ([], [])
    assert (status(killed.path), files(killed.path)) == before


def test_a_branch_that_went_on_meanwhile(killed: Repository) -> None:
    """The worktree could not be written when another call committed."""
    old = killed.refs.resolve("main")
    tree = killed.writer.write_tree(old, [(ONE, b"more\n")])
    tip = killed.writer.commit_tree(tree, [old], "More\n")
    killed.worktrees.advance("main", tip, old, "test")
    (killed.git_dir / "index.lock").unlink()
    killed.worktrees.finish_moves()
    assert (status(killed.path), files(killed.path)) == ([], MAIN | {ONE: b"more\n"})


def test_a_linked_worktree_is_brought_back_from_anywhere(side: Repository, tmp_path: Path) -> None:
    linked = tmp_path / "linked"
    git(side.path, "worktree", "add", "-q", "-b", "other", str(linked), "main")
    kill_at(side, TWO, KILL_BOTH)
    assert go_in_child(Repository.open(linked))
    kill_at(side, TWO, "")
    (side.git_dir / "worktrees" / "linked" / "index.lock").unlink()
    (found,) = side.worktrees.finish_moves()
    assert found.back == linked
    assert (status(linked), files(linked)) == ([], MAIN)


def test_a_detached_head(side: Repository) -> None:
    git(side.path, "checkout", "-q", "--detach")
    kill_at(side, TWO, KILL_BOTH)
    assert go_in_child(side)
    kill_at(side, TWO, "")
    (side.git_dir / "index.lock").unlink()
    assert len(side.worktrees.finish_moves()) == 1
    assert (status(side.path), files(side.path)) == ([], MAIN)


def test_a_branch_without_a_commit(side: Repository) -> None:
    git(side.path, "checkout", "-q", "--orphan", "fresh")
    git(side.path, "rm", "-r", "-q", "-f", ".")
    kill_at(side, FOUR, KILL_BOTH)
    assert go_in_child(side)
    kill_at(side, FOUR, "")
    (side.git_dir / "index.lock").unlink()
    assert len(side.worktrees.finish_moves()) == 1
    assert (status(side.path), files(side.path)) == ([], {})
