"""A commit must not revert what the database has never seen, nor take over what others have committed."""

from __future__ import annotations

from typing import NamedTuple

from contentgit.db.ledger import Applied
from contentgit.errors import BranchMovedError, RefusedError
from contentgit.history.snapshots import between_commits
from contentgit.render.plain import plural
from contentgit.workingcopy.missing import applied_commit, never_had
from contentgit.workingcopy.places import named, others
from contentgit.workingcopy.project import Dump, Project


class LostUpdates(NamedTuple):
    """An edited dump, the commit ``base`` that it was at, and the commit ``parent`` of what is to be made."""

    project: Project
    dump: Dump
    base: Applied | None
    branch: str
    parent: str

    def refuse(self, *, is_new: bool) -> None:
        """Refuses the commit where it would revert something; ``is_new`` is whether it makes its branch.

        Raises:
            RefusedError: the parent has the dump, and the database was never at any commit.
            BranchMovedError: the branch has other content in the dump's folder than the applied commit.
        """
        repository, folder = self.project.repository, self.dump.folder
        if self.base is None:
            if repository.trees.folder_id(self.parent, folder) is not None:
                raise self._never_applied(is_new=is_new)
            return
        if is_new or repository.trees.folder_id(self.parent, folder) == self.base.tree:
            return
        gone = repository.trees.folder_id(self.parent, folder) is None
        if gone and never_had(self.project, self.base, self.parent):
            return
        at = applied_commit(self.project, self.base)
        if gone or between_commits(repository, at, self.parent, folder):
            raise (
                self._behind(at)
                if repository.history.is_ancestor(self.parent, at)
                else self._moved(at)
            )

    def _never_applied(self, *, is_new: bool) -> RefusedError:
        label, name = self.dump.dataset.label, self.parent[:10] if is_new else self.branch
        what = "commit" if is_new else "branch"
        return RefusedError(
            f"{what} {name} has {label} already, and {named(self.project, self.dump.folder)} has never "
            "been at any of its commits",
            items=others(self.project, self.dump.folder),
            hint=f"contentgit checkout {name} {label} --apply  (adopts what is equal, lists the rest)\n"
            f"contentgit commit {label} --branch NEW  (keeps them apart)",
            data={"dump": self.dump.folder, "branch": self.branch},
        )

    def _moved(self, at: str) -> BranchMovedError:
        label = self.dump.dataset.label
        return BranchMovedError(
            f"branch {self.branch} has moved in {label} since commit {at[:10]}, which database "
            f"{self.project.using!r} is at; committing now would revert that",
            items=self._commits(at, self.parent),
            hint=f"contentgit update {label}  (merges the branch into this database first)\n"
            f"contentgit commit {label} --branch NEW  (its parent is {at[:10]}; merge it as any branch)",
            data=self._data(at),
        )

    def _behind(self, at: str) -> BranchMovedError:
        """The branch was made or reset at an older commit than the database has."""
        label, lacking = self.dump.dataset.label, self._commits(self.parent, at)
        return BranchMovedError(
            f"branch {self.branch} is behind database {self.project.using!r}: it lacks "
            f"{plural(len(lacking), 'commit')} in {label}; committing now would squash them into this commit",
            items=lacking,
            hint=f"contentgit merge {at[:10]}  (brings the branch forward to what the database has)\n"
            f"contentgit checkout {self.branch} {label} --apply --merge  (brings the database to the branch "
            f"and keeps the edits)\ncontentgit commit {label} --branch NEW  (its parent is {at[:10]})",
            data=self._data(at),
        )

    def _commits(self, before: str, after: str) -> list[str]:
        """The commits with the dump that the one has and the other lacks."""
        found = self.project.repository.history.log(f"{before}..{after}", paths=[self.dump.folder])
        return [f"{each.id[:10]} {each.author}: {each.subject}" for each in found]

    def _data(self, at: str) -> dict[str, str]:
        return {
            "dump": self.dump.folder,
            "branch": self.branch,
            "applied": at,
            "tip": self.parent,
        }
