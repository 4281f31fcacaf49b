"""Which row is which record, where nothing but content tells: equal content, references included.

Rows and records that refer to each other are compared together, in circles too. A pair is the only one of its
content on both sides, and all that it refers to is in pairs; what is not so is doubtful, never guessed.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Hashable, Iterator, Mapping, Sequence
from collections.abc import Set as AbstractSet
from dataclasses import dataclass
from typing import NamedTuple, TypeAlias

References: TypeAlias = tuple[tuple[str, ...] | frozenset[str], ...]
"""What a row or record refers to, field by field: in order, or without one."""


class Paired(NamedTuple):
    """A row or a record as it is compared: its ``content`` without references, and these.

    ``references`` name rows and records by their names on the side that this is of.
    """

    content: Hashable
    references: References = ()


class Doubt(NamedTuple):
    """Rows and records that may be the same, by their names, sorted.

    They have equal content. ``refers_to`` is the row in no pair to which the only row refers, else ``""``.
    """

    rows: tuple[str, ...]
    records: tuple[str, ...]
    refers_to: str = ""


@dataclass(frozen=True)
class Pairing:
    """Records by the rows that they pair with, and the doubts; whatever is in neither is on one side only."""

    pairs: Mapping[str, str]
    doubts: tuple[Doubt, ...]


def paired(
    rows: Mapping[str, Paired],
    records: Mapping[str, Paired],
    *,
    known: Mapping[str, str],
    settled: AbstractSet[str] = frozenset(),
) -> Pairing:
    """The pairs of rows and records, both by their names, and what is doubtful.

    ``known`` are records by the rows that are known to be the same: references to them are equal. Neither are
    among the others. What is referred to and is not given has one name on both sides. Rows in ``settled``
    pair with nothing: where content says otherwise, that is a doubt.
    """
    classes = _Classes((rows, records), known).stable()
    alike = sorted((each for each in classes if each[0] and each[1]), key=lambda each: each[0])
    single = [each for each in alike if len(each[0]) == len(each[1]) == 1]
    pairs = {row: record for (row,), (record,) in single if row not in settled}
    dropped = dict(_dropped(pairs, rows))
    doubts = [
        Doubt(tuple(here), tuple(there), dropped.get(here[0], ""))
        for here, there in alike
        if here[0] not in pairs or here[0] in dropped
    ]
    kept = {row: record for row, record in pairs.items() if row not in dropped}
    return Pairing(kept, tuple(doubts))


def _dropped(pairs: Mapping[str, str], rows: Mapping[str, Paired]) -> Iterator[tuple[str, str]]:
    """The rows whose pairs do not hold, each with a row that it refers to and that is in no pair, then."""
    referring: dict[str, list[str]] = defaultdict(list)
    for row in pairs:
        for target in _targets(rows[row]):
            if target in rows:
                referring[target].append(row)
    left = sorted(target for target in referring if target not in pairs)
    seen: set[str] = set()
    while left:
        target = left.pop()
        for row in sorted(referring.get(target, ())):
            if row not in seen:
                seen.add(row)
                left.append(row)
                yield row, target


def _targets(each: Paired) -> Iterator[str]:
    for field in each.references:
        yield from field


_Name: TypeAlias = tuple[int, str]
"""A row (0) or a record (1)."""


class _Classes:
    """Rows and records that are alike, ever finer: by content, then by the classes of what they refer to.

    Whatever goes to another class has those that refer to it looked at again. The largest part of a class
    stays, so that each goes a few times only.
    """

    def __init__(
        self,
        sides: tuple[Mapping[str, Paired], Mapping[str, Paired]],
        known: Mapping[str, str],
    ) -> None:
        self._sides = sides
        self._known = known
        self._of: dict[_Name, int] = {}
        self._members: list[set[_Name]] = []
        self._referring: dict[_Name, list[_Name]] = defaultdict(list)
        by_content: dict[Hashable, set[_Name]] = defaultdict(set)
        for side, members in enumerate(sides):
            for name, each in members.items():
                by_content[each.content].add((side, name))
                for target in _targets(each):
                    if target in members:
                        self._referring[side, target].append((side, name))
        for found in by_content.values():
            self._add(found)

    def stable(self) -> Iterator[tuple[list[str], list[str]]]:
        """The rows and the records of each class, sorted, when no reference tells two of it apart."""
        looked_at = {*self._of}
        while looked_at:
            places: dict[int, list[_Name]] = defaultdict(list)
            for name in looked_at:
                places[self._of[name]].append(name)
            moved = [name for place, names in places.items() for name in self._split(place, names)]
            looked_at = {one for name in moved for one in self._referring.get(name, ())}
        for members in self._members:
            here, there = (sorted(name for at, name in members if at == side) for side in (0, 1))
            yield here, there

    def _add(self, members: set[_Name]) -> None:
        self._of.update(dict.fromkeys(members, len(self._members)))
        self._members.append(members)

    def _split(self, place: int, names: Sequence[_Name]) -> Iterator[_Name]:
        """Takes a class apart, of which ``names`` refer to what has moved; gives those that move now.

        The others of the class do not, and so see something else.
        """
        members = self._members[place]
        found: dict[Hashable, set[_Name]] = defaultdict(set)
        for name in names:
            found[self._seen(name)].add(name)
        groups = sorted(found.values(), key=len)
        left = len(members) - len(names)
        largest = groups.pop() if len(groups[-1]) > left else set()
        if left and largest:
            groups.append(members.difference(*found.values()))
        for group in groups:
            members -= group
            self._add(group)
            yield from group

    def _seen(self, name: _Name) -> Hashable:
        """What a row or record refers to, by the classes of these."""
        side, text = name
        return tuple(
            tuple(self._class(side, each) for each in field)
            if isinstance(field, tuple)
            else (None, *sorted((self._class(side, each) for each in field), key=repr))
            for field in self._sides[side][text].references
        )

    def _class(self, side: int, target: str) -> int | str:
        """The class of what is referred to; of what is known on both sides, its name."""
        found = self._of.get((side, target))
        if found is not None:
            return found
        return target if side else self._known.get(target, target)
