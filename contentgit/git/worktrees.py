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
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import BinaryIO, NamedTuple

from contentgit.errors import ContentgitError, RepositoryError, UnknownNameError, UsageError
from contentgit.git.following import (
    NotOursError,
    bring,
    check_head,
    checkout,
    edited,
    opened,
    worktrees_on,
)
from contentgit.git.objects import checked_id
from contentgit.git.program import Program
from contentgit.git.refs import HEADS, Refs
from contentgit.git.trees import Trees
from contentgit.git.values import Finished, LeftAlone

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


def _undone(left: Iterable[LeftAlone]) -> bool:
    """Whether a worktree is left to the next call; without the commit it cannot be known what to do."""
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
    """Locks the file until it is closed or the process ends; false if another process holds it."""
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


def _has(program: Program, tip: str | None, commit: str | None) -> bool:
    """Whether the branch did move, whatever was committed on top of it since."""
    if not tip or not commit:
        return False
    return tip == commit or program.ask("merge-base", "--is-ancestor", commit, tip)[0] == 0


class Worktrees:
    """The worktrees of a repository; ``bare`` is whether it was opened without one."""

    def __init__(
        self,
        program: Program,
        refs: Refs,
        trees: Trees,
        git_dir: Path,
        shared: Path,
        *,
        bare: bool,
    ) -> None:
        self._program = program
        self._refs = refs
        self._trees = trees
        self._git_dir = git_dir
        self._shared = shared
        self._bare = bare

    def advance(self, branch: str, new: str, old: str | None, reason: str) -> list[LeftAlone]:
        """Moves a branch from ``old`` to ``new``, as :meth:`Refs.move`, and brings its worktrees along.

        Where the process is killed on the way, or kept out of a worktree, :meth:`finish_moves` does the rest.

        Raises:
            BusyError: the branch points at something else.
            RepositoryError: git cannot write it, or the git directory cannot be written.
        """
        path = _new_path(self._shared)
        with _written(path, Move(branch, old, new)):
            try:
                self._refs.move(HEADS + branch, new, old, reason)
            except ContentgitError:
                path.unlink(missing_ok=True)
                raise
            left = self.bring_along(branch, old, new)
            if not _undone(left):
                path.unlink(missing_ok=True)
        return left

    def bring_along(
        self, branch: str, old: str | None, new: str, *, resuming: bool = False
    ) -> list[LeftAlone]:
        """Brings every worktree that is on ``branch`` from commit ``old`` to ``new``; the branch has moved.

        Files and index entries that the user has touched stay exactly as they are and are returned, so that
        ``git status`` then shows the user's own edits and nothing else. A worktree that cannot be
        written is returned with the reason.
        """
        tops = list(worktrees_on(self._program, branch))
        return self._bring(tops, old, new, resuming=resuming) if tops else []

    def _bring(
        self, tops: Sequence[Path], old: str | None, new: str | None, *, resuming: bool
    ) -> list[LeftAlone]:
        return bring(self._shared, self._trees, tops, old, new, resuming=resuming)

    def edited_files(self) -> list[str]:
        """The files of the worktree that differ from HEAD's commit, without those that git ignores.

        None of them where there is no worktree, or nothing was checked out yet.

        Raises:
            FormatError: HEAD's commit has folders that nest or repeat without end.
        """
        if self._bare or not (self._git_dir / "index").exists():
            return []
        return edited(self._program, self._trees)

    def checkout_head(self, branch: str) -> None:
        """Puts HEAD on ``branch`` and brings the worktree, if there is one, along; where git fails, back.

        Where the process is killed on the way, :meth:`finish_moves` brings the worktree back.

        Raises:
            UnknownNameError: there is no such branch.
            FormatError: its commit, or HEAD's, has folders that nest or repeat without end.
            RepositoryError: the user's edits are in the way; ``items`` lists them, nothing has changed.
            BusyError: another git process has its lock on index or HEAD.
        """
        new = self._refs.tip(branch)
        if new is None:
            raise UnknownNameError(f"there is no branch {branch!r}", hint=self._refs.known())
        head = self._refs.head_branch()
        if self._bare:
            self._refs.set_head(branch)
        elif head != branch:
            self._switch(branch, head, new)

    def _switch(self, branch: str, head: str | None, new: str) -> None:
        top = self._program.folder
        check_head(self._program, self._trees)
        self._trees.check(new)
        old = self._refs.head_commit()
        path = _new_path(self._shared, "HEAD-")
        with _written(path, _Switch(os.fspath(top), head, old, branch, new)):
            try:
                checkout(self._program, branch)
            except ContentgitError as error:
                left = []
                if not error.items:  # else git has refused before it began
                    left = self._bring([top], new, old, resuming=False)
                if not _undone(left):
                    path.unlink(missing_ok=True)
                raise
            path.unlink(missing_ok=True)

    def finish_moves(self) -> list[Finished]:
        """Updates worktrees that another call left behind their branch, or on the way to another branch.

        For whoever opens the repository, before anything is read of the worktree. What stays to be done,
        since the worktree cannot be written now, is done by the next call.
        """
        finished = []
        # Those of HEAD come first: files of another branch would be edits when a branch is followed.
        for path in sorted((self._shared / FOLDER).glob(PATTERN), reverse=True):
            with _abandoned(path) as data:
                if data is None:
                    continue
                move = _parsed(data)
                found = None
                if isinstance(move, Move):
                    try:
                        found = self._follow_branch(move)
                    except RepositoryError:  # a broken ref: whoever reads the branch is told
                        continue
                elif move:
                    found = self._go_back(move)
                if found:
                    finished.append(found)
                if not (found and _undone(found.left)):
                    path.unlink(missing_ok=True)
        return finished

    def _follow_branch(self, move: Move) -> Finished | None:
        tip = self._refs.read(HEADS + move.branch)
        if not tip or not _has(self._program, tip, move.new):
            return None
        left = self.bring_along(move.branch, move.old, tip, resuming=True)
        return Finished(move.branch, tip, tuple(left))

    def _go_back(self, move: _Switch) -> Finished | None:
        """Brings the files back that git wrote before it was killed; None where HEAD has been moved since."""
        top = Path(move.worktree)
        try:
            program, _ = opened(top, self._shared)
        except NotOursError:
            return None
        refs = Refs(program)
        at = refs.head_commit()
        if refs.head_branch() != move.head or not (at == move.old or _has(program, at, move.old)):
            return None
        left = self._bring([top], move.new, move.old, resuming=True)
        if refs.head_branch() == move.branch:  # git has outlived its caller, and gone on meanwhile
            left = self._bring([top], move.old, move.new, resuming=True)
            return Finished(move.branch, move.new, tuple(left))
        if at != move.old and not _undone(left):
            left += self._bring([top], move.old, at, resuming=True)
        return Finished(move.branch, move.new, tuple(left), back=top)
