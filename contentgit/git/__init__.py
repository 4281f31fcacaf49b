"""The repository: *every* use of git, and nothing of records or Django.

GitPython opens it and runs git's plumbing; its own objects, index, diffs and refs are not used. Ids of
commits are full and hexadecimal everywhere: :meth:`Refs.resolve` makes them of what people write.
"""

from __future__ import annotations

import os
from pathlib import Path

from contentgit.errors import RepositoryError
from contentgit.git.failures import no_repository
from contentgit.git.following import common_folder
from contentgit.git.history import History
from contentgit.git.housekeeping import Housekeeping
from contentgit.git.lfs import Lfs, Wanted
from contentgit.git.objects import Objects
from contentgit.git.program import CONFIGURATION, Program, check_age
from contentgit.git.refs import HEADS, Refs
from contentgit.git.remotes import Moved, RefMove, Remotes
from contentgit.git.settings import Settings
from contentgit.git.tags import Tag, Tags
from contentgit.git.talking import Talk
from contentgit.git.trees import Trees
from contentgit.git.values import (
    GONE,
    Branch,
    BrokenRef,
    Commit,
    FileEntry,
    FileStream,
    Finished,
    LeftAlone,
    Placed,
    Signature,
    Version,
    with_trailers,
)
from contentgit.git.worktrees import Worktrees
from contentgit.git.writing import Writer

__all__ = [
    "GONE",
    "Branch",
    "BrokenRef",
    "Commit",
    "FileEntry",
    "FileStream",
    "Finished",
    "LeftAlone",
    "Moved",
    "Placed",
    "RefMove",
    "Repository",
    "Signature",
    "Tag",
    "Talk",
    "Version",
    "Wanted",
    "finish_moves",
    "with_trailers",
]

MARK = "contentgit.json"
# Files read one by one that are remembered, and their largest size: dataset.json is in each commit.
_DOCUMENTS, _LONG = 100, 1 << 16


def finish_moves(repository: Repository) -> list[Finished]:
    """:meth:`Worktrees.finish_moves`, for who opens a repository."""
    return repository.worktrees.finish_moves()


