"""The end of a merge, revert or cherry-pick: a commit, or conflicts that are kept to be decided on.

The branch moves at the very end, so that whatever breaks before has changed nothing, and what was decided
is still there.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from typing import NamedTuple

from contentgit.branches.operation import (
    Operation,
    forget,
    is_kept,
    keep,
    refuse_moved,
    refuse_unfinished,
)
from contentgit.branches.trees import Base, Doubt, TreeMerge
from contentgit.branches.trees.following import composed
from contentgit.content.records import RecordKey
from contentgit.content.uuids import is_of_earlier_key
from contentgit.errors import ConflictError
from contentgit.git import LeftAlone, Repository, with_trailers
from contentgit.history.dumps import records_at
from contentgit.history.renumbered import NewKey
from contentgit.integrity.relations import PARENT
from contentgit.merge import Reason, Side, new_keys
from contentgit.render.plain import plural

_KEPT = {
    "merge": "keeps both new records, theirs under a new key",
    "revert": "brings the deleted record back under a new key",
}
_KEPT_OF_COMMIT = "takes the commit's record under a new key"


class FreeKey(NamedTuple):
    """The record ``old`` of a branch or revision is ``new`` since a merge: another one had its key there."""

    old: RecordKey
    of: str
    new: RecordKey


@dataclass(frozen=True)
class Concluded:
    """A branch with its new commit; ``commit`` is ``""`` where nothing differed.

    ``doubts`` are the constraints that only a database can judge of it. ``new_keys`` are those that nobody
    asked for.
    """

    verb: str
    source: str
    branch: str
    commit: str
    left_alone: tuple[LeftAlone, ...] = field(default=())
    doubts: tuple[Doubt, ...] = ()
    new_keys: tuple[FreeKey, ...] = ()


def conclude_or_keep(
    repository: Repository, operation: Operation, *, commit: bool, base: Base | None = None
) -> Concluded:
    """Concludes an operation; one with conflicts, or without ``commit``, is kept instead.

    ``base`` is the operation's, if it is at hand.

    Raises:
        ConflictError: both sides changed the same things.
        RefusedError: another operation is under way.
        RepositoryError: the git directory cannot be written.
    """
    found = operation.tree(repository, base)
    if commit and not found.conflicts:
        return conclude(repository, operation, found)
    refuse_unfinished(repository)
    keep(repository, operation)
    refuse_conflicts(operation, found)
    done = Concluded(operation.verb, operation.source, operation.branch, "", doubts=found.doubts)
    keys = said(repository, operation, found)
    return replace(done, new_keys=free_keys(operation, found, keys))


def conclude(
    repository: Repository, operation: Operation, merge: TreeMerge | None = None
) -> Concluded:
    """Makes the commit and moves the branch; ``merge`` is the operation's, if it is at hand.

    Raises:
        ConflictError: something is undecided.
        BusyError: the branch has moved since the operation began.
        RepositoryError: git refused.
    """
    refuse_moved(repository, operation)
    merge = merge or operation.tree(repository)
    refuse_conflicts(operation, merge)
    keys = said(repository, operation, merge)
    commit = commit_tree(repository, operation, merge.tree, keys)
    left: Iterable[LeftAlone] = ()
    if commit:
        if is_kept(repository):  # what clears up behind a crash knows the commit by its id
            keep(repository, replace(operation, made=commit))
        left = publish(repository, operation, commit)
    forget(repository)
    names = (operation.verb, operation.source, operation.branch)
    free = free_keys(operation, merge, keys)
    return Concluded(*names, commit, tuple(left), merge.doubts, free)


def commit_tree(
    repository: Repository, operation: Operation, tree: str, said: Iterable[NewKey] = ()
) -> str:
    """The id of the operation's commit; ``""`` where it would change nothing and join nothing.

    ``said`` are the new keys that its message names.
    """
    if len(operation.parents) == 1 and tree == repository.trees.root(operation.ours):
        return ""
    return repository.writer.commit_tree(
        tree,
        operation.parents,
        with_trailers(operation.message, [each.trailer for each in said]),
        author=operation.author,
        author_date=operation.author_date,
    )


def said(repository: Repository, operation: Operation, merge: TreeMerge) -> list[NewKey]:
    """Which records of the commit's parents have other keys in it."""
    return [
        each
        for side, commit in ((Side.OURS, operation.ours), (Side.THEIRS, operation.theirs))
        if commit in operation.parents
        for each in new_keys_of(repository, commit, merge, new_keys(operation.resolutions, side))
    ]


