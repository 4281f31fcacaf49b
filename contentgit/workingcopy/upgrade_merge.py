"""``merge --upgrade``: both sides, and what they come from, at today's migrations."""

from __future__ import annotations

from shlex import quote
from typing import Any, NamedTuple

from contentgit.branches.merging import MergeResult, merge
from contentgit.branches.merging.losing import refuse_losses
from contentgit.branches.operation import Operation
from contentgit.errors import ContentgitError, DatabaseError, RefusedError, UsageError
from contentgit.workingcopy.project import Project
from contentgit.workingcopy.upgrade import Upgraded, upgrade, upgraded


class UpgradedMerge(NamedTuple):
    """What the merge did, and before it the upgrade of HEAD's branch; ``None`` if that was not needed."""

    result: MergeResult
    ours: Upgraded | None


def _apart(branch: str, revision: str) -> str:
    """The commands that do the same without what both sides come from."""
    calls = (f"upgrade {quote(branch)}", f"upgrade {quote(revision)} --branch NEW", "merge NEW")
    return "\n".join(f"contentgit {each}" for each in calls)


def merge_upgraded(project: Project, revision: str, **options: Any) -> UpgradedMerge:
    """Merges ``revision`` into HEAD's branch, both as today's code has them.

    HEAD's branch is upgraded in a commit of its own. ``options`` are those of :func:`merge`.

    Raises:
        UsageError: HEAD is on no branch.
        RefusedError: both come from several commits; or as :func:`upgrade` and :func:`merge`.
    """
    repository = project.repository
    branch, theirs = repository.refs.head_branch(), repository.refs.resolve(revision)
    ours = repository.refs.tip(branch) if branch else None
    if branch is None or ours is None:
        raise UsageError("HEAD is on no branch to merge into", hint="contentgit checkout -b NEW")
    bases = repository.history.merge_bases(ours, theirs)
    if len(bases) != 1:
        raise RefusedError(
            f"{branch} and {revision} come from {len(bases)} commits, of which none is their only base",
            hint=_apart(branch, revision),
        )
    if not options.get("drop_fields"):
        sides = ours, theirs
        refuse_losses(
            repository, Operation("merge", revision, branch, *sides, sides, ""), upgrading=True
        )
    if bases[0] in (ours, theirs):  # one side has all of the other
        other = revision if bases[0] == theirs else upgraded(project, revision)
        return UpgradedMerge(merge(repository, other, name=revision, **options), None)
    try:
        base = upgraded(project, bases[0], name=bases[0][:10])
    except DatabaseError as error:
        if error.data.get("loaded"):  # neither side can change what they come from
            first, _, _ = error.hint.partition("\n")
            why = "edits of one side may be conflicts"
            error.hint = f"{first}\n{_apart(branch, revision)}  ({why})"
        raise
    other = upgraded(project, revision)
    done = upgrade(project, branch)
    tree = repository.trees.root(base)
    try:
        result = merge(repository, other, name=revision, base=tree, **options)
    except ContentgitError as error:
        if done.commit:
            error.message += f"; before that, {branch} was upgraded in commit {done.commit[:10]}"
        raise
    return UpgradedMerge(result, done if done.commit else None)
