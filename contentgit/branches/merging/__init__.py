"""``merge``: another branch into HEAD's, without a worktree, settings or a database."""

from __future__ import annotations

import enum
import shlex
from dataclasses import dataclass

from contentgit.branches.merging.ending import Concluded, FreeKey, conclude, conclude_or_keep
from contentgit.branches.merging.losing import refuse_losses, way_across
from contentgit.branches.operation import (
    Operation,
    chosen,
    current,
    forget,
    head_of,
    refuse_unfinished,
    under_way,
)
from contentgit.branches.trees import Base, Doubt
from contentgit.errors import ContentgitError, RefusedError
from contentgit.git import LeftAlone, Repository
from contentgit.history.commits import check_format
from contentgit.merge import Take, TreeConflict

__all__ = [
    "Concluded",
    "Doubt",
    "FastForward",
    "FreeKey",
    "MergeOutcome",
    "MergeResult",
    "abort",
    "continue_merge",
    "merge",
]


class FastForward(enum.StrEnum):
    """What to do where HEAD's branch has nothing of its own; git's words."""

    ALLOWED = "ff"
    NEVER = "no-ff"
    ONLY = "ff-only"


class MergeOutcome(enum.StrEnum):
    """What a merge came to."""

    UP_TO_DATE = "up-to-date"
    FAST_FORWARD = "fast-forward"
    MERGED = "merged"
    PREPARED = "prepared"  # --no-commit
    RECORDED = "recorded"  # with its conflicts in the commit


@dataclass(frozen=True)
class MergeResult:
    """What a merge did to ``branch``, which is at ``commit`` now.

    ``doubts`` are the constraints that only a database can judge of it. ``new_keys`` are those that nobody
    asked for.
    """

    how: MergeOutcome
    source: str
    branch: str
    commit: str
    left_alone: tuple[LeftAlone, ...] = ()
    conflicts: tuple[TreeConflict, ...] = ()
    doubts: tuple[Doubt, ...] = ()
    new_keys: tuple[FreeKey, ...] = ()


def merge(
    repository: Repository,
    revision: str,
    *,
    message: str = "",
    fast_forward: FastForward = FastForward.ALLOWED,
    commit: bool = True,
    record: bool = False,
    take: Take | None = None,
    unrelated: bool = False,
    drop_fields: bool = False,
    name: str = "",
    base: str = "",
) -> MergeResult:
    """Merges ``revision`` into HEAD's branch.

    ``name`` is what people call it, if not that; ``base`` a tree that is taken for what both come from.

    With conflicts nothing moves: they are kept to be decided on, unless ``take`` decides them all or
    ``record`` puts them into the commit. ``drop_fields`` permits to lose edited values of fields that
    migrations of the other side removed.

    Raises:
        ConflictError: both sides changed the same things.
        RefusedError: a merge is under way, or there is no common history, or no fast-forward; or such values
            would be lost.
        UnknownNameError: the revision does not exist.
    """
    refuse_unfinished(repository)
    branch, ours = head_of(repository, "merge into")
    source, sides = name or revision, (ours, repository.refs.resolve(revision))
    for commit_id in sides:
        check_format(repository, commit_id)
    if repository.history.is_ancestor(sides[1], ours):
        return MergeResult(MergeOutcome.UP_TO_DATE, source, branch, ours)
    message = message or _message(repository, source, branch)
    operation = Operation("merge", source, branch, *sides, sides, message, base)
    if fast_forward is not FastForward.NEVER and repository.history.is_ancestor(*sides):
        return _forwarded(repository, operation, drop_fields=drop_fields)
    if fast_forward is FastForward.ONLY:
        raise RefusedError(
            f"{branch} and {source} have diverged, so {branch} cannot be forwarded",
            hint=f"contentgit merge {source}  joins them in a merge commit",
        )
    common = operation.base_of(repository)
    if not unrelated and not common.commits:
        raise _unrelated(operation)
    repository.settings.identity()
    if not drop_fields:
        refuse_losses(repository, operation, base=common)
    return _merged(repository, operation, common, take, commit=commit, record=record)


def _merged(
    repository: Repository,
    operation: Operation,
    base: Base,
    take: Take | None,
    *,
    commit: bool,
    record: bool,
) -> MergeResult:
    try:
        if take:
            from contentgit.branches.merging.deciding import take_all

            operation = take_all(repository, operation, take)
        return _run(repository, operation, base, commit=commit, record=record)
    except RefusedError as error:
        if "opaque" in error.data:
            error.hint = way_across(operation, error.data["side"])
        raise


def _forwarded(repository: Repository, operation: Operation, *, drop_fields: bool) -> MergeResult:
    """Moves the branch to a commit that has all of it."""
    if not drop_fields:
        refuse_losses(repository, operation)
    source, branch, theirs = operation.source, operation.branch, operation.theirs
    repository.trees.check_move(operation.ours, theirs)
    reason = f"contentgit merge: {source}"
    left = repository.worktrees.advance(branch, theirs, operation.ours, reason)
    return MergeResult(MergeOutcome.FAST_FORWARD, source, branch, theirs, tuple(left))


def _unrelated(operation: Operation) -> RefusedError:
    """The error for two branches without a common history."""
    source = operation.source
    return RefusedError(
        f"{operation.branch} and {source} have no commit in common",
        hint=f"contentgit merge {shlex.quote(source)} --allow-unrelated-histories  "
        "(merges them all the same)",
    )


def _run(
    repository: Repository, operation: Operation, base: Base, *, commit: bool, record: bool
) -> MergeResult:
    source, branch = operation.source, operation.branch
    if record:
        from contentgit.branches.merging.recorded import record_conflicts

        done, conflicts = record_conflicts(repository, operation)
        how = MergeOutcome.RECORDED if conflicts else MergeOutcome.MERGED
        return MergeResult(
            how, source, branch, done.commit, done.left_alone, conflicts, new_keys=done.new_keys
        )
    done = conclude_or_keep(repository, operation, commit=commit, base=base)
    how = MergeOutcome.MERGED if done.commit else MergeOutcome.PREPARED
    commit_id, told = done.commit or operation.ours, (done.doubts, done.new_keys)
    return MergeResult(how, source, branch, commit_id, done.left_alone, (), *told)


def _message(repository: Repository, revision: str, branch: str) -> str:
    """git's own words for a merge."""
    kinds = {
        "refs/heads/": "branch",
        "refs/tags/": "tag",
        "refs/remotes/": "remote-tracking branch",
    }
    kind = next((kinds[at] for at in kinds if repository.refs.read(at + revision)), "commit")
    into = "" if branch in ("main", "master") else f" into {branch}"
    return f"Merge {kind} '{revision}'{into}\n"


def continue_merge(repository: Repository, verb: str = "") -> Concluded:
    """Concludes the merge, revert, cherry-pick or restore under way; only one of ``verb`` if that is given.

    Raises:
        UsageError: none is.
        ConflictError: something is undecided.
        BusyError: the branch has moved meanwhile.
    """
    return conclude(repository, under_way(repository, verb))


def abort(repository: Repository, verb: str = "") -> Operation | None:
    """Gives up the operation under way, if its verb is ``verb``; the branch has not moved.

    Gives what was given up, ``None`` where it could not be read.

    Raises:
        UsageError: nothing is under way.
    """
    try:
        operation = current(repository)
    except ContentgitError:  # what it says, or names, is given up whatever it is
        forget(repository)
        return None
    chosen(operation, verb)
    forget(repository)
    return operation
