"""A merge, revert or cherry-pick under way: what it is made of, and what was decided.

Only inputs and decisions are kept, in one file under the git directory; the tree and the conflicts are
made from them anew each time.
"""

from __future__ import annotations

import json
import os
import re
import shlex
import stat
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

from contentgit.branches.fetching import fetching
from contentgit.content.documents import MISFITS, misfit, parse_document
from contentgit.errors import (
    BusyError,
    ContentgitError,
    FormatError,
    RefusedError,
    RepositoryError,
    UsageError,
)
from contentgit.git import Repository, Signature

if TYPE_CHECKING:
    from contentgit.branches.trees import Base, TreeMerge
    from contentgit.merge import Resolution

_FOLDER, _FILE = "contentgit", "merge.json"
_VERBS = ("merge", "revert", "cherry-pick", "restore")
FORMAT = 1
_ID = re.compile(r"[0-9a-f]{40}|[0-9a-f]{64}")
_SAYABLE = re.compile("[^\0\ud800-\udfff]*")  # what can be said to a program
LARGEST: Final = 2**28
"""The most bytes that the file of an operation may have; what people decide is shorter."""


@dataclass(frozen=True)
class Operation:
    """What is being merged into a branch.

    ``verb`` is ``merge``, ``revert``, ``cherry-pick`` or ``restore``; ``ours`` is the branch's commit,
    ``theirs`` a commit or tree, ``base`` a tree or, for a merge, ``""``: what both come from. ``parents``
    are those of the commit to be made, ``made`` is its id once it is. ``source`` is what people called it.
    """

    verb: str
    source: str
    branch: str
    ours: str
    theirs: str
    parents: tuple[str, ...]
    message: str
    base: str = ""
    author: Signature | None = None
    author_date: datetime | None = None
    resolutions: tuple[Resolution, ...] = ()
    made: str = ""
    read: bytes = field(default=b"", compare=False, repr=False)
    """The file that it was read from; what another process writes meanwhile is not overwritten."""

    def tree(self, repository: Repository, base: Base | None = None) -> TreeMerge:
        """What the merge gives with what was decided so far; ``base`` is that of both, if it is at hand.

        Raises:
            RepositoryError: the repository lacks one of its commits; the hint has the ways on.
        """
        # Mostly nothing is under way, and every commit and status looks.
        from contentgit.branches.trees import merge_trees

        try:
            base = base or self.base_of(repository)
            return merge_trees(repository, base, self.ours, self.theirs, self.resolutions)
        except ContentgitError as error:
            wanted = filter(None, (self.ours, self.theirs, self.base))
            gone = [each for each in wanted if not repository.objects.has(each)]
            if not gone:
                raise
            ways = [*fetching(repository, gone[0]), f"contentgit {self.verb} --abort  (gives up)"]
            raise RepositoryError(
                f"the {self.named} needs {gone[0][:10]}, which is not in the repository "
                f"{repository.path}",
                hint="\n".join(ways),
            ) from error

    def base_of(self, repository: Repository) -> Base:
        """What both sides come from."""
        from contentgit.branches.trees import Base, common_base, given_base

        if not self.base:
            return common_base(repository, self.ours, self.theirs)
        if self.verb != "merge":
            return Base(self.base)
        return given_base(repository, self.base, self.ours, self.theirs)

    def ends(self) -> str:
        """The commands that end it, a line each: ``contentgit merge --continue`` and ``--abort``."""
        return f"contentgit {self.verb} --continue\ncontentgit {self.verb} --abort  (gives up)"

    @property
    def named(self) -> str:
        """What is going on: ``merge of summer into main``."""
        way = "into" if self.verb == "merge" else "on"
        return f"{self.verb} of {self.source} {way} {self.branch}"


def refuse_under_way(repository: Repository, branch: str = "") -> None:
    """Raises RefusedError where a merge is under way, into ``branch`` if that is given."""
    there = current(repository)
    if there is not None and branch in ("", there.branch):
        raise RefusedError(f"a {there.named} is under way", hint=there.ends())


