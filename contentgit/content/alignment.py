"""Which pieces of two sequences correspond: the ground of word diffs and of merges."""

from __future__ import annotations

from bisect import bisect_left
from collections import Counter
from collections.abc import Callable, Hashable, Iterable, Iterator, Sequence
from difflib import SequenceMatcher
from typing import TypeAlias, TypeVar

T = TypeVar("T", bound=Hashable)
Run: TypeAlias = tuple[Sequence[T], Sequence[T]]
"""Neighbouring pieces of the old and of the new sequence; equal pieces or pieces that were replaced."""

_PRODUCT_LIMIT = 40_000
"""Up to so many pairs of pieces the exact comparison is fast enough."""

_WORK_LIMIT = 12_000
"""So many pairs of equal pieces are looked at for one of them. In prose every second piece is a space: 200
pieces on each side have some 10,000 such pairs, of which few are looked at twice."""


def runs(old: Sequence[T], new: Sequence[T]) -> Iterator[Run[T]]:
    """Runs of equal and of differing pieces, in time that grows about as the sequences do.

    All first parts joined are ``old``, all second parts ``new``. Runs may be empty.
    """
    for before, after in rough_runs(old, new):
        if before == after or len(before) * len(after) > _PRODUCT_LIMIT:
            yield before, after
        else:
            yield from _matched(before, after, _exactly)


def rough_runs(old: Sequence[T], new: Sequence[T]) -> Iterator[Run[T]]:
    """As :func:`runs`, by the pieces alone that stand once on each side."""
    return _matched(old, new, _anchors)


def _matched(
    old: Sequence[T],
    new: Sequence[T],
    find: Callable[[Sequence[T], Sequence[T]], list[tuple[int, int]]],
) -> Iterator[Run[T]]:
    """Runs that are equal and runs that are not; ``find`` gives indexes of equal pieces, rising."""
    head = _common(zip(old, new, strict=False))
    tail = _common(zip(reversed(old[head:]), reversed(new[head:]), strict=False))
    old_end, new_end = len(old) - tail, len(new) - tail
    yield old[:head], new[:head]
    i = j = head
    for x, y in find(old[head:old_end], new[head:new_end]):
        yield old[i : head + x], new[j : head + y]
        i, j = head + x + 1, head + y + 1
        yield old[i - 1 : i], new[j - 1 : j]
    yield old[i:old_end], new[j:new_end]
    yield old[old_end:], new[new_end:]


def _common(pairs: Iterable[tuple[T, T]]) -> int:
    """How many pairs at the beginning are equal."""
    count = 0
    for old, new in pairs:
        if old != new:
            break
        count += 1
    return count


def _anchors(old: Sequence[T], new: Sequence[T]) -> list[tuple[int, int]]:
    """The pieces that stand once on each side, as far as they stand in the same order on both."""
    times_old, times_new = Counter(old), Counter(new)
    where = {piece: index for index, piece in enumerate(new) if times_new[piece] == 1}
    return _rising(
        [
            (i, where[piece])
            for i, piece in enumerate(old)
            if times_old[piece] == 1 and piece in where
        ]
    )


def _rising(pairs: list[tuple[int, int]]) -> list[tuple[int, int]]:
    """The longest part of ``pairs`` whose second numbers rise (as the first ones do)."""
    lowest: list[int] = []  # of all rising parts of each length, the lowest last number
    last: list[int] = []  # and the index of its pair
    previous: list[int] = []
    for index, (_, number) in enumerate(pairs):
        length = bisect_left(lowest, number)
        previous.append(last[length - 1] if length else -1)
        lowest[length : length + 1] = [number]
        last[length : length + 1] = [index]
    result = []
    index = last[-1] if last else -1
    while index >= 0:
        result.append(pairs[index])
        index = previous[index]
    return result[::-1]


def _exactly(old: Sequence[T], new: Sequence[T]) -> list[tuple[int, int]]:
    """All pieces that stay: the longest run of equal pieces first, then those on both sides of it.

    That costs as much as there are pairs of equal pieces, at every depth. Where pieces repeat so often
    that this becomes too much, what is left is compared in a way that does not care about repetitions.
    """
    work = _WORK_LIMIT
    found: list[tuple[int, int]] = []
    areas = [(0, len(old), 0, len(new))]
    while areas:
        left, right, low, high = areas.pop()
        before, after = old[left:right], new[low:high]
        times = Counter(after)
        cost = sum(map(times.__getitem__, before))
        if cost > work:
            found += [(left + x, low + y) for x, y in _longest(before, after)]
            continue
        work -= cost
        i, j, size = SequenceMatcher(None, before, after, autojunk=False).find_longest_match()
        if size:
            i, j = left + i, low + j
            found += [(i + step, j + step) for step in range(size)]
            areas += [(left, i, low, j), (i + size, right, j + size, high)]
    return sorted(found)


def _longest(old: Sequence[T], new: Sequence[T]) -> list[tuple[int, int]]:
    """A longest common part, in as many steps as there are pieces, on numbers of as many bits.

    H. Hyyrö's "Bit-parallel LCS-length computation revisited" (2004): bit ``j`` of row ``i`` is 0 where the
    piece ``new[j]`` makes the part common to ``old[: i + 1]`` and ``new[: j + 1]`` one longer.
    """
    places: dict[T, int] = {}
    for index, piece in enumerate(new):
        places[piece] = places.get(piece, 0) | 1 << index
    every = (1 << len(new)) - 1
    rows = [every]
    for piece in old:
        row = rows[-1]
        hits = row & places.get(piece, 0)
        rows.append((row + hits | row - hits) & every)
    found = []
    i, j = len(old), len(new)
    while i and j:
        if rows[i] >> (j - 1) & 1:
            j -= 1
            continue
        i -= 1
        if rows[i] >> (j - 1) & 1:
            j -= 1
            found.append((i, j))
    return found[::-1]
