"""Keys in an order: which places both sides' changes give them, and which numbers say so.

A side changes an order by putting keys in, taking keys out and moving keys; that the numbers of all keys
after it grow is not a change of these. A key whose number a side left unchanged was not moved there.
Of the others, it moved those that do not belong to the longest common subsequence of its order
and the base's.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from functools import cached_property
from typing import NamedTuple, TypeAlias

from contentgit.content.alignment import rough_runs
from contentgit.content.records import RecordKey
from contentgit.merge.numbers import counted, numbers
from contentgit.merge.side import Side

Places: TypeAlias = Mapping[RecordKey, int]
"""The numbers of the keys of one order; keys with equal numbers are ordered by key."""

_Slots: TypeAlias = dict[RecordKey | None, list[RecordKey]]
"""Keys by the one in front of them that both sides agree on; ``None`` for the beginning."""


class Ordered(NamedTuple):
    """The keys with their numbers, in their order; ``apart`` are those that both sides moved differently."""

    places: Places
    apart: frozenset[RecordKey] = frozenset()


def merge_places(
    base: Places, ours: Places, theirs: Places, members: Places, prefer: Side | None = None
) -> Ordered:
    """The order that has the changes of both sides, and its numbers.

    ``members`` are the keys that the result has; their numbers there count for those that neither side
    has, which come last. If all sides count from 0 or from 1 on without a gap,
    so does the result. Where else the numbers that the sides gave say the merged order already, they stay,
    or as many of them as can, and the others get what fits between. What both put in at one
    place is no contradiction: it stands run by run, by the first number and then the smallest key, so
    that the result does not depend on which side is which.
    """
    merging = _OrderMerge(base, ours, theirs, members, prefer)
    order = merging.order()
    wishes = [merging.wish(key) for key in order]
    found = counted(len(order), (base, ours, theirs)) or numbers(order, wishes, ours, theirs)
    return Ordered(dict(zip(order, found, strict=True)), frozenset(merging.apart))


def unmoved(base: Places, side: Places) -> frozenset[RecordKey]:
    """The keys that both have and that the side has not moved."""
    return frozenset(_kept(base, side))


def _sequence(places: Places) -> list[RecordKey]:
    return sorted(places, key=lambda key: (places[key], key))


def _kept(base: Places, side: Places) -> set[RecordKey]:
    """Only the order of common keys counts: a move is found whatever else a side did."""
    same = {key for key, number in base.items() if side.get(key) == number}
    kept = set(same)
    old, new = (_slots(_sequence(each), same, each.keys() - same) for each in (base, side))
    for anchor in old.keys() & new.keys():
        before, after = set(old[anchor]), set(new[anchor])
        was_here = [key for key in old[anchor] if key in after]
        is_here = [key for key in new[anchor] if key in before]
        for was, now in rough_runs(was_here, is_here):
            if was == now:
                kept.update(was)
    return kept


@dataclass
class _OrderMerge:
    """Three orders under way. ``mover`` is the side whose move of a common key is taken."""

    base: Places
    ours: Places
    theirs: Places
    members: Places
    prefer: Side | None
    apart: set[RecordKey] = field(default_factory=set)
    mover: dict[RecordKey, Side] = field(default_factory=dict)

    def order(self) -> list[RecordKey]:
        """All members in their order."""
        spine = self._spine()
        known = set(spine)
        rest = {key: side for key, side in self._placed_by() if key not in known}
        ours = _slots(self._sequences[0], known, {key for key in rest if rest[key] is Side.OURS})
        theirs = _slots(
            self._sequences[1], known, {key for key in rest if rest[key] is Side.THEIRS}
        )
        order: list[RecordKey] = []
        for key in (None, *spine):
            order += [] if key is None else [key]
            order += self._one_slot(ours.get(key, []), theirs.get(key, []))
        missing = self.members.keys() - set(order)
        return order + sorted(missing, key=lambda key: (self.members[key], key))

    def _spine(self) -> list[RecordKey]:
        """What neither side moved, and with it what both put at the same place."""
        here, there = _kept(self.base, self.ours), _kept(self.base, self.theirs)
        stay = here & there & self.members.keys()
        firm = [key for key in _sequence(self.base) if key in stay]
        known = set(firm)
        both = (set(self.ours) & set(self.theirs) & self.members.keys()) - known
        self.mover.update(dict.fromkeys(both & there, Side.OURS))
        self.mover.update(dict.fromkeys(both & here, Side.THEIRS))
        placed = both - here - there
        one, other = (_slots(each, known, placed) for each in self._sequences)
        agreed = _agreed(one, other)
        self.apart = placed - {key for keys in agreed.values() for key in keys}
        self.mover.update(dict.fromkeys(self.apart, self.prefer or Side.OURS))
        spine: list[RecordKey] = []
        for anchor in (None, *firm):
            spine += [] if anchor is None else [anchor]
            spine += agreed.get(anchor, [])
        return spine

    def _placed_by(self) -> Iterator[tuple[RecordKey, Side]]:
        """Whose place each key takes: that of the side which moved it, or alone has it."""
        for key in self.members:
            if key in self.mover:
                yield key, self.mover[key]
            elif key in self.ours or key in self.theirs:
                yield key, Side.OURS if key in self.ours else Side.THEIRS

    @cached_property
    def _sequences(self) -> tuple[list[RecordKey], list[RecordKey]]:
        """Ours and theirs."""
        return _sequence(self.ours), _sequence(self.theirs)

    def _one_slot(self, ours: list[RecordKey], theirs: list[RecordKey]) -> list[RecordKey]:
        """Two runs at one place, in the order that both sides have them, or by number and key."""
        if not ours or not theirs:
            return ours or theirs
        one = next((key for key in ours if key in self.theirs), None)
        other = next((key for key in theirs if key in self.ours), None)
        numbers = self.ours[ours[0]], self.theirs[theirs[0]]
        first = min(ours) < min(theirs) if numbers[0] == numbers[1] else numbers[0] < numbers[1]
        if one is not None and other is not None:
            before = [(at[one], one) < (at[other], other) for at in (self.ours, self.theirs)]
            first = before[0] if before[0] == before[1] else first
        return [*ours, *theirs] if first else [*theirs, *ours]

    def wish(self, key: RecordKey) -> int:
        """The number of the side that moved the key or changed its number; of two, the larger."""
        mover = self.mover.get(key)
        if mover is not None:
            return (self.ours if mover is Side.OURS else self.theirs)[key]
        was, here, there = self.base.get(key), self.ours.get(key), self.theirs.get(key)
        if here is None or there is None:
            one = there if here is None else here
            return self.members[key] if one is None else one
        if was in (here, there):
            return there if was == here else here
        return max(here, there)


def _slots(sequence: Iterable[RecordKey], spine: set[RecordKey], wanted: set[RecordKey]) -> _Slots:
    """The wanted keys in the order of the sequence, by the last key of the spine in front of them."""
    found: _Slots = {}
    anchor = None
    for key in sequence:
        if key in spine:
            anchor = key
        elif key in wanted:
            found.setdefault(anchor, []).append(key)
    return found


def _agreed(ours: _Slots, theirs: _Slots) -> _Slots:
    """What both sides put at the same place, without what they put in different orders there."""
    found: _Slots = {}
    for anchor in ours.keys() & theirs.keys():
        both = set(ours[anchor]) & set(theirs[anchor])
        here = [key for key in ours[anchor] if key in both]
        where = {key: index for index, key in enumerate(k for k in theirs[anchor] if k in both)}
        highest = -1
        for index, key in enumerate(here):
            if where[key] == index and highest < index:
                found.setdefault(anchor, []).append(key)
            highest = max(highest, where[key])
    return found