def refuse_unfinished(repository: Repository) -> None:
    """Raises RefusedError where a merge, of contentgit or of git itself, is under way here."""
    refuse_under_way(repository)
    for name in ("MERGE_HEAD", "CHERRY_PICK_HEAD", "REVERT_HEAD"):
        if (repository.git_dir / name).exists():
            raise RefusedError(
                f"git itself has a merge under way in {repository.path} ({name})",
                hint=f"{repository.command('merge --abort')}  (gives it up)\n"
                f"{repository.command('commit')}  (concludes it)",
            )


def current(repository: Repository) -> Operation | None:
    """The operation under way; ``None`` where there is none.

    One whose commit is on the branch already was interrupted after its end: it is removed. A commit
    of somebody else with the same parents is another one, and does not take the decisions with it.

    Raises:
        FormatError: the file that keeps it is broken.
    """
    path = _path(repository)
    try:
        data, document = _read(path)
        operation = replace(_parsed(document), read=data)
    except FileNotFoundError:
        return None
    except OSError as error:
        name = shlex.quote(os.fspath(path))
        raise RepositoryError(
            f"cannot read {path}: {error.strerror}",
            hint=f"mv {name} {name}.broken  (takes it away; then begin the merge again)",
        ) from error
    except MISFITS as error:
        raise FormatError(
            f"{path} is broken: {misfit(error)}", hint="contentgit merge --abort  removes it"
        ) from error
    tip = repository.refs.tip(operation.branch)
    made = operation.made if tip != operation.ours else ""
    if tip and made and repository.objects.has(made) and repository.history.is_ancestor(made, tip):
        repository.worktrees.bring_along(operation.branch, operation.ours, tip)
        forget(repository)
        return None
    return operation


def under_way(repository: Repository, verb: str = "") -> Operation:
    """The operation under way, which is one of ``verb`` if that is given.

    Raises:
        UsageError: there is none, or another one.
    """
    return chosen(current(repository), verb)


def chosen(operation: Operation | None, verb: str) -> Operation:
    """The operation if there is one, and one of ``verb`` if that is given; raises UsageError."""
    if operation is None:
        verb = verb or "merge"
        start = "restore RECORD --from REV" if verb == "restore" else f"{verb} REV"
        raise UsageError(f"no {verb} is under way", hint=f"contentgit {start}  begins one")
    if verb not in ("", operation.verb):
        raise UsageError(f"no {verb} is under way, but a {operation.named}", hint=operation.ends())
    return operation


def keep(repository: Repository, operation: Operation) -> None:
    """Writes the operation down, in one move: the old state or the new one is there.

    Raises:
        BusyError: another process has written there since it was read.
        RepositoryError: the git directory cannot be written.
    """
    path = _path(repository)
    text = json.dumps(_document(operation), indent=2, ensure_ascii=True) + "\n"
    try:
        path.parent.mkdir(exist_ok=True)
        # A name of its own for each process; the lock on the folder ends with its process.
        fresh = path.with_suffix(f".{os.getpid()}.new")
        try:
            with fresh.open("w", encoding="ascii") as file:
                file.write(text)
                file.flush()
                os.fsync(file.fileno())
            with _alone(path.parent):
                if (path.read_bytes() if path.exists() else b"") != operation.read:
                    raise BusyError(
                        f"another process is working on the {operation.named}; nothing was decided",
                        hint="run the command again",
                    )
                fresh.replace(path)
        finally:
            fresh.unlink(missing_ok=True)
    except OSError as error:
        raise RepositoryError(f"cannot write {path}: {error.strerror}") from error


@contextmanager
def _alone(folder: Path) -> Iterator[None]:
    """Keeps other processes of contentgit from writing in the folder meanwhile, where the system can."""
    try:
        import fcntl
    except ImportError:
        yield
        return
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX)
        yield
    finally:
        os.close(descriptor)


def refuse_moved(repository: Repository, operation: Operation) -> None:
    """Raises BusyError where the branch is not what it was when the operation began."""
    tip = repository.refs.tip(operation.branch)
    if tip is None:
        back = f"contentgit branch {operation.branch} {operation.ours[:10]}  (brings it back)\n"
        raise BusyError(
            f"branch {operation.branch} is gone since the {operation.verb} began",
            hint=(back if repository.objects.has(operation.ours) else "")
            + f"contentgit {operation.verb} --abort  (gives up)",
        )
    if tip != operation.ours:
        raise BusyError(
            f"branch {operation.branch} has moved since the {operation.verb} began: it is at "
            f"{tip[:10]} and not at {operation.ours[:10]}",
            hint=f"contentgit {operation.verb} --abort  (gives up and forgets what was decided; then run "
            f"the {operation.verb} again)",
        )


