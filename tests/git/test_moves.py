"""Killed between branch and worktree: the next call brings the worktree along, and no edit is lost.

A child process moves a branch and is killed (SIGKILL) before a git process that it starts.
"""

from __future__ import annotations

import fcntl
import os
import shutil
import signal
import sys
from pathlib import Path

import pytest

from contentgit.errors import BusyError, RepositoryError
from contentgit.git import Finished, LeftAlone, Repository
from tests.git.conftest import ONE, THREE, TWO
from tests.git.plain import files, git, status

# A worker of pytest-xdist has a second thread, which holds no lock that a child needs.
pytestmark = pytest.mark.filterwarnings("ignore:This process .*multi-threaded:DeprecationWarning")
CHANGED = {ONE: b"uno\n", TWO: b"due\n", THREE: None}


def killed(step: int, repository: Repository, new: str) -> bool:
    """Whether a process that moves main to ``new`` was killed before its ``step``-th git process."""
    child = os.fork()
    if not child:
        left = [step]

        def count(event: str, _arguments: object) -> None:
            if event == "subprocess.Popen":
                left[0] -= 1
                if left[0] == 0:
                    os.kill(os.getpid(), signal.SIGKILL)

        try:
            sys.addaudithook(count)
            repository.worktrees.advance("main", new, repository.refs.tip("main"), "test")
        except BaseException:
            os._exit(1)
        os._exit(0)
    _, ended = os.waitpid(child, 0)
    assert os.WIFSIGNALED(ended) or os.WEXITSTATUS(ended) == 0
    return os.WIFSIGNALED(ended)


def _above(repository: Repository, old: str) -> str:
    tree = repository.writer.write_tree(old, CHANGED.items())
    return repository.writer.commit_tree(tree, [old], "Next\n")


@pytest.fixture
def moved(filled: Repository) -> tuple[Repository, str, str]:
    """A repository whose branch moved and whose worktree did not: its process was killed in between."""
    old = filled.refs.resolve("main")
    new = _above(filled, old)
    step = 1
    while filled.refs.tip("main") == old:
        assert filled.worktrees.finish_moves() == []
        assert killed(step, filled, new)
        step += 1
    assert filled.refs.tip("main") == new
    assert files(filled.path)[ONE] == b"one\n"
    return filled, old, new


def moves(repository: Repository) -> list[Path]:
    return list((repository.git_dir / "contentgit").glob("moving*"))


def test_the_next_call_brings_the_worktree_along(moved: tuple[Repository, str, str]) -> None:
    repository, _, new = moved
    assert repository.worktrees.finish_moves() == [Finished("main", new)]
    assert (status(repository.path), files(repository.path)) == ([], {ONE: b"uno\n", TWO: b"due\n"})
    assert (repository.worktrees.finish_moves(), moves(repository)) == ([], [])


@pytest.mark.parametrize("torn", [None, b"", b"un"])
def test_a_file_that_git_was_killed_over_is_written_again(
    moved: tuple[Repository, str, str], torn: bytes | None
) -> None:
    repository, _, new = moved
    for path in (ONE, TWO):
        (repository.path / path).unlink(missing_ok=True)
    if torn is not None:
        (repository.path / ONE).write_bytes(torn)
    assert repository.worktrees.finish_moves() == [Finished("main", new)]
    assert (status(repository.path), files(repository.path)) == ([], {ONE: b"uno\n", TWO: b"due\n"})


def test_edits_made_meanwhile_stay(moved: tuple[Repository, str, str]) -> None:
    repository, _, new = moved
    (repository.path / ONE).write_bytes(b"mine\n")
    left = (LeftAlone(repository.path, [ONE]),)
    assert repository.worktrees.finish_moves() == [Finished("main", new, left)]
    assert status(repository.path) == [f" M {ONE}"]
    assert files(repository.path) == {ONE: b"mine\n", TWO: b"due\n"}
    assert moves(repository) == []


def test_killed_before_each_of_its_steps(filled: Repository, tmp_path: Path) -> None:
    old = filled.refs.resolve("main")
    new = _above(filled, old)
    step, going = 1, True
    while going:
        place = tmp_path / f"killed-{step}"
        shutil.copytree(filled.path, place, symlinks=True)
        repository = Repository.open(place)
        going = killed(step, repository, new)
        repository.worktrees.finish_moves()
        expected = {ONE: b"one\n", TWO: b"two\n", THREE: b"three\n"}
        if repository.refs.tip("main") == new:
            expected = {ONE: b"uno\n", TWO: b"due\n"}
        assert (status(place), files(place)) == ([], expected)
        assert moves(repository) == []
        step += 1
    assert step > 8, "it has hardly any steps: are they counted?"


def test_what_was_committed_on_top_is_kept(moved: tuple[Repository, str, str]) -> None:
    repository, _, new = moved
    tree = repository.writer.write_tree(new, [(TWO, b"tre\n")])
    tip = repository.writer.commit_tree(tree, [new], "On top\n")
    repository.refs.move("refs/heads/main", tip, new, "test")
    assert repository.worktrees.finish_moves() == [Finished("main", tip)]
    assert (status(repository.path), files(repository.path)) == ([], {ONE: b"uno\n", TWO: b"tre\n"})


