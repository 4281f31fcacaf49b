"""``init --lfs``: git-lfs keeps the files that travel with rows."""

from __future__ import annotations

from dataclasses import dataclass

from contentgit.git import Repository
from contentgit.history.carried import with_files_in_lfs


@dataclass(frozen=True)
class FilesInLfs:
    """The commit with which git-lfs keeps all files of a branch, and how many were in git before.

    ``changed`` is whether the commit is new. Where a hook of the user's own is in place of that with which a
    plain ``git push`` sends files, ``by_hand`` is the command that says what it needs.
    """

    commit: str
    files: int
    changed: bool
    by_hand: str = ""


def keep_files_in_lfs(repository: Repository, branch: str, *, hooked: bool) -> FilesInLfs:
    """Has git-lfs keep the files of a branch, in a new commit unless it does; older commits stay as they are.

    Raises:
        RepositoryError: git-lfs is not installed, or its store cannot be written.
        BusyError: the branch has moved meanwhile.
    """
    by_hand = "" if hooked else repository.command("lfs update --manual")
    tip = repository.refs.resolve(f"refs/heads/{branch}")
    tree, moved = with_files_in_lfs(repository, tip)
    if tree == repository.trees.root(tip):
        return FilesInLfs(tip, 0, changed=False, by_hand=by_hand)
    commit = repository.writer.commit_tree(tree, [tip], "Keep files in git-lfs\n")
    repository.worktrees.advance(branch, commit, tip, "contentgit init --lfs")
    return FilesInLfs(commit, moved, changed=True, by_hand=by_hand)