class Repository:
    """A git repository that holds content, bare or with a worktree, sha1 or sha256.

    Made by :meth:`open`, :meth:`discover` or :meth:`init`. What can be done with it is in its parts. No
    method leaves a user's edit changed, and only those that say so move a ref.
    """

    path: Path
    """The worktree's top, or the bare repository."""
    git_dir: Path
    """Where HEAD and the index are: ``.git``, the bare repository, or a linked worktree's own folder."""
    worktree: Path | None
    bare: bool
    algorithm: str
    """``"sha1"`` or ``"sha256"``."""

    def __init__(self, program: Program) -> None:
        asked = ("--is-bare-repository", "--show-object-format", "--absolute-git-dir")
        bare, self.algorithm, folder = program.line("rev-parse", *asked).split("\n", 2)
        self.bare = bare == "true"
        self.path = program.folder
        self.git_dir = Path(folder)
        has_files = not self.bare and os.path.lexists(self.path / ".git")
        self.worktree = self.path if has_files else None
        self._program = program
        self._documents: dict[str, bytes] = {}
        shared = common_folder(self.git_dir)
        self.objects = Objects(program)
        self.trees = Trees(program, self.algorithm)
        self.refs = Refs(program)
        self.history = History(program, self.refs, self.trees)
        self.writer = Writer(program, self.trees, shared)
        self.worktrees = Worktrees(
            program, self.refs, self.trees, self.git_dir, shared, bare=self.worktree is None
        )
        self.remotes = Remotes(program, self.refs, self.history)
        self.lfs = Lfs(program, self.remotes)
        self.tags = Tags(program, self.refs)
        self.settings = Settings(program, shared)
        self.housekeeping = Housekeeping(program, self.git_dir, shared)

    def __repr__(self) -> str:
        return f"Repository({os.fspath(self.path)!r})"

    # Opening

    @classmethod
    def open(cls, path: Path) -> Repository:
        """The repository at ``path``: a worktree's top, its ``.git``, or a bare repository.

        Raises:
            RepositoryError: there is none, git is not installed or too old, or does not trust it.
        """
        check_age()
        path = Path(os.path.abspath(path))
        if path.name == ".git":
            path = path.parent
        return cls(Program.opened(path))

    @classmethod
    def discover(cls, start: Path) -> Repository:
        """The repository that contains ``start``.

        Raises:
            RepositoryError: as :meth:`open`.
        """
        check_age()
        start = Path(os.path.abspath(start))
        if not start.is_dir():
            raise no_repository(start)
        program = Program(start, configuration=CONFIGURATION)
        code, top, errors = program.ask("rev-parse", "--show-toplevel")
        if code and "work tree" in errors:
            top = program.run("rev-parse", "--absolute-git-dir")
        elif code:
            raise program.failure("rev-parse", errors)
        return cls.open(Path(os.fsdecode(top.removesuffix(b"\n"))))

    @classmethod
    def at(cls, path: Path) -> Repository | None:
        """The repository at ``path``, as :meth:`open`; None where there is none.

        Raises:
            RepositoryError: git does not trust it.
        """
        path = path.parent if path.name == ".git" else path
        try:
            program = Program.opened(path)
        except RepositoryError:
            return None
        check_age()
        return cls(program)

    @classmethod
    def init(cls, path: Path, *, bare: bool = False, branch: str = "main") -> Repository:
        """Makes an empty repository at ``path``, whose HEAD is on ``branch``; folders are made as needed.

        A repository that holds ``contentgit.json``, or nothing at all, is taken as it is. The first commit
        is the caller's to make.

        Raises:
            RepositoryError: the folder holds something else, or cannot be written.
            UsageError: ``branch`` cannot be the name of a branch.
        """
        check_age()
        path = Path(os.path.abspath(path))
        Refs(Program(Path(os.sep))).check_branch_name(branch)
        try:
            path.mkdir(parents=True, exist_ok=True)
            empty = not any(path.iterdir())
        except OSError as error:
            raise RepositoryError(
                f"cannot make a repository at {path}: {error.strerror}"
            ) from error
        if empty:
            words = ["--quiet", f"--initial-branch={branch}", *(["--bare"] if bare else [])]
            Program(path).run("init", *words, writing=True)
        else:
            _check_own(path, bare=bare)
        return cls.open(path)

    def around(self) -> tuple[Path, str] | None:
        """The repository that contains this one, and a line for its ``.gitignore``.

        None if there is none, or it ignores this one.
        """
        program = Program(self.path.parent, CONFIGURATION)
        code, output, _ = program.ask("rev-parse", "--show-toplevel")
        if code:
            return None
        top = Path(os.fsdecode(output.removesuffix(b"\n")))
        # check-ignore refuses to run with the setting that its arguments are paths, which they are anyway.
        env = {"GIT_LITERAL_PATHSPECS": "0"}
        if program.ask("check-ignore", "--quiet", f"{self.path}{os.sep}", env=env)[0] == 0:
            return None
        return top, f"/{self.path.resolve().relative_to(top).as_posix()}/"

    def command(self, words: str) -> str:
        """``git WORDS`` as people type it: it works in this repository wherever they are."""
        return self._program.command(words)

    def blob(self, commit: str, path: str) -> bytes | None:
        """The content of the file at ``path`` in a commit; None where there is none."""
        found = self.trees.entry(commit, path)
        if found is None:
            return None
        if found not in self._documents:
            (data,) = self.objects.blobs([found])
            if len(data) > _LONG:
                return data
            if len(self._documents) == _DOCUMENTS:
                self._documents.clear()
            self._documents[found] = data
        return self._documents[found]


def _check_own(path: Path, *, bare: bool) -> None:
    try:
        program = Program.opened(path)
    except RepositoryError:
        raise _foreign(path, "is not empty and not a repository") from None
    is_bare = program.line("rev-parse", "--is-bare-repository") == "true"
    if bare and not is_bare:
        raise RepositoryError(
            f"the repository {path} is there already and is not bare",
            hint="leave --bare away, or choose another folder",
        )
    tips = {commit for _, commit in Refs(program).under(HEADS)}
    if not tips:
        if not is_bare and {each.name for each in path.iterdir()} != {".git"}:
            raise _foreign(path, "has files and no commit")
    elif not any(program.ask("cat-file", "-e", f"{tip}:{MARK}")[0] == 0 for tip in tips):
        raise _foreign(path, f"holds other things: no branch has a file {MARK}")


def _foreign(path: Path, what: str) -> RepositoryError:
    return RepositoryError(
        f"{path} {what}",
        hint="content needs a repository of its own: name an empty folder, or one that is not there",
    )
