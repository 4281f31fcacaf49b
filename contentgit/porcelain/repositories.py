"""``init``: a repository for content."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from contentgit.layout import REPOSITORY_FILE
from contentgit.repository import Repository


@dataclass(frozen=True)
class Initialized:
    """Where the repository is, and whether it was there before."""

    path: Path
    bare: bool
    branch: str
    created: bool


def init(
    path: Path, *, bare: bool = False, branch: str = "main", command: Sequence[str] = ()
) -> Initialized:
    """Makes a repository whose first commit says which format it holds.

    With the ``command`` that starts contentgit, git's own merge and diff are set up there too.

    Raises:
        RepositoryError: the folder holds something else, or git refused.
    """
    # Imported here: the verbs that only look for a repository start faster without.
    from contentgit.porcelain.commits import check_format, repository_document
    from contentgit.porcelain.git_setup import install

    repository = Repository.init(path, bare=bare, branch=branch)
    repository.identity()
    head = repository.head_branch() or branch
    tip = repository.branch_tip(head)
    if tip is not None:
        check_format(repository, tip)
        return Initialized(repository.path, repository.bare, head, created=False)
    tree = repository.write_tree(None, [(REPOSITORY_FILE, repository_document())])
    new = repository.commit_tree(tree, [], "Start a repository of content\n")
    repository.move_ref(f"refs/heads/{head}", new, None, "contentgit init")
    repository.bring_along(head, None, new)
    if command:
        install(repository, command, force=False)
    return Initialized(repository.path, repository.bare, head, created=True)


def holds_content(repository: Repository) -> bool:
    """Whether HEAD, or any branch where HEAD has none, has contentgit's mark."""
    head = repository.head_branch()
    tips = [repository.branch_tip(head)] if head else []
    tips += [branch.commit for branch in repository.branches()]
    return any(tip and repository.entry(tip, REPOSITORY_FILE) for tip in tips[:20])
