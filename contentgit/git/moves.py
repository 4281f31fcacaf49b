"""A branch and its worktrees move together, also where the process is killed between the two.

The branch moves first, then the files of the worktrees that are on it. Whoever is killed between these
leaves the files of the old commit, and a ``git commit -a`` there would revert the new one. So what is about
to move is written down first, in a file under the git directory that its process holds a lock on. A file
that nobody holds is of a process that died, or was kept out of a worktree: the next one that looks at the
repository does the rest.

A worktree that goes to another branch is the other way round: its files go first, its HEAD last. Whoever is
killed between these leaves files of the other branch, so the next one brings those of HEAD's back.
"""

from __future__ import annotations

import json
import os
import secrets
import time
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import BinaryIO, NamedTuple

from contentgit.errors import ContentgitError, RepositoryError, UsageError
from contentgit.git.objects import checked_id
from contentgit.git.program import Program
from contentgit.git.refs import HEADS, head_branch, head_commit, read_ref
from contentgit.git.trees import Trees
from contentgit.git.values import Finished, LeftAlone
from contentgit.git.worktree import (
    NotOursError,
    bring,
    bring_along,
    check_head,
    checkout,
    opened,
)

FOLDER, PATTERN = "contentgit", "moving-*.json"
_ABANDONED = 600  # seconds, where a system has no locks that end with their process


class Move(NamedTuple):
    """A branch that goes from one commit to another; ``old`` is None where it is new."""

    branch: str
    old: str | None
    new: str


class _Switch(NamedTuple):
    """A worktree that goes from HEAD's commit to ``branch``; ``head`` is HEAD's branch, if it is on one."""

    worktree: str
    head: str | None
    old: str | None
    branch: str
    new: str


def advance(
    common_dir: Path,
    move: Move,
    act: Callable[[], object],
    follow: Callable[[], list[LeftAlone]],
) -> list[LeftAlone]:
    """Moves a branch with ``act``, and its worktrees with ``follow``; what these leave is for the next call.

    Raises:
        RepositoryError: the git directory cannot be written; or what ``act`` raises.
    """
    path = _new_path(common_dir)
    with _written(path, move):
        try:
            act()
        except ContentgitError:
            path.unlink(missing_ok=True)
            raise
        left = follow()
        if not _undone(left):
            path.unlink(missing_ok=True)
    return left


def switch(program: Program, common_dir: Path, trees: Trees, branch: str, new: str) -> None:
    """Brings HEAD and worktree to ``branch``, which is at ``new``; where git fails on the way, back again.

    Raises:
        FormatError: one of the two commits has folders that nest or repeat without end.
        RepositoryError: as :func:`contentgit.git.worktree.checkout`; or it cannot be written down.
    """
    check_head(program, trees)
    trees.check(new)
    old, head = head_commit(program), head_branch(program)
    path = _new_path(common_dir, "HEAD-")
    with _written(path, _Switch(os.fspath(program.folder), head, old, branch, new)):
        try:
            checkout(program, branch)
        except ContentgitError as error:
            left = []
            if not error.items:  # else git has refused before it began
                left = bring(common_dir, trees, [program.folder], new, old, resuming=False)
            if not _undone(left):
                path.unlink(missing_ok=True)
            raise
        path.unlink(missing_ok=True)


def _undone(left: Iterable[LeftAlone]) -> bool:
    """Whether a worktree is left to the next call; where a commit is gone, nobody can say what is to do."""
    return any(each.reason and each.paths for each in left)


def _new_path(common_dir: Path, kind: str = "") -> Path:
    return common_dir / FOLDER / f"moving-{kind}{os.getpid()}-{secrets.token_hex(4)}.json"


def _written(path: Path, move: Move | _Switch) -> BinaryIO:
    """The file with the move, held until it is closed."""
    data = json.dumps(move._asdict()).encode()
    fresh = path.with_suffix(".new")
    try:
        path.parent.mkdir(exist_ok=True)
        file = fresh.open("xb")
        try:
            _hold(file)  # before it has the name that others look for
            file.write(data)
            file.flush()
            os.fsync(file.fileno())
            fresh.replace(path)
        except BaseException:
            file.close()
            fresh.unlink(missing_ok=True)
            raise
    except OSError as error:
        raise RepositoryError(f"cannot write {path}: {error.strerror}") from error
    return file