def forget(repository: Repository) -> None:
    """Removes what is kept of an operation, if there is any.

    Raises:
        RepositoryError: the git directory cannot be written.
    """
    path = _path(repository)
    try:
        path.unlink(missing_ok=True)
    except OSError as error:
        raise RepositoryError(
            f"cannot remove {path}: {error.strerror}", hint="remove it by hand, then go on"
        ) from error


def is_kept(repository: Repository) -> bool:
    """Whether an operation is kept on disk."""
    return _path(repository).exists()


def _path(repository: Repository) -> Path:
    return repository.git_dir / _FOLDER / _FILE


def _read(path: Path) -> tuple[bytes, Any]:
    """The bytes of a file and the JSON value in them, of bounded size and depth.

    Raises:
        OSError: it is not there, or cannot be read.
        FormatError: it is not a plain file, too large, or not JSON that contentgit writes.
    """
    # A pipe in its place would else be waited for.
    with open(os.open(path, os.O_RDONLY | getattr(os, "O_NONBLOCK", 0)), "rb") as file:
        about = os.fstat(file.fileno())
        if not stat.S_ISREG(about.st_mode):
            raise FormatError("it is not a file")
        data = file.read(LARGEST + 1)
    if len(data) > LARGEST:
        raise FormatError(f"it has more than {LARGEST:,} bytes")
    return data, parse_document(data)


def _document(operation: Operation) -> dict[str, Any]:
    author = operation.author
    return {
        "format": FORMAT,
        "verb": operation.verb,
        "source": operation.source,
        "branch": operation.branch,
        "ours": operation.ours,
        "theirs": operation.theirs,
        "base": operation.base,
        "parents": list(operation.parents),
        "message": operation.message,
        "author": [author.name, author.email] if author else None,
        "author_date": operation.author_date.isoformat() if operation.author_date else None,
        "resolutions": [resolution.document() for resolution in operation.resolutions],
        "made": operation.made,
    }


def _parsed(document: Any) -> Operation:
    from contentgit.merge import Resolution  # see Operation.tree

    if document["format"] != FORMAT:
        raise FormatError(f"it has format {document['format']}, and this contentgit knows {FORMAT}")
    if document["verb"] not in _VERBS:
        raise FormatError(
            f"it is about a {document['verb']!r:.50}, which this contentgit does not know"
        )
    author, date = document["author"], document["author_date"]
    return Operation(
        verb=_text(document["verb"]),
        source=_text(document["source"]),
        branch=_text(document["branch"]),
        ours=_id(document["ours"]),
        theirs=_id(document["theirs"]),
        base=document["base"] and _id(document["base"]),
        message=_text(document["message"]),
        parents=tuple(map(_id, document["parents"])),
        author=Signature(*map(_text, author)) if author else None,
        author_date=_moment(date) if date else None,
        resolutions=tuple(map(Resolution.parse, document["resolutions"])),
        made=document.get("made", "") and _id(document["made"]),
    )


def _moment(value: Any) -> datetime:
    try:
        return datetime.fromisoformat(value)
    except (TypeError, ValueError):
        raise FormatError(f"{value!r:.50} is not a date") from None


def _text(value: Any) -> str:
    if type(value) is not str or not _SAYABLE.fullmatch(value):
        raise FormatError(f"{value!r:.50} is not plain text")
    return value


def _id(value: Any) -> str:
    if type(value) is not str or not _ID.fullmatch(value):
        raise FormatError(f"{value!r:.50} is not an object id")
    return value


def head_of(repository: Repository, purpose: str) -> tuple[str, str]:
    """HEAD's branch and its commit; raises UsageError where HEAD is detached."""
    branch = repository.refs.head_branch()
    if branch is None:
        raise UsageError(
            f"HEAD of the repository is detached: there is no branch to {purpose}",
            hint="contentgit checkout BRANCH  moves HEAD there",
        )
    return branch, repository.refs.resolve("HEAD")
