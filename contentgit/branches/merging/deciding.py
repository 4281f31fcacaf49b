"""``resolve``: what people decide, as resolutions of the places that they name."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import replace
from fnmatch import fnmatchcase
from itertools import accumulate
from typing import NamedTuple

from contentgit.branches.merging.fitting import fitted, refuse_nothing
from contentgit.branches.merging.new_keys import NewKeys, without
from contentgit.branches.merging.old_names import with_new_names
from contentgit.branches.operation import Operation, keep, refuse_moved, under_way
from contentgit.branches.trees import TreeMerge
from contentgit.content.diff import ABSENT
from contentgit.errors import ConflictError, UnknownNameError, UsageError
from contentgit.git import Repository
from contentgit.merge import Contested, Place, Resolution, Side, Take, TreeConflict, added
from contentgit.merge.values import Maybe

ROUNDS = 20
"""Taking one side can uncover further conflicts; a merge has not more layers than this."""


class Decision(NamedTuple):
    """A decision of ``resolve``: ``take`` a side, a ``value``, or ``renumber`` a side's record."""

    take: Take | None = None
    value: Maybe = ABSENT
    renumber: Side | None = None


class Resolved(NamedTuple):
    """What was decided, and what is left."""

    operation: Operation
    resolutions: tuple[Resolution, ...]
    conflicts: tuple[TreeConflict, ...]


def resolve(repository: Repository, patterns: Sequence[str], decision: Decision) -> Resolved:
    """Decides the conflicts that ``patterns`` name: labels, or patterns of them; none means all.

    Names that models and fields had on a side before a migration count, too. Patterns are the shell's: ``*``,
    ``?``, ``[4-9]``. New keys go to those that they can be given to.

    Raises:
        UsageError: no merge is under way, or the decision does not fit.
        UnknownNameError: a pattern names no conflict.
    """
    operation = under_way(repository)
    refuse_moved(repository, operation)
    found = operation.tree(repository)
    sides = found.sides
    # What is no conflict any more was decided before, and is decided anew.
    patterns = _current(operation, found, patterns)
    there = Labels([conflict.labels for conflict in found.conflicts])
    before = [pattern for pattern in patterns if not there.named(pattern)]
    if before:
        labels = [resolution.label for resolution in operation.resolutions]
        known = Labels([[label] for label in labels])
        gone = [labels[number] for each in before for number in known.named(each)]
        operation = replace(
            operation, resolutions=tuple(without(operation.resolutions, gone, sides.models))
        )
        found = operation.tree(repository)
    wanted = list(chosen(found.conflicts, patterns))
    if decision.renumber:
        keys = NewKeys(sides, operation.resolutions, decision.renumber)
        new = list(keys.of(wanted, all_of_them=names_each(patterns)))
    else:
        new = list(fitted(sides, found.tree, resolutions_for(wanted, patterns, decision)))
        refuse_nothing(wanted, new)
    operation = replace(operation, resolutions=tuple(added(operation.resolutions, new)))
    left = operation.tree(repository).conflicts
    keep(repository, operation)
    return Resolved(operation, tuple(new), left)


def _current(operation: Operation, found: TreeMerge, patterns: Sequence[str]) -> list[str]:
    """The patterns with the names of the merge: people may know those of one side."""
    labels = [conflict.labels for conflict in found.conflicts]
    known = Labels([*labels, *([each.label] for each in operation.resolutions)])
    commits = (operation.ours, operation.theirs, operation.base, *found.base.commits)
    return with_new_names(found.sides, commits, patterns, known.named)


def take_all(repository: Repository, operation: Operation, take: Take) -> Operation:
    """The operation with every conflict decided for one side, also those that this uncovers.

    Raises:
        ConflictError: taking that side does not end.
    """
    for _ in range(ROUNDS):
        found = operation.tree(repository)
        if not found.conflicts:
            return operation
        new = list(resolutions_for(found.conflicts, (), Decision(take)))
        refuse_nothing(found.conflicts, new)
        operation = replace(operation, resolutions=tuple(added(operation.resolutions, new)))
    raise ConflictError(
        f"{operation.named}: taking {take.value} everywhere does not resolve all conflicts",
        hint=f"contentgit merge {operation.source}  (lists the conflicts, to decide one by one)",
    )


def chosen(conflicts: Sequence[TreeConflict], patterns: Sequence[str]) -> Iterator[TreeConflict]:
    """The conflicts that patterns name; none means all.

    Raises:
        UnknownNameError: a pattern names none.
    """
    there = Labels([conflict.labels for conflict in conflicts])
    wanted: set[int] = set()
    for pattern in patterns:
        named = there.named(pattern)
        if not named:
            raise unknown(pattern, conflicts)
        wanted |= named
    yield from (each for number, each in enumerate(conflicts) if not patterns or number in wanted)