def test_a_branch_that_was_taken_back_is_left(moved: tuple[Repository, str, str]) -> None:
    repository, old, new = moved
    repository.refs.move("refs/heads/main", old, new, "test")
    assert repository.worktrees.finish_moves() == []
    assert (status(repository.path), moves(repository)) == ([], [])


def test_a_process_that_lives_is_left_to_do_it(moved: tuple[Repository, str, str]) -> None:
    repository, _, _ = moved
    (path,) = moves(repository)
    with path.open() as file:
        fcntl.flock(file, fcntl.LOCK_EX)
        assert repository.worktrees.finish_moves() == []
    assert moves(repository) == [path]
    assert len(repository.worktrees.finish_moves()) == 1


def test_a_worktree_that_is_locked_is_done_by_a_later_call(
    moved: tuple[Repository, str, str],
) -> None:
    repository, _, _ = moved
    lock = repository.git_dir / "index.lock"
    lock.touch()
    (found,) = repository.worktrees.finish_moves()
    assert str(lock) in found.left[0].reason
    assert len(moves(repository)) == 1
    lock.unlink()
    assert len(repository.worktrees.finish_moves()) == 1
    assert (status(repository.path), moves(repository)) == ([], [])


def test_a_call_that_was_kept_out_is_finished_by_a_later_one(filled: Repository) -> None:
    old = filled.refs.resolve("main")
    lock = filled.git_dir / "index.lock"
    lock.touch()
    (left,) = filled.worktrees.advance("main", _above(filled, old), old, "test")
    assert str(lock) in left.reason
    lock.unlink()
    assert filled.worktrees.finish_moves() == [Finished("main", filled.refs.resolve("main"))]
    assert (status(filled.path), moves(filled)) == ([], [])


def test_a_branch_that_cannot_be_moved_leaves_nothing(filled: Repository) -> None:
    old = filled.refs.resolve("main")
    (filled.git_dir / "refs/heads/main.lock").touch()
    with pytest.raises(BusyError):
        filled.worktrees.advance("main", _above(filled, old), old, "test")
    assert moves(filled) == []


def test_a_broken_ref_stops_nobody(moved: tuple[Repository, str, str]) -> None:
    repository, _, new = moved
    (repository.git_dir / "refs/heads/main").write_text("noise\n")
    assert repository.worktrees.finish_moves() == []
    assert len(moves(repository)) == 1
    (repository.git_dir / "refs/heads/main").write_text(f"{new}\n")
    assert repository.worktrees.finish_moves() == [Finished("main", new)]
    assert files(repository.path)[ONE] == b"uno\n"


def test_a_commit_that_is_gone_stops_nobody(moved: tuple[Repository, str, str]) -> None:
    """Its worktree is left as it is, since nobody can say what of it was edited: that is said once."""
    repository, old, _ = moved
    (path,) = moves(repository)
    path.write_text(path.read_text().replace(old, "1" * 40))
    (found,) = repository.worktrees.finish_moves()
    assert "1" * 40 in found.left[0].reason
    assert files(repository.path)[ONE] == b"one\n"
    assert repository.worktrees.finish_moves() == []


@pytest.mark.parametrize(
    "text",
    [
        *("", "{", "[]", '{"branch": 1, "old": null, "new": "x"}', "{}", "[" * 100_000),
        *('{"branch": "main", "old": "-x", "new": "%s"}' % ("1" * 40), '{"branch": "\\ud800"}'),
    ],
)
def test_a_file_that_is_not_whole_says_nothing(filled: Repository, text: str) -> None:
    path = filled.git_dir / "contentgit" / "moving-1-x.json"
    path.parent.mkdir(exist_ok=True)
    path.write_text(text)
    assert filled.worktrees.finish_moves() == []
    assert not path.exists()


def test_a_linked_worktree_is_brought_along_from_anywhere(
    filled: Repository, tmp_path: Path
) -> None:
    linked = tmp_path / "linked"
    git(filled.path, "switch", "-q", "-c", "other")
    git(filled.path, "worktree", "add", "-q", str(linked), "main")
    old = filled.refs.resolve("main")
    new, step = _above(filled, old), 1
    while filled.refs.tip("main") == old:
        assert filled.worktrees.finish_moves() == []
        killed(step, Repository.open(linked), new)
        step += 1
    assert Repository.open(linked).worktrees.finish_moves() == [Finished("main", new)]
    assert (status(linked), files(filled.path)[ONE]) == ([], b"one\n")


def test_a_move_needs_to_be_written_down(filled: Repository) -> None:
    old = filled.refs.resolve("main")
    (filled.git_dir / "contentgit").write_text("a file in its place")
    with pytest.raises(RepositoryError, match="cannot write"):
        filled.worktrees.advance("main", _above(filled, old), old, "test")
    assert filled.refs.tip("main") == old
