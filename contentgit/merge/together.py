"""Fields that are one value together: money and its currency, the two ends of a span, a place on a map."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from contentgit.content.canonical import same
from contentgit.content.diff import ABSENT
from contentgit.merge.side import Side
from contentgit.merge.values import FieldConflict, Maybe

Fields = Mapping[str, Maybe]


def merge_together(
    names: Sequence[str], base: Fields, ours: Fields, theirs: Fields, prefer: Side | None = None
) -> tuple[Fields, tuple[FieldConflict, ...]]:
    """The fields of one side, which alone changed some of them, and where the sides contradict each other.

    ``ours`` and ``theirs`` have all of the fields. A field that the base does not have and that both sides
    filled with equal values was added by a migration, which does not change the value.
    """
    known = [name for name in names if name in base or not same(ours[name], theirs[name])]
    if all(same(ours[name], theirs[name]) for name in names) or _unchanged(known, base, theirs):
        return ours, ()
    if _unchanged(known, base, ours):
        return theirs, ()
    conflicts = tuple(
        FieldConflict(name, base.get(name, ABSENT), ours[name], theirs[name])
        for name in names
        if not same(ours[name], theirs[name])
    )
    return (theirs if prefer is Side.THEIRS else ours), conflicts


def _unchanged(names: Sequence[str], base: Fields, side: Fields) -> bool:
    return all(name in base and same(base[name], side[name]) for name in names)
