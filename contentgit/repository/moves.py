"""A branch and its worktrees move together, also where the process is killed between the two.

The branch moves first, then the files of the worktrees that are on it. Whoever is killed between these
leaves the files of the old commit, and a ``git commit -a`` there would revert the new one. So what is about
to move is written down first, in a file under the git directory that its process holds a lock on. A file
that nobody holds is of a process that died: the next one that looks at the repository does the rest.
"""

from __future__ import annotations

import json
import os
import secrets
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import BinaryIO, NamedTuple

from contentgit.errors import RepositoryError, UsageError
from contentgit.repository.objects import checked_id
from contentgit.repository.program import Program
from contentgit.repository.refs import HEADS, read_ref
from contentgit.repository.trees import Trees
from contentgit.repository.values import Finished, LeftAlone
from contentgit.repository.worktree import bring_along

FOLDER, PATTERN = "contentgit", "moving-*.json"
_ABANDONED = 600  # seconds, where a system has no locks that end with their process


class _Move(NamedTuple):
    """A branch that goes from one commit to another; ``old`` is None where it is new."""

    branch: str
    old: str | None
    new: str


@contextmanager
def written_down(common_dir: Path, branch: str, old: str | None, new: str) -> Iterator[None]:
    """The move is written down while the body moves branch and worktrees.

    Raises:
        RepositoryError: the git directory cannot be written.
    """
    path = common_dir / FOLDER / f"moving-{os.getpid()}-{secrets.token_hex(4)}.json"
    with _written(path, json.dumps(_Move(branch, old, new)._asdict()).encode()):
        try:
            yield
        finally:
            path.unlink(missing_ok=True)


def _written(path: Path, data: bytes) -> BinaryIO:
    """The file with this content, held until it is closed."""
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
    """Brings worktrees along whose branch a process moved that died before it came to them.

    What stays to be done, since the worktree cannot be written now, is done by the next call.
    """
    found = []
    for path in sorted((common_dir / FOLDER).glob(PATTERN)):
        with _abandoned(path) as data:
            if data is None:
                continue
            move = _parsed(data)
            tip = read_ref(program, HEADS + move.branch) if move else None
            left: list[LeftAlone] = []
            if move and tip and _has(program, tip, move.new):
                trees = Trees(program, algorithm)
                left = bring_along(
                    program, common_dir, trees, move.branch, move.old, tip, resuming=True
                )
                found.append(Finished(move.branch, tip, tuple(left)))
            if not any(each.reason for each in left):
                path.unlink(missing_ok=True)
    return found


def _has(program: Program, tip: str, commit: str) -> bool:
    """Whether the branch did move, whatever was committed on top of it since."""
    return tip == commit or program.ask("merge-base", "--is-ancestor", commit, tip)[0] == 0


def _parsed(data: bytes) -> _Move | None:
    """None where the file is not whole: the branch moves only when it is."""
    try:
        move = _Move(**json.loads(data))
        for each in (move.new, *([] if move.old is None else [move.old])):
            checked_id(each)
    except (ValueError, TypeError, RecursionError, UsageError):
        return None
    return move if isinstance(move.branch, str) else None


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
