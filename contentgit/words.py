"""Which words of a text have changed, for people's eyes."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from itertools import groupby
from operator import itemgetter

from contentgit.alignment import Run, rough_runs, runs
from contentgit.text import segments

# A tag, a run of letters and digits (one character in scripts without spaces), space, or a sign.
_WORD = re.compile(r"<[^<>]{0,200}>|[^\W\u3040-\u30ff\u3400-\u9fff]+|\s+|.", re.DOTALL)


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


def _by_segments(before: str, after: str) -> Iterator[Run[str]]:
    """Runs of equal and of differing words: sentences are matched first, words within the rest."""
    for old, new in rough_runs(segments(before), segments(after)):
        if old == new:
            yield old, new
        else:
            yield from runs(_WORD.findall("".join(old)), _WORD.findall("".join(new)))


def _joined(pieces: Iterable[Run[str]]) -> Iterator[tuple[bool, str, str]]:
    """Whether equal, text before, text after; changed and equal runs take turns.

    Mere space between two changes counts as changed: "old words" that became "new text" is one
    replacement for a reader and not two.
    """
    texts = [(old == new, "".join(old), "".join(new)) for old, new in pieces if old or new]
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