def free_keys(
    operation: Operation, merge: TreeMerge, keys: Iterable[NewKey]
) -> tuple[FreeKey, ...]:
    """Those of the keys in a merge's commit that it gave because another record had the old one."""
    names = {operation.ours: operation.branch, operation.theirs: operation.source}
    free = merge.base.reading.free
    return tuple(FreeKey(old, names[at], new) for old, at, new in keys if new in free)


def new_keys_of(
    repository: Repository, commit: str, merge: TreeMerge, given: Mapping[RecordKey, RecordKey]
) -> Iterator[NewKey]:
    """Which records of a merged commit have other keys in a merge, with those ``given`` there."""
    keys = composed(merge.base.reading.keys.get(commit, {}), given)
    there = records_at(repository, commit, keys)
    wanted = {*given.values()}  # the commit may have another label for the model of these
    return (
        NewKey(old, commit, new)
        for old, new in sorted(keys.items())
        if old in there or new in wanted
    )


def publish(repository: Repository, operation: Operation, commit: str) -> list[LeftAlone]:
    """Moves the branch to the operation's commit, then its worktrees."""
    reason = f"contentgit {operation.verb}: {operation.source}"
    left = repository.worktrees.advance(operation.branch, commit, operation.ours, reason)
    repository.housekeeping.maintain()
    return left


def refuse_conflicts(operation: Operation, found: TreeMerge) -> None:
    """Raises ConflictError where there are any; its ``data`` has them all."""
    conflicts = found.conflicts
    if conflicts:
        from contentgit.render.conflicts import as_data, headline

        verb = operation.verb
        count = plural(len(conflicts), "conflict")
        hints = [
            "contentgit conflicts  (shows what each side has)",
            "contentgit resolve LABEL --take ours|theirs  (decides one)",
            *ways(verb, found),
            f"contentgit {verb} --continue  (when all are decided)",
            f"contentgit {verb} --abort  (gives up)",
        ]
        raise ConflictError(
            f"{operation.named}: {count} to decide on; the branch has not moved",
            items=[headline(conflict, verb) for conflict in conflicts],
            hint="\n".join(hints),
            data={"conflicts": [as_data(each, verb) for each in conflicts]},
        )


def ways(verb: str, found: TreeMerge) -> Iterator[str]:
    """What decides the conflicts better than taking a side: a command with what it does, one each."""
    from contentgit.branches.merging.new_keys import ON_OLDER_BRANCH, NewKeys

    new_keys = NewKeys(found.as_merged, ())
    key = new_keys.first(found.conflicts)
    if key is not None:
        yield f"contentgit resolve {key} --renumber  ({_KEPT.get(verb, _KEPT_OF_COMMIT)})"
    added = (each.places[0].place for each in found.conflicts if each.reason is Reason.ADDED)
    if verb == "merge" and any(each and is_of_earlier_key(each.key.key) for each in added):
        yield ON_OLDER_BRANCH
    for conflict in found.conflicts:
        fields = conflict.about.split(", ")
        place = conflict.places[-1].place
        if conflict.reason is Reason.SAME_VALUE and place and PARENT not in fields:
            # Of the first field that can differ from the others'.
            name = fields[-1]
            yield f"contentgit resolve {place.key}/{name} --value JSON  (gives it another {name})"
            return