def finish(program: Program, common_dir: Path, algorithm: str) -> list[Finished]:
    """Brings worktrees along whose branch a process moved that died before it came to them, and back those
    that it left on their way to another branch.

    What stays to be done, since the worktree cannot be written now, is done by the next call.
    """
    trees = Trees(program, algorithm)
    finished = []
    # Those of HEAD come first: files of another branch would be edits when a branch is followed.
    for path in sorted((common_dir / FOLDER).glob(PATTERN), reverse=True):
        with _abandoned(path) as data:
            if data is None:
                continue
            move = _parsed(data)
            found = None
            if isinstance(move, Move):
                try:
                    found = _follow_branch(program, common_dir, trees, move)
                except RepositoryError:  # a broken ref, which whoever reads the branch is told of
                    continue
            elif move:
                found = _go_back(common_dir, trees, move)
            if found:
                finished.append(found)
            if not (found and _undone(found.left)):
                path.unlink(missing_ok=True)
    return finished


def _follow_branch(program: Program, common_dir: Path, trees: Trees, move: Move) -> Finished | None:
    tip = read_ref(program, HEADS + move.branch)
    if not tip or not _has(program, tip, move.new):
        return None
    left = bring_along(program, common_dir, trees, move.branch, move.old, tip, resuming=True)
    return Finished(move.branch, tip, tuple(left))


def _go_back(common_dir: Path, trees: Trees, move: _Switch) -> Finished | None:
    """Brings the files back that git wrote before it was killed; None where HEAD has been moved since."""
    top = Path(move.worktree)
    try:
        program, _ = opened(top, common_dir)
    except NotOursError:
        return None
    at = head_commit(program)
    if head_branch(program) != move.head or not (at == move.old or _has(program, at, move.old)):
        return None
    left = bring(common_dir, trees, [top], move.new, move.old, resuming=True)
    if head_branch(program) == move.branch:  # git has outlived its caller, and gone on meanwhile
        left = bring(common_dir, trees, [top], move.old, move.new, resuming=True)
        return Finished(move.branch, move.new, tuple(left))
    if at != move.old and not _undone(left):
        left += bring(common_dir, trees, [top], move.old, at, resuming=True)
    return Finished(move.branch, move.new, tuple(left), back=top)


def _has(program: Program, tip: str | None, commit: str | None) -> bool:
    """Whether the branch did move, whatever was committed on top of it since."""
    if not tip or not commit:
        return False
    return tip == commit or program.ask("merge-base", "--is-ancestor", commit, tip)[0] == 0


def _parsed(data: bytes) -> Move | _Switch | None:
    """None where the file is not whole: nothing moves before it is."""
    try:
        found = json.loads(data)
        move = _Switch(**found) if "worktree" in found else Move(**found)
        for each in (move.new, *([] if move.old is None else [move.old])):
            checked_id(each)
    except (ValueError, TypeError, RecursionError, UsageError):
        return None
    names = [move.branch, *([move.worktree, move.head or ""] if isinstance(move, _Switch) else [])]
    return move if all(isinstance(each, str) for each in names) else None


def _hold(file: BinaryIO) -> bool:
    """Locks the file until it is closed or the process ends; whether nobody else holds it."""
    try:
        import fcntl
    except ImportError:
        return time.time() - os.fstat(file.fileno()).st_mtime > _ABANDONED
    try:
        fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError:
        return False
    return True


@contextmanager
def _abandoned(path: Path) -> Iterator[bytes | None]:
    """The content of the file, held meanwhile; None where its process lives, or another has done it."""
    try:
        file = path.open("rb")
    except OSError:
        yield None
        return
    with file:
        if _hold(file) and os.fstat(file.fileno()).st_nlink:
            yield file.read()
        else:
            yield None
