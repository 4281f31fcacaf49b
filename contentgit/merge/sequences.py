"""Sequences: segments of a text, elements of a list. Changes that do not touch are both taken."""

from __future__ import annotations

from collections.abc import Hashable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from itertools import chain, zip_longest
from typing import Generic, TypeVar

from contentgit.content.alignment import Run, runs
from contentgit.content.text_alignment import text_runs

T = TypeVar("T", bound=Hashable)


@dataclass(frozen=True)
class _Hunk(Generic[T]):
    """What one side puts in the place of ``base[start:end]``: ``new``, joined."""

    start: int
    end: int
    new: tuple[Sequence[T], ...]
    ours: bool


def merge_sequences(base: Sequence[T], ours: Sequence[T], theirs: Sequence[T]) -> list[T] | None:
    """The base with the changes of both sides; ``None`` where both changed the same place differently.

    Adjacent pieces may be changed on one side each. Where something is put in, the
    other side must have left both neighbours of that place as they are, as nothing tells the order.
    """
    merged = _merged(base, runs(base, ours), runs(base, theirs))
    return None if merged is None else list(chain.from_iterable(merged))


def merge_texts(base: str, ours: str, theirs: str) -> str | None:
    """As :func:`merge_sequences` of their segments."""
    merged = _merged(base, text_runs(base, ours, runs), text_runs(base, theirs, runs))
    return None if merged is None else "".join(map(str, merged))


def _merged(
    base: Sequence[T], ours: Iterable[Run[T]], theirs: Iterable[Run[T]]
) -> list[Sequence[T]] | None:
    """The parts of the merged sequence."""
    hunks = [*_hunks(ours, ours=True), *_hunks(theirs, ours=False)]
    result: list[Sequence[T]] = []
    place = 0
    for group in _touching(sorted(hunks, key=lambda each: (each.start, each.end))):
        start, end = group[0].start, max(hunk.end for hunk in group)
        new = _settled(base, group, start, end)
        if new is None:
            return None
        result += [base[place:start], *new]
        place = end
    return [*result, base[place:]]


def _hunks(found: Iterable[Run[T]], *, ours: bool) -> Iterator[_Hunk[T]]:
    place = start = 0
    new: list[Sequence[T]] = []
    for old_run, new_run in found:
        if old_run == new_run:
            if old_run and (place > start or new):
                yield _Hunk(start, place, tuple(new), ours)
                new = []
            place += len(old_run)
            if old_run:
                start = place
            continue
        place += len(old_run)
        if new_run:
            new.append(new_run)
    if place > start or new:
        yield _Hunk(start, place, tuple(new), ours)


def _touching(hunks: Sequence[_Hunk[T]]) -> Iterator[list[_Hunk[T]]]:
    """The hunks in groups of those that overlap, or are put in at each other's edge."""
    group: list[_Hunk[T]] = []
    end = put_in = -1  # of the group: where it ends, and the last place where something is put in
    for hunk in hunks:  # by their starts, so that the ends tell
        last = end if hunk.start == hunk.end else max(end - 1, put_in)
        if group and hunk.start > last:
            yield group
            group, end, put_in = [], -1, -1
        group.append(hunk)
        end = max(end, hunk.end)
        put_in = hunk.end if hunk.start == hunk.end else put_in
    if group:
        yield group


def _settled(
    base: Sequence[T], group: Sequence[_Hunk[T]], start: int, end: int
) -> list[Sequence[T]] | None:
    """The replacement of ``base[start:end]``, if only one side changed it or both made the same change."""
    if len({each.ours for each in group}) == 1:
        return _replaced(base, group, start, end)
    mine = _replaced(base, [hunk for hunk in group if hunk.ours], start, end)
    other = _replaced(base, [each for each in group if not each.ours], start, end)
    return mine if _alike(mine, other) else None


def _alike(a: Iterable[Sequence[T]], b: Iterable[Sequence[T]]) -> bool:
    """Whether the parts joined are equal, wherever each is cut."""
    missing = object()
    pairs = zip_longest(chain.from_iterable(a), chain.from_iterable(b), fillvalue=missing)
    return all(x == y for x, y in pairs)


def _replaced(
    base: Sequence[T], hunks: Sequence[_Hunk[T]], start: int, end: int
) -> list[Sequence[T]]:
    result: list[Sequence[T]] = []
    place = start
    for hunk in hunks:
        result += [base[place : hunk.start], *hunk.new]
        place = hunk.end
    return [*result, base[place:end]]
