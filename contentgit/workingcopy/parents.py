"""Which commit a commit builds on, and what it may not revert: edits that the database never had."""

from __future__ import annotations

import shlex
from collections.abc import Mapping, Sequence
from typing import NamedTuple

from contentgit.db import ledger
from contentgit.db.ledger import Applied
from contentgit.errors import BranchMovedError, RefusedError, UsageError
from contentgit.history.snapshots import between_commits
from contentgit.render.plain import plural
from contentgit.render.values import dump_label
from contentgit.workingcopy.missing import applied_commit, found_commit, never_had
from contentgit.workingcopy.places import copy_at, named, others
from contentgit.workingcopy.project import Dump, Project


def parent_of(
    project: Project,
    dumps: Sequence[Dump],
    applied: Mapping[str, Applied],
    new_branch: str | None,
) -> tuple[str, str | None]:
    """The branch to write and the commit to build on."""
    repository = project.repository
    head = repository.refs.head_branch()
    if new_branch is None:
        if head is None:
            raise UsageError(
                "HEAD of the repository is detached: there is no branch to commit to",
                hint="contentgit checkout BRANCH --apply  (brings database and HEAD to a branch)\n"
                "contentgit commit --branch NEW  (commits to a new branch)",
            )
        tip = repository.refs.tip(head)
        remote = "" if tip else repository.refs.remote_with(head)
        if remote:
            raise RefusedError(
                f"branch {head} has no commit here, and {remote} has the branch: a first commit would "
                "begin a second history",
                hint=f"contentgit pull {remote} {head}",
            )
        return head, tip
    repository.refs.check_branch_name(new_branch)
    if repository.refs.tip(new_branch) is not None:
        raise UsageError(
            f"branch {new_branch!r} exists already",
            hint="--branch makes a new branch; choose a name that is free",
        )
    rows = [applied[dump.folder] for dump in dumps if dump.folder in applied]
    gone = [row for row in rows if not found_commit(project, row)]
    if gone and len(gone) < len(rows) and not repository.history.is_shallow():
        labels = [dump_label(row.dump) for row in gone]
        raise UsageError(
            f"the commit that {', '.join(labels)} is at is not in the repository, so a new branch would "
            "have no single parent",
            hint=f"contentgit commit {shlex.join(labels)} --branch {new_branch}  (commits that alone)",
        )
    # Where all their commits are missing, they were never applied as far as anybody can tell.
    if rows and (repository.history.is_shallow() or not gone):
        return new_branch, _common(project, rows, dumps, new_branch)
    return new_branch, _before_folders(project, dumps, head)


def _common(
    project: Project, rows: Sequence[Applied], dumps: Sequence[Dump], new_branch: str
) -> str:
    """The applied commit that has what all the dumps are at: the latest, where several do."""
    for row in sorted(rows, key=lambda row: row.id, reverse=True):
        commit = applied_commit(project, row)
        trees = {row.dump: project.repository.trees.folder_id(commit, row.dump) for row in rows}
        if all(trees[row.dump] == row.tree or row.commit == commit for row in rows):
            return commit
    count = len({row.commit for row in rows})
    raise UsageError(
        f"the dumps are at {count} different commits, so a new branch would have no single parent",
        hint=f"name one: contentgit commit {dumps[0].dataset.label} --branch {new_branch}",
    )


def _before_folders(project: Project, dumps: Sequence[Dump], head: str | None) -> str | None:
    """The last commit that has none of the folders: the honest base of content never applied."""
    tip = project.repository.refs.tip(head) if head else None
    folders = [dump.folder for dump in dumps]
    while tip and any(project.repository.trees.folder_id(tip, folder) for folder in folders):
        touching = list(project.repository.history.log(tip, paths=folders))
        tip = touching[-1].parents[0] if touching and touching[-1].parents else None
    return tip


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
            if repository.history.is_ancestor(self.parent, at):
                raise self._branch_behind(at)
            raise self._branch_moved(at)

    def _never_applied(self, *, is_new: bool) -> RefusedError:
        label, name = self.dump.dataset.label, self.parent[:10] if is_new else self.branch
        what = "commit" if is_new else "branch"
        here = ledger.places(self.project.using)
        copied = any(folder == self.dump.folder and copy_at(folder, at) for folder, at in here)
        way, does = "--apply", "adopts what is equal, lists the rest"
        if copied:
            way, does = (
                "--apply --as-new",
                "is for the copy here: rows with its records' keys are others",
            )
        return RefusedError(
            f"{what} {name} has {label} already, and {named(self.project, self.dump.folder)} has never "
            "been at any of its commits",
            items=others(self.project, self.dump.folder),
            hint=f"contentgit checkout {name} {label} {way}  ({does})\n"
            f"contentgit commit {label} --branch NEW  (keeps them apart)",
            data={"dump": self.dump.folder, "branch": self.branch},
        )

    def _branch_moved(self, at: str) -> BranchMovedError:
        label = self.dump.dataset.label
        return BranchMovedError(
            f"branch {self.branch} has moved in {label} since commit {at[:10]}, which database "
            f"{self.project.using!r} is at; committing now would revert that",
            items=self._commits(at, self.parent),
            hint=f"contentgit update {label}  (merges the branch into this database first)\n"
            f"contentgit commit {label} --branch NEW  (its parent is {at[:10]}; merge it as any branch)",
            data=self._data(at),
        )

    def _branch_behind(self, at: str) -> BranchMovedError:
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
        return [f"{commit.id[:10]} {commit.author}: {commit.subject}" for commit in found]

    def _data(self, at: str) -> dict[str, str]:
        return {"dump": self.dump.folder, "branch": self.branch, "applied": at, "tip": self.parent}
