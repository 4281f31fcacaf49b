"""The repository: *every* use of git, and nothing of records or Django.

GitPython opens it and runs git's plumbing; its own objects, index, diffs and refs are not used. Ids of
commits are full and hexadecimal everywhere: :meth:`Repository.resolve` makes them of what people write.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import AbstractContextManager
from datetime import datetime
from functools import cached_property, partial
from pathlib import Path
from types import MappingProxyType

from contentgit.errors import FormatError, RepositoryError, UnknownNameError
from contentgit.git import (
    collecting,
    history,
    moves,
    objects,
    refs,
    starting,
    versions,
    worktree,
    writing,
)
from contentgit.git.failures import no_identity, no_repository
from contentgit.git.program import CONFIGURATION, Program, check_age
from contentgit.git.remotes import Moved, RefMove, Remotes, Talk
from contentgit.git.settings import Settings
from contentgit.git.tags import Tag, Tags
from contentgit.git.trees import Trees
from contentgit.git.values import (
    GONE,
    Branch,
    BrokenRef,
    Commit,
    FileEntry,
    Finished,
    LeftAlone,
    Placed,
    Signature,
    Written,
    parse_ident,
)
from contentgit.git.versions import Version

__all__ = [
    "GONE",
    "Branch",
    "BrokenRef",
    "Commit",
    "FileEntry",
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
    "Written",
]

_DOCUMENTS, _LONG = (
    100,
    1 << 16,
)  # files read one by one that are remembered: dataset.json is in each commit


class Repository:
    """A git repository that holds content, bare or with a worktree, sha1 or sha256.

    Made by :meth:`open`, :meth:`discover` or :meth:`init`. No method leaves a user's edit changed, and only
    those that say so move a ref.
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
        self._zero = "0" * (40 if self.algorithm == "sha1" else 64)
        self._trees = Trees(program, self.algorithm)
        self._documents: dict[str, bytes] = {}

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
        """The repository that ``start`` lies in.

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
        starting.start(path, bare=bare, branch=branch)
        return cls.open(path)

    @cached_property
    def settings(self) -> Settings:
        """Its own configuration and attributes, beside what the user has for all repositories."""
        return Settings(self._program, worktree.common_folder(self.git_dir))

    @cached_property
    def remotes(self) -> Remotes:
        """The repositories that this one fetches from and pushes to."""
        return Remotes(self._program)

    @cached_property
    def tags(self) -> Tags:
        """The tags: names of commits that stay."""
        return Tags(self._program, self._zero)

    def around(self) -> tuple[Path, str] | None:
        """The repository that this one lies in, and a line for its ``.gitignore``.

        None where it lies in none, or is ignored there.
        """
        return starting.ignored_by(self.path)

    def command(self, words: str) -> str:
        """``git WORDS`` as people type it: it works in this repository wherever they are."""
        return self._program.command(words)

    # Names

    def head_branch(self) -> str | None:
        """The branch that HEAD is on, also where it has no commit yet or its ref is broken.

        None where HEAD is detached.
        """
        return refs.head_branch(self._program)

    def head_commit(self) -> str | None:
        """The commit that HEAD is at; None where its branch has none yet."""
        return refs.head_commit(self._program)

    def set_head(self, branch: str) -> None:
        """Puts HEAD on ``branch``, which need not exist; no file is touched.

        Raises:
            UsageError: ``branch`` cannot be the name of a branch.
        """
        self.check_branch_name(branch)
        name = refs.HEADS + branch
        self._program.run("symbolic-ref", "-m", "contentgit", "HEAD", name, writing=True)

    def resolve(self, revision: str) -> str:
        """The id of the commit that ``revision`` names.

        Raises:
            UnknownNameError: it names none; the hint lists branches.
            RepositoryError: what it names is missing or damaged.
        """
        return refs.resolve(self._program, revision)

    def branch_tip(self, branch: str) -> str | None:
        """The commit that a local branch points at; None where there is no such branch.

        Raises:
            RepositoryError: its ref is broken, or the commit is missing or damaged.
        """
        tip = self.read_ref(refs.HEADS + branch)
        if tip:
            try:
                self._trees.root(tip)
            except RepositoryError as error:
                raise refs.lost_tip(self._program, branch, error) from error
        return tip

    def remote_with(self, branch: str) -> str:
        """The first remote that has the branch, as far as was fetched; ``""`` where none has."""
        return refs.remote_with(self._program, branch)

    def branches(self) -> list[Branch]:
        """The local branches, sorted by name; one without a commit is not among them."""
        return refs.branches(self._program)

    def broken_branches(self) -> list[BrokenRef]:
        """The local branches whose refs hold no id of a commit."""
        return refs.broken_refs(self._program, refs.HEADS)

    def check_branch_name(self, name: str) -> None:
        """Raises UsageError where git would not take ``name`` for a branch."""
        refs.check_branch_name(self._program, name)

    def create_branch(self, name: str, commit: str) -> None:
        """Makes the branch ``name`` at ``commit``.

        Raises:
            UsageError: it exists, or cannot have this name.
        """
        refs.create_branch(self._program, name, commit, zero=self._zero)

    def delete_branch(self, name: str, *, force: bool = False) -> None:
        """Deletes a branch, with ``force`` also one with commits that HEAD does not have.

        Raises:
            UnknownNameError: there is no such branch.
            RefusedError: it is checked out somewhere, or its commits would be lost.
        """
        refs.delete_branch(self._program, name, force=force, zero=self._zero)

    def refs(self, prefix: str) -> list[tuple[str, str]]:
        """Full name and id of the ref ``prefix``, or of all in that folder, sorted by name."""
        return refs.refs(self._program, prefix)

    def read_ref(self, ref: str) -> str | None:
        """The id that a ref, by its full name, points at; None where there is none."""
        return refs.read_ref(self._program, ref)

    def move_ref(self, ref: str, new: str, old: str | None, reason: str) -> None:
        """Points ``ref`` at ``new`` if it points at ``old`` still; None means that there is no ref yet.

        ``reason`` is for the reflog.

        Raises:
            BusyError: it points at something else.
            RepositoryError: git cannot write it.
        """
        refs.move_ref(self._program, ref, new, old, reason, zero=self._zero)

    def delete_ref(self, ref: str, old: str) -> None:
        """Deletes ``ref`` if it points at ``old`` still; raises as :meth:`move_ref`."""
        refs.move_ref(self._program, ref, None, old, "contentgit", zero=self._zero)

    def ever_had(self, path: str) -> bool:
        """Whether a commit of any ref, or an ancestor of one, has or had something at ``path``."""
        return history.ever_had(self._program, path)

    # Content

    def tree_id(self, commit: str, folder: str = "") -> str | None:
        """The id of a commit's tree or of a folder's in it; None where it has no such folder.

        Raises:
            FormatError: something else stands there.
        """
        return self._trees.folder_id(commit, folder)

    def root_tree(self, commit: str) -> str:
        """The id of the whole tree of a commit, or of a tree itself."""
        return self._trees.root(commit)

    def folders(self, commit: str) -> list[str]:
        """The names of the folders at the top of a commit, sorted."""
        return self._trees.folders(commit)

    def entry(self, commit: str, path: str) -> str | None:
        """The blob id of the file at ``path`` in a commit; None where there is none."""
        return self._trees.files_at(commit, [path]).get(path)

    def files_at(self, commit: str, paths: Sequence[str]) -> dict[str, str]:
        """The blob ids of the files at these paths of a commit; a path without a file is left out."""
        return self._trees.files_at(commit, paths)

    def entries(self, commit: str, folder: str) -> Iterator[tuple[str, str]]:
        """Path within ``folder`` and blob id of each of its files, in no particular order; streamed.

        A folder that the commit does not have has no files.

        Raises:
            FormatError: it is no folder, or something in it is not a plain file with a name in UTF-8.
            RepositoryError: a tree is missing or damaged.
        """
        return self._trees.entries(commit, folder)

    def listing(
        self, commit: str, wanted: Callable[[str], bool], repeated: Callable[[str], None]
    ) -> Iterator[tuple[str, list[tuple[str, str, str]]]]:
        """Every folder of a commit with what lies in it: name, mode as git writes it, id; streamed.

        Nothing is refused, whatever its mode and name are: this is for who looks for what is wrong.
        ``""`` is the top; ``wanted`` says of every other folder, by its path, whether it is listed;
        ``repeated`` is told of those that are left out, since they repeat others without end.

        Raises:
            RepositoryError: a tree is missing or damaged.
        """
        return self._trees.listing(commit, wanted, repeated)

    def diff_entries(
        self, before: str | None, after: str | None, folder: str = ""
    ) -> Iterator[tuple[str, str | None, str | None]]:
        """Path within ``folder`` and both blob ids of each file that differs, sorted by path.

        A commit that is None, or has no such folder, has no files.

        Raises:
            FormatError: something that differs is not a plain file with a name in UTF-8.
        """
        return self._trees.diff_entries(before, after, folder)

    def changed_files(
        self, before: str | None, after: str | None
    ) -> Iterator[tuple[str, FileEntry | None, FileEntry | None]]:
        """Path and both sides of every file that differs between two commits or trees, sorted by path.

        Whatever kind of file it is; None stands for a side without it, or without anything.
        """
        trees = [self.root_tree(each) if each else None for each in (before, after)]
        for path, old, new in self._trees.differences(*trees):
            yield os.fsdecode(path), old and FileEntry(*old), new and FileEntry(*new)

    def check_folders(self, before: str | None, after: str) -> None:
        """Refuses to let a branch move from one commit to another where no worktree could follow.

        Raises:
            FormatError: folders that differ are nested too deep, or repeat others without end.
        """
        for _ in self._trees.differing(before and self.root_tree(before), self.root_tree(after)):
            pass

    def blobs(self, ids: Iterable[str]) -> Iterator[bytes]:
        """The content of each blob, in the order asked; streamed.

        Raises:
            RepositoryError: one is missing or damaged.
        """
        return objects.contents(self._program, ids, "blob")

    def merge_blobs(self, base: str, ours: str, theirs: str) -> str | None:
        """The id of the text with both sides' changed lines; None where they touch, or it is no text."""
        return writing.merge_blobs(self._program, base, ours, theirs)

    def write_blob(self, data: bytes) -> str:
        """The id of these bytes, which are in the repository afterwards."""
        return writing.write_blob(self._program, data)

    def blob(self, commit: str, path: str) -> bytes | None:
        """The content of the file at ``path`` in a commit; None where there is none."""
        found = self.entry(commit, path)
        if found is None:
            return None
        if found not in self._documents:
            (data,) = self.blobs([found])
            if len(data) > _LONG:
                return data
            if len(self._documents) == _DOCUMENTS:
                self._documents.clear()
            self._documents[found] = data
        return self._documents[found]

    # History

    def log(
        self,
        revision: str,
        *,
        folder: str | None = None,
        folders: Sequence[str] = (),
        limit: int | None = None,
    ) -> Iterator[Commit]:
        """The commits of a revision or of a range ``A..B``, newest first; streamed.

        With ``folder`` or ``folders`` only those that changed something in one of them.

        Raises:
            UnknownNameError: the revision does not exist.
        """
        wanted = [*folders, *([folder] if folder else [])]
        return history.log(self._program, self._trees, revision, wanted, limit)

    def commit(self, commit_id: str) -> Commit:
        """The commit with this id; RepositoryError where it is missing."""
        return history.commit(self._program, commit_id)

    def commits(self, ids: Sequence[str]) -> dict[str, Commit]:
        """The commits with these ids, by id; RepositoryError where one is missing."""
        return history.commits(self._program, ids)

    def versions(self, commit: str, paths: Sequence[str]) -> list[Version]:
        """The commits up to ``commit`` that changed one of these files, and all merges; children first."""
        return versions.versions(self._program, commit, paths)

    def merge_bases(self, one: str, other: str) -> list[str]:
        """The best common ancestors of two commits, none where they have no common history.

        Raises:
            RepositoryError: this is a shallow clone, which does not have them.
        """
        return history.merge_bases(self._program, one, other)

    def is_shallow(self) -> bool:
        """Whether this is a clone that lacks the beginning of its history."""
        return self._program.line("rev-parse", "--is-shallow-repository") == "true"

    def is_ancestor(self, one: str, other: str) -> bool:
        """Whether ``one`` is ``other`` or among its ancestors."""
        return history.is_ancestor(self._program, one, other)

    # Writing

    def identity(self) -> Signature:
        """Who commits, as git is configured; never guessed.

        Raises:
            RepositoryError: git does not know; the hint says how to tell it.
        """
        asked = self._program.ask("var", "GIT_AUTHOR_IDENT", config=("user.useConfigOnly=true",))
        code, output, _ = asked
        if code:
            raise no_identity()
        return parse_ident(output)

    def editor(self) -> str:
        """The shell command of the user's editor, as git chooses it.

        Raises:
            RepositoryError: git finds none that would work here.
        """
        return self._program.line("var", "GIT_EDITOR")

    @staticmethod
    def writes(path: str) -> bool:
        """Whether :meth:`write_tree` takes the path."""
        try:
            return bool(writing.checked_path(path))
        except FormatError:
            return False

    def write_tree(
        self,
        parent: str | None,
        changes: Iterable[tuple[str, Placed]],
        folders: Mapping[str, str] = MappingProxyType({}),
    ) -> str:
        """The id of the tree of commit ``parent`` with ``changes`` made: what stands at each path.

        Before these ``folders`` get other trees, by id; ``""`` takes a folder out, and the folder ``""`` is
        the whole tree.

        Streamed: memory keeps the paths alone. The changes take effect in their order: a file goes before
        another, or a folder, takes its name. No ref is moved.

        Raises:
            FormatError: a path is not one that contentgit writes.
            RecordError: two changes put a file at one path, or one removes what another has put there.
            RepositoryError: git cannot write.
        """
        return writing.write_tree(self._program, self.algorithm, parent, changes, folders)

    def commit_tree(
        self,
        tree: str,
        parents: Sequence[str],
        message: str,
        *,
        author: Signature | None = None,
        committer: Signature | None = None,
        date: datetime | None = None,
        author_date: datetime | None = None,
    ) -> str:
        """The id of a new commit of ``tree``, signed where ``commit.gpgSign`` is set. No ref is moved.

        ``author`` and ``committer`` are by default those that git is configured with, ``date`` is git's now;
        ``author_date`` is that of what is committed again.

        Raises:
            RepositoryError: git does not know who commits, cannot sign, or cannot write.
            UsageError: the message is empty or holds a NUL, or the author has no name.
        """
        return writing.commit_tree(
            self._program,
            tree,
            parents,
            message,
            author=author,
            committer=committer,
            date=date,
            author_date=author_date,
        )

    def write_commit(
        self,
        *,
        parent: str | None,
        folder_changes: Iterable[tuple[str, Placed]],
        message: str,
        author: Signature | None = None,
        committer: Signature | None = None,
        date: datetime | None = None,
    ) -> Written:
        """Both of :meth:`write_tree` and :meth:`commit_tree`; no commit where the tree is the parent's."""
        tree = self.write_tree(parent, folder_changes)
        if parent and tree == self.tree_id(parent):
            return Written(parent, tree, changed=False)
        parents = [parent] if parent else []
        commit = self.commit_tree(
            tree, parents, message, author=author, committer=committer, date=date
        )
        return Written(commit, tree, changed=True)

    def maintain(self) -> None:
        """Puts many small packs together, as each commit adds one; does nothing where there are few.

        Best effort: a failure is left to git's own maintenance.
        """
        writing.put_together(self._program, worktree.common_folder(self.git_dir))

    # What is left behind

    def has_commit(self, commit: str) -> bool:
        """Whether the repository has the commit with this id."""
        return self._program.ask("cat-file", "-e", f"{commit}^{{commit}}")[0] == 0

    def has(self, name: str) -> bool:
        """Whether the repository has the object, of whatever kind, with this id."""
        return self._program.ask("cat-file", "-e", name)[0] == 0

    def refs_with(self, commit: str) -> list[str]:
        """The full names of the refs that reach the commit; while there is one, git keeps it."""
        found = self._program.line("for-each-ref", "--format=%(refname)", f"--contains={commit}")
        return found.splitlines()

    def temporary_files(self, before: datetime) -> list[Path]:
        """Temporary files in the git directory of calls that were killed, last written ``before`` a time."""
        folders = tuple({self.git_dir, worktree.common_folder(self.git_dir)})
        return collecting.leftovers(folders, before.timestamp())

    def locks(self) -> list[Path]:
        """The lock files in the git directory: of git processes at work, or of ones that were killed."""
        return collecting.locks(self.git_dir, worktree.common_folder(self.git_dir))

    def space(self) -> dict[str, int]:
        """git's count of objects: ``count`` loose ones, ``packs``, sizes in KiB."""
        return collecting.space(self._program)

    def in_use(self, *, alone: bool = False) -> AbstractContextManager[None]:
        """Holds the repository meanwhile: with others, or ``alone``, as whoever collects has to.

        Raises:
            BusyError: others hold it, and it was to be held alone.
        """
        shared = worktree.common_folder(self.git_dir)
        return collecting.in_use(shared, self._program, alone=alone)

    def collect(self, files: Sequence[Path]) -> None:
        """Removes these files, and objects that no ref has reached for as long as git keeps such.

        Raises:
            RepositoryError: git refuses, or is at it.
        """
        collecting.remove([*files])
        collecting.collect(self._program)

    # Worktrees

    def advance(self, branch: str, new: str, old: str | None, reason: str) -> list[LeftAlone]:
        """Moves a branch from ``old`` to ``new``, as :meth:`move_ref`, and brings its worktrees along.

        Where the process is killed on the way, or kept out of a worktree, :meth:`finish_moves` does the rest.

        Raises:
            BusyError: the branch points at something else.
            RepositoryError: git cannot write it.
        """
        return moves.advance(
            worktree.common_folder(self.git_dir),
            moves.Move(branch, old, new),
            partial(self.move_ref, refs.HEADS + branch, new, old, reason),
            partial(self.bring_along, branch, old, new),
        )

    def bring_along(self, branch: str, old: str | None, new: str) -> list[LeftAlone]:
        """Brings every worktree that is on ``branch`` from commit ``old`` to ``new``; the branch has moved.

        Files and index entries that the user has touched stay exactly as they are and are returned, so that
        ``git status`` then shows the user's own edits and nothing else. A worktree that cannot be
        written is returned with the reason.
        """
        shared = worktree.common_folder(self.git_dir)
        return worktree.bring_along(self._program, shared, self._trees, branch, old, new)

    def finish_moves(self) -> list[Finished]:
        """Brings worktrees along that another call has left behind their branch, or on the way to one.

        For whoever opens the repository, before anything is read of the worktree.
        """
        return moves.finish(self._program, worktree.common_folder(self.git_dir), self.algorithm)

    def edited_files(self) -> list[str]:
        """The files of the worktree that differ from HEAD's commit, without those that git ignores.

        None of them where there is no worktree, or nothing was checked out yet.

        Raises:
            FormatError: HEAD's commit has folders that nest or repeat without end.
        """
        if self.worktree is None or not (self.git_dir / "index").exists():
            return []
        return [*worktree.edited(self._program, self._trees)]

    def checkout_head(self, branch: str) -> None:
        """Puts HEAD on ``branch`` and brings the worktree, if there is one, along.

        Where the process is killed on the way, :meth:`finish_moves` brings the worktree back.

        Raises:
            UnknownNameError: there is no such branch.
            FormatError: its commit, or HEAD's, has folders that nest or repeat without end.
            RepositoryError: the user's edits are in the way; ``items`` lists them, nothing has changed.
            BusyError: another git process has its lock on index or HEAD.
        """
        tip = self.branch_tip(branch)
        if tip is None:
            hint = refs.known(self._program)
            raise UnknownNameError(f"there is no branch {branch!r}", hint=hint)
        if self.worktree is None:
            self.set_head(branch)
        elif self.head_branch() != branch:
            shared = worktree.common_folder(self.git_dir)
            moves.switch(self._program, shared, self._trees, branch, tip)
