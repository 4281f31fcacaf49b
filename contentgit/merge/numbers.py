"""The numbers that put keys in a given order: as many as can be stay what they are."""

from __future__ import annotations

from bisect import bisect_right
from collections import Counter
from collections.abc import Mapping, Sequence
from itertools import accumulate, pairwise

from contentgit.content.records import RecordKey


def counted(count: int, sides: Sequence[Mapping[RecordKey, int]]) -> list[int] | None:
    """So many numbers from 0 or from 1 on, if each side counts like that; else ``None``."""
    given = [sorted(side.values()) for side in sides if side]
    start = given[0][0] if given else -1
    if start not in (0, 1) or any(each != [*range(start, start + len(each))] for each in given):
        return None
    return list(range(start, start + count))


def numbers(
    order: Sequence[RecordKey],
    wishes: Sequence[int],
    ours: Mapping[RecordKey, int],
    theirs: Mapping[RecordKey, int],
) -> list[int]:
    """Numbers that rise along ``order``, of which as many as possible are the wished ones.

    Keys that have equal numbers on a side may have equal ones here too. None is below 1 unless one
    of the wishes is.
    """
    if not order:
        return []
    tied = _ties(order, wishes, (ours, theirs))
    steps = list(accumulate((0 if tied[i] else 1 for i in range(1, len(order))), initial=0))
    low = min(1, *wishes)
    kept = _most([wish - step for wish, step in zip(wishes, steps, strict=True)], low)
    if len(kept) == len(order):
        return list(wishes)
    return _filled(wishes, steps, kept, low, _stride(wishes, (ours, theirs)))


def _ties(
    order: Sequence[RecordKey], wishes: Sequence[int], sides: Sequence[Mapping[RecordKey, int]]
) -> list[bool]:
    """For each key, whether it may have the number of the key in front of it.

    It may where a side has them at one number, or has both at the number of a third.
    """
    leader = {key: key for key in order}

    def lead(key: RecordKey) -> RecordKey:
        while leader[key] != key:
            leader[key] = leader[leader[key]]
            key = leader[key]
        return key

    for side in sides:
        first: dict[tuple[int, int], RecordKey] = {}
        for key, wish in zip(order, wishes, strict=True):
            if key in side:
                leader[lead(key)] = lead(first.setdefault((side[key], wish), key))
    return [
        index > 0 and wishes[index] == wishes[index - 1] and lead(key) == lead(order[index - 1])
        for index, key in enumerate(order)
    ]


def _most(values: Sequence[int], low: int) -> list[int]:
    """Indexes of the longest part that never falls, with no value below ``low``; of several, an early one."""
    lowest: list[int] = []  # gone through from behind: of parts of each length, the best last value
    last: list[int] = []
    following: dict[int, int] = {}
    for index in range(len(values) - 1, -1, -1):
        if values[index] < low:
            continue
        length = bisect_right(lowest, -values[index])
        following[index] = last[length - 1] if length else -1
        lowest[length : length + 1] = [-values[index]]
        last[length : length + 1] = [index]
    found = []
    index = last[-1] if last else -1
    while index >= 0:
        found.append(index)
        index = following[index]
    return found


def _stride(wishes: Sequence[int], sides: Sequence[Mapping[RecordKey, int]]) -> int:
    """The distance that the sides' numbers most often have; of several, the smallest."""
    distances = Counter(
        after - before
        for side in sides
        for before, after in pairwise(sorted(side.values()))
        if after > before
    )
    if distances:
        return min(distances, key=lambda each: (-distances[each], each))
    return 10 if all(wish > 0 and wish % 10 == 0 for wish in wishes) else 1


def _filled(
    wishes: Sequence[int], steps: Sequence[int], kept: Sequence[int], low: int, stride: int
) -> list[int]:
    """The numbers that stay, between them others, spread evenly, and after the last by the stride."""
    result = list(wishes)
    first, last = kept[0], kept[-1]
    floor = max(low, wishes[first] - stride * steps[first])
    result[:first] = _spread(floor, wishes[first], steps[: first + 1])
    for start, end in pairwise(kept):
        between = _spread(wishes[start], wishes[end], steps[start : end + 1])
        result[start:end] = between
    for index in range(last + 1, len(wishes)):
        result[index] = wishes[last] + stride * (steps[index] - steps[last])
    return result


def _spread(start: int, end: int, steps: Sequence[int]) -> list[int]:
    """Numbers from ``start`` on, one for each step but the last, which is ``end``'s."""
    total = steps[-1] - steps[0]
    if not total:
        return [start] * (len(steps) - 1)
    return [start + (end - start) * (step - steps[0]) // total for step in steps[:-1]]