def unknown(pattern: str, conflicts: Iterable[TreeConflict]) -> UnknownNameError:
    """The error for a pattern that names no conflict."""
    labels = [label for conflict in conflicts for label in conflict.labels]
    shown = ", ".join(labels[:5]) or "none"
    return UnknownNameError(
        f"no conflict is called {pattern}",
        hint=f"contentgit conflicts  lists them: {shown}{' …' if len(labels) > 5 else ''}",
    )


class Labels:
    """The labels of conflicts, by the patterns that can name them."""

    def __init__(self, conflicts: Sequence[Sequence[str]]) -> None:
        self._at: dict[str, set[int]] = defaultdict(set)
        self._within: dict[str, set[int]] = defaultdict(set)
        for number, labels in enumerate(conflicts):
            for label in labels:
                self._at[label].add(number)
                for each in _beginnings(label):
                    self._within[each].add(number)

    def named(self, pattern: str) -> set[int]:
        """The numbers of the conflicts of which a pattern names a place, or a field of one."""
        found = set(self._within.get(pattern, ()))
        for each in _beginnings(pattern):
            found |= self._at.get(each, set())
        if _is_wild(pattern):
            found.update(*(numbers for label, numbers in self._at.items() if names(pattern, label)))
        return found


def _beginnings(label: str) -> Iterator[str]:
    """The label, and those of the places that contain its place."""
    return accumulate(label.split("/"), "{}/{}".format)


def matches(pattern: str, labels: Iterable[str]) -> bool:
    """Whether a pattern names one of the places of a conflict, or a field of one."""
    return any(names(pattern, label) or pattern.startswith(f"{label}/") for label in labels)


def names(pattern: str, label: str) -> bool:
    """Whether a label, the beginning of one, or a pattern of either names a place."""
    if label == pattern or label.startswith(f"{pattern}/"):
        return True
    return _is_wild(pattern) and (fnmatchcase(label, pattern) or fnmatchcase(label, f"{pattern}/*"))


def names_each(patterns: Sequence[str]) -> bool:
    """Whether the patterns name single conflicts, all of which must be decided."""
    return bool(patterns) and not any(map(_is_wild, patterns))


def _is_wild(pattern: str) -> bool:
    """Whether a pattern can name several places: labels of records have none of these characters."""
    return any(each in pattern for each in "*?[")


def named_place(repository: Repository, labels: Sequence[str]) -> Contested:
    """The one field that a label names in the merge under way.

    Raises:
        UsageError: it is none, or several.
    """
    operation = under_way(repository)
    found = operation.tree(repository)
    labels = _current(operation, found, labels)
    places = _places(chosen(found.conflicts, labels), labels)
    if len(places) != 1 or places[0].place is None or not places[0].place.field:
        raise UsageError(
            f"a value is for one field, but {len(places)} places are named",
            hint="name one as contentgit conflicts does: contentgit resolve app.model:42/title --edit",
        )
    return places[0]


def resolutions_for(
    conflicts: Sequence[TreeConflict], patterns: Sequence[str], decision: Decision
) -> Iterator[Resolution]:
    """The resolutions of a decision, by place; values and deletes are for the places that patterns name."""
    if decision.take is None:
        yield _valued(conflicts, patterns, decision.value)
        return
    for conflict in conflicts:
        for place in conflict.places:
            named = not patterns or any(names(pattern, place.label) for pattern in patterns)
            if decision.take is not Take.DELETE:
                file = "" if place.place else place.file
                yield Resolution(place.place, file, take=decision.take)
            elif named and place.place is None:
                raise UsageError(
                    f"{place.file} is not a record and cannot be deleted",
                    hint="--take ours or theirs decides a file",
                )
            elif named and place.place:
                yield Resolution(Place(place.place.key), take=Take.DELETE)


def _valued(conflicts: Sequence[TreeConflict], patterns: Sequence[str], value: Maybe) -> Resolution:
    """A value goes to one place, which has to be a field."""
    places = _places(conflicts, patterns)
    if len(places) == 1 and places[0].place and places[0].place.field:
        return Resolution(places[0].place, value=value)
    if len(patterns) == 1 and (field := _field(conflicts, patterns[0])):
        return Resolution(field, value=value)
    raise UsageError(
        f"a value is for one field, but {len(places)} places are named",
        hint="name it as contentgit conflicts does: contentgit resolve app.model:42/title --value JSON",
    )


def _places(conflicts: Iterable[TreeConflict], patterns: Sequence[str]) -> list[Contested]:
    """The places of conflicts that patterns name."""
    return [
        place
        for conflict in conflicts
        for place in conflict.places
        if any(names(pattern, place.label) for pattern in patterns)
    ]


def _field(conflicts: Sequence[TreeConflict], pattern: str) -> Place | None:
    """The field called so of a record that a conflict is about."""
    try:
        place = Place.parse(pattern)
    except ValueError:
        return None
    keys = {each.place.key for one in conflicts for each in one.places if each.place}
    return place if place.field and place.key in keys else None
