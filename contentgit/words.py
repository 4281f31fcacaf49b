"""Which words of a text have changed, for people's eyes."""

from __future__ import annotations

import re
from bisect import bisect_left
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Sequence
from difflib import SequenceMatcher
from itertools import groupby
from operator import itemgetter
from typing import TypeAlias

from contentgit.text import segments

_Pieces: TypeAlias = Sequence[str]
_Run: TypeAlias = tuple[_Pieces, _Pieces]

# A tag, a run of letters and digits (one character in scripts without spaces), space, or a sign.
_WORD = re.compile(r"<[^<>]{0,200}>|[^\W\u3040-\u30ff\u3400-\u9fff]+|\s+|.", re.DOTALL)

_PRODUCT_LIMIT = 40_000
"""Up to so many pairs of words the exact comparison is fast enough."""


def words(before: str, after: str) -> list[tuple[str, str]]:
    """How ``after`` came from ``before``, word by word, in time that grows about as the texts do.

    Returns:
        Pairs of ``"equal"``, ``"delete"`` or ``"insert"`` and a text. The texts of the first two
        kinds joined are ``before``, those of the first and third are ``after``. A deletion stands
        before the insertion that replaces it.
    """
    result: list[tuple[str, str]] = []
    for equal, old, new in _joined(_by_segments(before, after)):
        if equal:
            result.append(("equal", old))
            continue
        result += [(kind, text) for kind, text in (("delete", old), ("insert", new)) if text]
    return result


def _by_segments(before: str, after: str) -> Iterator[_Run]:
    """Runs of equal and of differing words: sentences are matched first, words within the rest."""
    for old, new in _matched(segments(before), segments(after), _anchors):
        if old == new:
            yield old, new
        else:
            yield from _by_words(_WORD.findall("".join(old)), _WORD.findall("".join(new)))


def _by_words(before: _Pieces, after: _Pieces) -> Iterator[_Run]:
    for old, new in _matched(before, after, _anchors):
        if old == new or len(old) * len(new) > _PRODUCT_LIMIT:
            yield old, new
        else:
            yield from _matched(old, new, _exactly)


def _matched(
    old: _Pieces,
    new: _Pieces,
    find: Callable[[_Pieces, _Pieces], list[tuple[int, int]]],
) -> Iterator[_Run]:
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


def _common(pairs: Iterable[tuple[str, str]]) -> int:
    """How many pairs at the beginning are equal."""
    count = 0
    for old, new in pairs:
        if old != new:
            break
        count += 1
    return count


def _anchors(old: _Pieces, new: _Pieces) -> list[tuple[int, int]]:
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


def _exactly(old: _Pieces, new: _Pieces) -> list[tuple[int, int]]:
    """All pieces that stay; the cost grows with the product of the lengths."""
    blocks = SequenceMatcher(None, old, new, autojunk=False).get_matching_blocks()
    return [(i + step, j + step) for i, j, size in blocks for step in range(size)]


def _joined(runs: Iterable[_Run]) -> Iterator[tuple[bool, str, str]]:
    """Whether equal, text before, text after; changed and equal runs take turns.

    Mere space between two changes counts as changed: "old words" that became "new text" is one
    replacement for a reader and not two.
    """
    texts = [(old == new, "".join(old), "".join(new)) for old, new in runs if old or new]
    joined = list(_merged(texts))
    inner = range(1, len(joined) - 1)
    for index in inner:
        equal, old, new = joined[index]
        if equal and old.isspace():
            joined[index] = (False, old, new)
    yield from _merged(joined)


def _merged(texts: Iterable[tuple[bool, str, str]]) -> Iterator[tuple[bool, str, str]]:
    for equal, group in groupby(texts, key=itemgetter(0)):
        _, old, new = zip(*group, strict=True)
        yield equal, "".join(old), "".join(new)
