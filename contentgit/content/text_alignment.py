"""Which segments of two texts correspond, without a list of all segments of a long text.

Segments take several times the room of their text. So what long texts begin and end with alike is found by
characters, and of the rest, where that is long as well, chunks of neighbouring segments are matched first.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from itertools import chain
from typing import Final, TypeAlias
from zlib import crc32

from contentgit.content.alignment import Run, rough_runs
from contentgit.content.text import LONG_TEXT, PART, parts, segments

TextRun: TypeAlias = tuple[str, str]
"""Neighbouring segments of the old and of the new text, joined; one string twice where they are equal."""

Align: TypeAlias = Callable[[Sequence[str], Sequence[str]], Iterator[Run[str]]]

_CHUNKED: Final = 1 << 22
"""Longer texts, both together, are matched by chunks first."""

_SEGMENTS: Final = 8
"""So many segments make a chunk, on average."""

_REPLACED: Final = 1 << 24
"""Texts of so many characters together that have no chunk in common are one replacement."""

_WINDOW: Final = PART
_MARGIN: Final = 256
"""Characters at this distance from a cut do not affect it."""


def text_runs(old: str, new: str, align: Align) -> Iterator[TextRun]:
    """Runs of equal and of differing segments, in the order of the texts; ``align`` finds them in lists.

    All first parts joined are ``old``, all second parts ``new``. Runs may be empty.
    """
    if max(len(old), len(new)) <= LONG_TEXT:
        yield from _joined(align(segments(old), segments(new)))
        return
    head, tail = _shared_ends(old, new)
    old_end, new_end = len(old) - tail, len(new) - tail
    yield _both(old[:head])
    yield from _middle(old[head:old_end], new[head:new_end], align)
    yield _both(old[old_end:])


def common_start(old: str, new: str) -> int:
    """How many characters both begin with."""
    size = min(len(old), len(new))
    for start in range(0, size, PART):
        a, b = old[start : start + PART], new[start : start + PART]
        if a != b:
            return start + next(
                (n for n, pair in enumerate(zip(a, b, strict=False)) if pair[0] != pair[1]),
                min(len(a), len(b)),
            )
    return size


def common_end(old: str, new: str, most: int) -> int:
    """How many characters both end with, if these are no more than ``most``."""
    for done in range(0, most, PART):
        stop = min(done + PART, most)
        a, b = (each[len(each) - stop : len(each) - done] for each in (old, new))
        if a != b:
            return done + common_start(a[::-1], b[::-1])
    return most


def _middle(old: str, new: str, align: Align) -> Iterator[TextRun]:
    if len(old) + len(new) <= _CHUNKED:
        yield from _joined(align(segments(old), segments(new)))
        return
    for before, after in _by_chunks(old, new):
        if before is after or len(before) + len(after) > _REPLACED:
            yield before, after
        else:
            yield from _joined(align(segments(before), segments(after)))


def _by_chunks(old: str, new: str) -> Iterator[TextRun]:
    """Runs of equal and of differing chunks, found by their hashes and then compared."""
    (old_hashes, old_ends), (new_hashes, new_ends) = _chunks(old), _chunks(new)
    i = j = start = other = 0
    for old_run, new_run in rough_runs(old_hashes, new_hashes):
        i, j = i + len(old_run), j + len(new_run)
        end, stop = old_ends[i], new_ends[j]
        before, after = old[start:end], new[other:stop]
        start, other = end, stop
        yield _both(before) if before == after else (before, after)


def _joined(found: Iterator[Run[str]]) -> Iterator[TextRun]:
    for old, new in found:
        yield _both("".join(old)) if old == new else ("".join(old), "".join(new))


def _both(text: str) -> TextRun:
    return text, text


def _chunks(text: str) -> tuple[list[int], list[int]]:
    """The hashes of neighbouring segments joined, and between which places these are, from 0 on.

    That it is the last of a chunk a segment tells by itself, so that edits move no ends.
    """
    hashes, ends, place, chunk = list[int](), [0], 0, list[str]()
    for piece in chain.from_iterable(parts(text)):
        chunk.append(piece)
        place += len(piece)
        told = crc32(piece.encode("utf-8", "surrogatepass"))
        if told % _SEGMENTS == 0 or len(chunk) == _SEGMENTS**2 or place == len(text):
            hashes.append(hash("".join(chunk)))
            ends.append(place)
            chunk = []
    return hashes, ends


def _shared_ends(old: str, new: str) -> tuple[int, int]:
    """How many characters are alike at the beginning and at the end, up to a cut on both sides."""
    same = common_start(old, new)
    start = max(0, same - _WINDOW)
    head = max(_cuts(old, start, same), default=0)
    place = len(old) - common_end(old, new, min(len(old), len(new)) - same)
    stop = min(place + _WINDOW, len(old))
    tail = len(old) - min(_cuts(old, place, stop), default=len(old))
    return head, tail


def _cuts(text: str, start: int, end: int) -> Iterator[int]:
    """The ends of segments in a part of the text that no other characters than those in it decide."""
    place = start
    for piece in segments(text[start:end]):
        place += len(piece)
        if start + _MARGIN <= place <= end - _MARGIN:
            yield place
