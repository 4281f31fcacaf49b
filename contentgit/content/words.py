"""Which words of a text have changed, for people's eyes."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from itertools import groupby
from operator import itemgetter

from contentgit.content.alignment import rough_runs, runs
from contentgit.content.text_alignment import TextRun, common_end, common_start, text_runs

# A tag, a run of letters and digits (one character in scripts without spaces), space, or a sign.
_WORD = re.compile(r"<[^<>]{0,200}>|[^\W\u3040-\u30ff\u3400-\u9fff]+|\s+|.", re.DOTALL)

_LONG_WORD = 200
_REPLACED = 1 << 20
"""Passages of so many characters together are one replacement: words take several times their room."""


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


def _by_segments(before: str, after: str) -> Iterator[TextRun]:
    """Runs of equal and of differing words: sentences are matched first, words within the rest."""
    for old, new in text_runs(before, after, rough_runs):
        if old is new:
            yield old, new
        else:
            yield from _by_words(old, new)


def _by_words(old: str, new: str) -> Iterator[TextRun]:
    if len(old) + len(new) <= _REPLACED:
        for before, after in runs(_WORD.findall(old), _WORD.findall(new)):
            yield "".join(before), "".join(after)
        return
    start = common_start(old, new)
    end = common_end(old, new, min(len(old), len(new)) - start)
    # From a space on: else only a part of a word would have changed.
    start = old.rfind(" ", max(0, start - _LONG_WORD), start) + 1 or (
        start if start > _LONG_WORD else 0
    )
    place = old.find(" ", len(old) - end, len(old) - end + _LONG_WORD)
    end = len(old) - place if place >= 0 else end if end > _LONG_WORD else 0
    before, after = old[start : len(old) - end], new[start : len(new) - end]
    yield old[:start], new[:start]
    if len(before) + len(after) > _REPLACED:
        yield before, after
    else:
        yield from _by_words(before, after)
    yield old[len(old) - end :], new[len(new) - end :]


def _joined(pieces: Iterable[TextRun]) -> Iterator[tuple[bool, str, str]]:
    """Whether equal, text before, text after; changed and equal runs take turns.

    Mere space between two changes counts as changed: "old words" that became "new text" is one
    replacement for a reader and not two.
    """
    joined = list(_merged((old == new, old, new) for old, new in pieces if old or new))
    inner = range(1, len(joined) - 1)
    for index in inner:
        equal, old, new = joined[index]
        if equal and old.isspace():
            joined[index] = (False, old, new)
    yield from _merged(joined)


def _merged(texts: Iterable[tuple[bool, str, str]]) -> Iterator[tuple[bool, str, str]]:
    for equal, group in groupby(texts, key=itemgetter(0)):
        _, old, new = zip(*group, strict=True)
        before = "".join(old)
        yield equal, before, before if equal else "".join(new)
