"""``merge --upgrade``: both sides, and what they come from, at today's migrations."""

from __future__ import annotations

from typing import Any, NamedTuple

from contentgit.branches.merging import MergeResult, merge
from contentgit.errors import ContentgitError, RefusedError, UsageError
from contentgit.workingcopy.project import Project
from contentgit.workingcopy.upgrade import Upgraded, upgrade, upgraded


class UpgradedMerge(NamedTuple):
    """What the merge did, and before it the upgrade of HEAD's branch; ``None`` if that was not needed."""

    result: MergeResult
    ours: Upgraded | None


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
            hint=f"contentgit upgrade {revision} --branch NEW\ncontentgit merge NEW",
        )
    if bases[0] in (ours, theirs):  # one side has all of the other
        other = revision if bases[0] == theirs else upgraded(project, revision)
        return UpgradedMerge(merge(repository, other, name=revision, **options), None)
    base, other = upgraded(project, bases[0]), upgraded(project, revision)
    done = upgrade(project, branch)
    tree = repository.trees.root(base)
    try:
        result = merge(repository, other, name=revision, base=tree, **options)
    except ContentgitError as error:
        if done.commit:
            error.message += f"; before that, {branch} was upgraded in commit {done.commit[:10]}"
        raise
    return UpgradedMerge(result, done if done.commit else None)
