"""Conflicts in a commit, as small files, for hosts and for people without a command line.

``merge --record`` makes the merge commit with ours at the places in conflict and a file for each of
them below ``.conflicts/``, in which ``"take"`` can be filled in with any editor. ``check`` fails and an
apply refuses while one is there; ``resolve`` decides it in a commit that takes the file away.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from typing import Any

from contentgit.branches.merging.deciding import (
    ROUNDS,
    Decision,
    Labels,
    chosen,
    matches,
    names_each,
    resolutions_for,
    unknown,
)
from contentgit.branches.merging.ending import (
    Concluded,
    commit_tree,
    free_keys,
    new_keys_of,
    publish,
    said,
)
from contentgit.branches.merging.fitting import fitted, refuse_nothing
from contentgit.branches.merging.new_keys import NewKeys
from contentgit.branches.merging.old_names import with_new_names
from contentgit.branches.operation import Operation, refuse_unfinished
from contentgit.branches.trees import Base, Sides, TreeMerge, merge_commits, merge_trees
from contentgit.content.canonical import dump_document, parse_document
from contentgit.content.documents import MISFITS, misfit
from contentgit.content.layout import CONFLICTS_FOLDER
from contentgit.errors import ConflictError, FormatError, RefusedError, UsageError
from contentgit.git import GONE, Placed, Repository
from contentgit.history.renumbered import NewKey
from contentgit.merge import Reason, Resolution, Side, Take, TreeConflict, added, new_keys
from contentgit.render.conflicts import as_data, headline

_HELP = (
    'Set "take" to "ours", "theirs", "base" or "delete", or put a "value" beside it; then run: '
    "contentgit resolve --recorded"
)


@dataclass(frozen=True)
class Recorded:
    """A conflict in a commit: its file, the merged commits, its places, and what was chosen there."""

    file: str
    ours: str
    theirs: str
    labels: tuple[str, ...]
    document: dict[str, Any]
    chosen: Decision | None

    @property
    def record(self) -> str:
        """The record of its first place, or the file that is none."""
        return self.labels[0].partition("/")[0]


def record_conflicts(
    repository: Repository, operation: Operation
) -> tuple[Concluded, tuple[TreeConflict, ...]]:
    """Makes the merge commit with its conflicts in it, and moves the branch."""
    if recorded_in(repository, operation.ours):
        raise RefusedError(
            f"branch {operation.branch} has undecided conflicts of an earlier merge",
            hint="contentgit conflicts  (shows them)\n"
            "contentgit resolve LABEL --take ours|theirs  (decides one)",
        )
    found = operation.tree(repository)
    files = _files(operation, found.conflicts)
    tree = repository.writer.write_tree(None, files, {"": found.tree})
    keys = said(repository, operation, found)
    commit = commit_tree(repository, operation, tree, keys)
    left = publish(repository, operation, commit)
    done = Concluded(operation.verb, operation.source, operation.branch, commit, tuple(left))
    done = replace(done, new_keys=free_keys(operation, found, keys))
    return done, found.conflicts


def _files(operation: Operation, conflicts: Sequence[TreeConflict]) -> Iterator[tuple[str, Placed]]:
    for number, each in enumerate(conflicts, 1):
        name = re.sub(r"[^a-z0-9._-]+", "-", each.labels[0].lower())[:80].strip(".-")
        document = {
            **as_data(each),
            "help": _HELP,
            "ours": operation.ours,
            "theirs": operation.theirs,
            "take": None,
        }
        yield f"{CONFLICTS_FOLDER}/{number:03}-{name}.json", dump_document(document)


def recorded_in(repository: Repository, commit: str) -> list[Recorded]:
    """The conflicts in a commit.

    Raises:
        FormatError: a file there is none.
    """
    entries = sorted(repository.trees.entries(commit, CONFLICTS_FOLDER))
    blobs = repository.objects.blobs([blob for _, blob in entries])
    return [
        _parsed(f"{CONFLICTS_FOLDER}/{name}", data)
        for (name, _), data in zip(entries, blobs, strict=True)
    ]


def _parsed(file: str, data: bytes) -> Recorded:
    try:
        document = parse_document(data)
        labels = tuple(str(each["label"]) for each in document["places"])
        if not labels:
            raise ValueError("it names no place")
        ours, theirs = document["ours"], document["theirs"]
        if not all(re.fullmatch(r"[0-9a-f]{40,64}", each) for each in (ours, theirs)):
            raise ValueError("it names no commits")
        return Recorded(file, ours, theirs, labels, document, _chosen(document))
    except MISFITS as error:
        raise FormatError(
            f"{file} is not a recorded conflict: {misfit(error)}",
            hint='only "take" and "value" are to be filled in',
        ) from error


def _chosen(document: dict[str, Any]) -> Decision | None:
    take = document.get("take")
    if "value" in document:
        parsed = Resolution.parse({"at": document["label"], "value": document["value"]})
        return Decision(value=parsed.value)
    return None if take is None else Decision(Take(take))


@dataclass(frozen=True)
class Decided:
    """A commit that decided recorded conflicts, and what is left of them."""

    done: Concluded
    labels: tuple[str, ...]
    left: tuple[Recorded, ...]


def resolve_recorded(
    repository: Repository, patterns: Sequence[str], decision: Decision | None
) -> Decided:
    """Decides conflicts of HEAD's commit in a commit of its own.

    Without a ``decision``, their files have it.

    Raises:
        UsageError: there is none, or none is decided.
        ConflictError: the place was edited since, or a decision uncovers another conflict.
    """
    refuse_unfinished(repository)
    branch, head = repository.refs.head_branch(), repository.refs.resolve("HEAD")
    there = recorded_in(repository, head)
    if branch is None or not there:
        raise UsageError(
            "no merge is under way, and HEAD has no undecided conflicts",
            hint="contentgit merge REV  begins a merge",
        )
    patterns = _current(repository, there, patterns)
    wanted = _wanted(there, patterns, decision)
    repository.settings.identity()
    tree, decided = head, []
    moved: list[NewKey] = []
    for ours, theirs in dict.fromkeys((each.ours, each.theirs) for each in wanted):
        some = [each for each in wanted if (each.ours, each.theirs) == (ours, theirs)]
        tree, given, new = _decided_tree(repository, tree, some, patterns, decision)
        moved += new
        names = {str(each.place.key) for each in given or () if each.place}
        decided += (
            some if given is None else [recorded for recorded in there if recorded.record in names]
        )
    gone = [(each.file, GONE) for each in decided]
    tree = repository.writer.write_tree(None, gone, {"": repository.trees.root(tree)})
    labels = tuple(each.labels[0] for each in decided)
    message = f"Decide the conflict in {labels[0]}\n"
    if len(labels) > 1:
        listed = "".join(f"- {label}\n" for label in labels[:50])
        message = f"Decide {len(labels)} conflicts\n\n{listed}"
    operation = Operation("resolve", labels[0], branch, head, head, (head,), message)
    commit = commit_tree(repository, operation, tree, moved)
    left = publish(repository, operation, commit)
    done = Concluded("resolve", labels[0], branch, commit, tuple(left))
    files = {each.file for each in decided}
    return Decided(done, labels, tuple(each for each in there if each.file not in files))


def _current(
    repository: Repository, there: Sequence[Recorded], patterns: Sequence[str]
) -> Sequence[str]:
    """The patterns with the names of the merges: people may know those of one side."""
    known = Labels([each.labels for each in there]).named
    for sides in dict.fromkeys((each.ours, each.theirs) for each in there):
        if not all(map(known, patterns)):
            merged = merge_commits(repository, *sides)
            patterns = with_new_names(merged.sides, (*sides, *merged.base.commits), patterns, known)
    return patterns


def _wanted(
    there: Sequence[Recorded], patterns: Sequence[str], decision: Decision | None
) -> list[Recorded]:
    """The conflicts that are named and decided."""
    wanted = [
        recorded
        for recorded in there
        if (decision or recorded.chosen) and (not patterns or _any(patterns, recorded.labels))
    ]
    if decision and decision.renumber and not names_each(patterns):
        wanted = [each for each in wanted if each.document.get("reason") == Reason.ADDED.value]
    if not wanted:
        raise UsageError(
            "no recorded conflict is decided",
            hint='set "take" in their files, or: contentgit resolve LABEL --take ours|theirs',
        )
    return wanted


def _decided_tree(
    repository: Repository,
    head: str,
    wanted: Sequence[Recorded],
    patterns: Sequence[str],
    decision: Decision | None,
) -> tuple[str, Sequence[Resolution] | None, Sequence[NewKey]]:
    """HEAD's tree with what the decisions make of the merge, merged into what was edited since.

    With it, the new keys, where that is the decision: not all records that are named may get one, and a row
    has one key in all its models. And which records of the merged commits have these.
    """
    ours, theirs = wanted[0].ours, wanted[0].theirs
    before = merge_commits(repository, ours, theirs)
    sides = before.sides
    if decision and decision.renumber:
        # What was committed since the merge has keys, too.
        keys = NewKeys(sides, (), decision.renumber, (head,))
        conflicts = chosen(before.conflicts, [each.labels[0] for each in wanted])
        resolutions = tuple(keys.of(conflicts, all_of_them=names_each(patterns)))
        given = resolutions
    else:
        given = None
        resolutions = _resolutions(sides, before, wanted, patterns, decision)
    known = {conflict.labels for conflict in before.conflicts}
    for _ in range(ROUNDS):
        after = merge_commits(repository, ours, theirs, resolutions)
        fresh = [each for each in after.conflicts if each.labels not in known]
        named = [each for each in fresh if all(_any(patterns, [label]) for label in each.labels)]
        if decision is None or decision.renumber or not patterns or not named:
            break
        wishes = resolutions_for(named, patterns, decision)
        resolutions = added(resolutions, fitted(sides, after.tree, wishes))
    _refuse(fresh, "it uncovers")
    found = merge_trees(repository, Base(before.tree), head, after.tree)
    _refuse(found.conflicts, "it was edited since the merge")
    return found.tree, given, [*_moved(repository, (ours, theirs), before, given or ())]


def _moved(
    repository: Repository, sides: tuple[str, str], merge: TreeMerge, given: Sequence[Resolution]
) -> Iterator[NewKey]:
    """Which records of the merged commits have one of the keys that were given."""
    for side, commit in zip(Side, sides, strict=True):
        keys = new_keys(given, side)
        new = {*keys.values()}
        found = new_keys_of(repository, commit, merge, keys)
        yield from (each for each in found if each.new in new)


def _resolutions(
    sides: Sides,
    before: TreeMerge,
    wanted: Sequence[Recorded],
    patterns: Sequence[str],
    decision: Decision | None,
) -> tuple[Resolution, ...]:
    """The resolutions of the conflicts, by one decision for all or by each file's own."""
    resolutions: list[Resolution] = []
    there = Labels([conflict.labels for conflict in before.conflicts])
    for each in wanted:
        numbers = there.named(each.labels[0])
        if not numbers:
            raise unknown(each.labels[0], before.conflicts)
        conflicts = [before.conflicts[number] for number in sorted(numbers)]
        what = decision or each.chosen
        assert what is not None
        own = [pattern for pattern in patterns if matches(pattern, each.labels)]
        wishes = resolutions_for(conflicts, own if decision else each.labels[:1], what)
        new = list(fitted(sides, before.tree, wishes))
        refuse_nothing(conflicts, new)
        resolutions += new
    return added((), resolutions)


def _any(patterns: Sequence[str], labels: Sequence[str]) -> bool:
    return any(matches(pattern, labels) for pattern in patterns)


def _refuse(conflicts: Iterable[TreeConflict], why: str) -> None:
    found = list(conflicts)
    if found:
        raise ConflictError(
            f"this decision is not possible: {why}",
            items=[headline(each) for each in found],
            hint="contentgit conflicts shows what is recorded; take ours keeps what was edited since, "
            "and conflicts that belong together are decided in one call that names all of their labels",
            data={"conflicts": [as_data(each) for each in found]},
        )
