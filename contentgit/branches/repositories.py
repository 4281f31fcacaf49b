"""``init``: a repository for content."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from contextlib import suppress
from dataclasses import dataclass, replace
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING

from contentgit.content.layout import REPOSITORY_FILE
from contentgit.errors import ContentgitError
from contentgit.git import Repository, finish_moves

if TYPE_CHECKING:
    from contentgit.branches.lfs import FilesInLfs
    from contentgit.branches.workflows import Workflow

OWN_REFS = "refs/contentgit/"
"""Where contentgit keeps backups and what databases hold; a repository of code has none of these."""


@dataclass(frozen=True)
class Initialized:
    """Where the repository is, whether it was there before, and the workflow that was asked for.

    Where it lies in another repository that does not ignore it, that is ``around``, and ``ignore`` is the
    line for its ``.gitignore``. ``lfs`` is set where git-lfs keeps files.
    """

    path: Path
    bare: bool
    branch: str
    created: bool
    workflow: Workflow | None = None
    around: Path | None = None
    ignore: str = ""
    lfs: FilesInLfs | None = None


def init(
    path: Path,
    *,
    bare: bool = False,
    branch: str = "main",
    host: str | None = None,
    force: bool = False,
    lfs: bool = False,
    command: Sequence[str] = (),
    opened: Callable[[Repository], object] = finish_moves,
) -> Initialized:
    """Makes a repository whose first commit says which format it holds.

    With ``host`` (``"github"``, ``"gitlab"``) a commit adds the host's workflow, also to a repository that is
    there; ``force`` replaces another file in its place. With ``lfs`` git-lfs keeps files, from a new commit
    on where the repository is there. With the ``command`` that starts contentgit, git's own merge and diff
    are set up in a new one, too. ``opened`` is called with the repository.

    Raises:
        RepositoryError: the folder holds something else, git refused, or git-lfs is not installed.
        RefusedError: there is another file where the workflow goes.
    """
    repository = Repository.init(path, bare=bare, branch=branch)
    opened(repository)
    if lfs:
        from contentgit.branches.lfs import keep_files_in_lfs

        hooked = repository.lfs.install()
    made = _begun(repository, branch, command, lfs=lfs)
    if lfs:
        made = replace(made, lfs=keep_files_in_lfs(repository, made.branch, hooked=hooked))
    outer = repository.around()
    if outer is not None:
        made = replace(made, around=outer[0], ignore=outer[1])
    if host is None:
        return made
    from contentgit.branches.workflows import add_workflow

    added = add_workflow(repository, host, made.branch, force=force)
    return replace(made, workflow=added)


def _begun(
    repository: Repository, branch: str, command: Sequence[str], *, lfs: bool
) -> Initialized:
    # Imported here: the verbs that only look for a repository start faster without.
    from contentgit.branches.git_setup import install
    from contentgit.content.pointers import ATTRIBUTES_FILE, with_pointers
    from contentgit.history.commits import check_format, repository_document

    repository.settings.identity()
    head = repository.refs.head_branch() or branch
    tip = repository.refs.tip(head)
    if tip is not None:
        check_format(repository, tip)
        return Initialized(repository.path, repository.bare, head, created=False)
    if command:  # before the branch, which says that all is done
        install(repository, command, force=False)
    files = [(REPOSITORY_FILE, repository_document())]
    if lfs:
        files.append((ATTRIBUTES_FILE, with_pointers(b"")))
    tree = repository.writer.write_tree(None, files)
    new = repository.writer.commit_tree(tree, [], "Start a repository of content\n")
    repository.worktrees.advance(head, new, None, "contentgit init")
    return Initialized(repository.path, repository.bare, head, created=True)


def holds_content(repository: Repository) -> bool:
    """Whether HEAD, or any branch where HEAD has none, has contentgit's mark.

    In continuous integration HEAD is mostly detached, and there are no branches.
    """
    has, refs = repository.trees.entry, repository.refs
    with suppress(ContentgitError):  # mostly this is all, and starts no process
        if has(refs.resolve("HEAD"), REPOSITORY_FILE):
            return True
    return any(has(branch.commit, REPOSITORY_FILE) for branch in refs.branches()[:20])


@cache
def content_around(folder: Path) -> Path | None:
    """The repository of content that contains ``folder``, at any depth, even through another repository.

    Raises:
        RepositoryError: git cannot tell, as where a repository belongs to another user.
    """
    folder = folder.resolve()
    for place in (folder, *folder.parents):
        repository = Repository.at(place)
        if repository is None:
            continue
        # A commit, of whatever ref, has or had contentgit's mark, or contentgit keeps refs there.
        with suppress(ContentgitError):
            if repository.trees.entry(repository.refs.resolve("HEAD"), REPOSITORY_FILE):
                return repository.path
        if repository.refs.under(OWN_REFS) or repository.history.ever_had(REPOSITORY_FILE):
            return repository.path
    return None
