"""The segments in which a record writes long text.

They are part of the format: what :func:`segments` gives for a text may never change within one
format number. So the expression below names every character it looks at, and uses no class (such as
``\\s``) whose members depend on the Unicode tables of the Python in use.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from functools import cache
from itertools import chain
from typing import Final

SHORT_TEXT: Final = 100
"""So many characters without a line end are written as one string."""

PART: Final = 1 << 14
"""So many characters of a long text are cut at a time: segments take several times their room."""

LONG_TEXT: Final = 4 * PART
"""Longer texts are cut in parts, which costs half as much again."""

_LINE_END = r"(?:\r\n?|\n)"
_SPACE = r"[ \t\u00a0\u202f\u3000]"
_CLOSING = (
    r"(?:[\"')\]}\u00ab\u00bb\u2018\u2019\u201c\u201d\u2039\u203a\u3009\u300b\u300d\u300f\u3011\uff09]"
    r"|</(?i:a|b|em|i|span|strong|u)>)*+"
)
# Grouped by their first letters: an inline tag, the usual case, then fails after a few comparisons.
_BLOCK = (
    r"(?i:/(?:p(?:re)?|li|d(?:iv|[dlt]|etails)|h(?:[1-6]|eader)|ul|ol|t(?:[dhr]|able|body|foot|head)"
    r"|a(?:ddress|rticle|side)|blockquote|f(?:ieldset|ig(?:caption|ure)|o(?:oter|rm))|main|nav"
    r"|s(?:ection|ummary))"
    r"|[bh]r(?: [^<>\r\n]{0,100}+|/)?)>"
)
# A full stop ends no sentence behind an initial, an abbreviation, or the number of a list's entry.
_FRONT = r"(?:^|(?<=[ .(>\"'\u00a0]))"
_SENTENCE_END = (
    # How no abbreviation below ends: the usual case is decided fast.
    r"(?:(?<=[a-z][bcdhijkmnoqrtuvxyz]\.)|(?<=[a-z]{5}\.)|"
    rf"(?<!{_FRONT}[A-Za-z]\.)"
    rf"(?<!{_FRONT}(?:Dr|Fr|Hr|Jr|Mr|Ms|No|Nr|Sr|St|ca|cf|pp|vs)\.)"
    rf"(?<!{_FRONT}(?:Fig|Mme|Mrs|Vgl|Vol|bzw|sog|usw|vgl)\.)"
    rf"(?<!{_FRONT}(?:Prof|inkl|resp)\.)"
    r"(?<!(?:^|(?<=>))[0-9]\.)(?<!(?:^|(?<=>))[0-9][0-9]\.))"
)
_REST = rf"{_CLOSING}{_SPACE}++{_LINE_END}?"
_WIDE_REST = rf"(?![\u3002\uff01\uff1f\uff61]){_CLOSING}{_SPACE}*+{_LINE_END}?"
# By the character that each begins with: to look for one character costs next to nothing.
_CUTS: Final = {
    ".": rf"\.{_SENTENCE_END}{_REST}",
    "!": rf"!{_REST}",
    "?": rf"\?{_REST}",
    "\u2026": rf"\u2026{_REST}",
    "<": rf"<{_BLOCK}{_SPACE}*+{_LINE_END}?",
    "\n": r"\n",
    "\r": r"\r\n?",
    **{stop: rf"{stop}{_WIDE_REST}" for stop in "\u3002\uff01\uff1f\uff61"},
}
# The only thing behind which there is a cut and in which there could be others.
_ATTRIBUTES = re.compile(r"<(?i:[bh]r) [^<>\r\n]{0,100}+>")


_ALL: Final = "".join(_CUTS)
_NARROW: Final = "".join(filter(str.isascii, _CUTS))
_WIDE: Final = "".join(first for first in _CUTS if not first.isascii())


@cache
def _segment(firsts: str) -> re.Pattern[str]:
    """A segment that ends with one of these cuts, or is the rest of a text. All of them in one search."""
    one, none = f"[{re.escape(firsts)}]", f"[^{re.escape(firsts)}]*+"
    cut = "|".join(_CUTS[first] for first in firsts)
    # Most that could be a cut is one, which the first alternative finds without a loop.
    later = rf"{one}(?:{none}{one})*?{none}(?:{cut})"
    return re.compile(rf"{none}(?:{cut}|{later})|(?s:.+)", re.ASCII | re.MULTILINE)


@cache
def _cut(first: str) -> re.Pattern[str]:
    """Compiled when it is needed: that takes longer than many a call of the program has to."""
    return re.compile(_CUTS[first], re.ASCII | re.MULTILINE)


class _Spans:
    """The matches of an expression, in order and searched for only as far as requested."""

    def __init__(self, expression: re.Pattern[str], text: str) -> None:
        self._matches = expression.finditer(text)
        self._next = next(self._matches, None)

    def before(self, end: int) -> list[tuple[int, int]]:
        """The matches that begin before ``end``, without those given before."""
        found = []
        while self._next is not None and self._next.start() < end:
            found.append(self._next.span())
            self._next = next(self._matches, None)
        return found


def segments(text: str) -> list[str]:
    """Cut ``text`` where a person would begin a new line; joined, the pieces are ``text`` again.

    The cuts are after line ends, after the end tags of HTML blocks, and after sentences together
    with the space behind them. Whether there is a cut is decided by the characters around it alone,
    so an edit changes the segments that it touches and at most their neighbours. ``""`` has none.
    """
    if len(text) > LONG_TEXT:
        return list(chain.from_iterable(parts(text)))
    # To tell many characters from the others takes longer.
    is_wide = not text.isascii() and any(first in text for first in _WIDE)
    return _segment(_ALL if is_wide else _NARROW).findall(text)


def parts(text: str, size: int = PART) -> Iterator[list[str]]:
    """The :func:`segments` of long text in lists of about ``size`` characters: one is held at a time."""
    cuts = [_Spans(_cut(first), text) for first in _CUTS if first in text]
    attributes = _Spans(_ATTRIBUTES, text)
    start, ahead, tags = 0, {len(text)} - {0}, list[tuple[int, int]]()
    for end in (*range(size, len(text), size), len(text)):
        for each in cuts:
            ahead.update([stop for _, stop in each.before(end)])
        tags = [tag for tag in tags if tag[1] > end - size] + attributes.before(end)
        for first, last in tags:
            ahead.difference_update(range(first + 1, last))
        found = sorted(each for each in ahead if each <= end)
        ahead.difference_update(found)
        if found:
            yield _pieces(text, start, found)
            start = found[-1]


def _pieces(text: str, start: int, ends: Sequence[int]) -> list[str]:
    return [text[start:end] for start, end in zip([start, *ends], ends, strict=False)]


def in_segments(text: str) -> bool:
    """Whether a record writes the text in segments, and merges take it by them."""
    return len(text) > SHORT_TEXT or "\n" in text or "\r" in text
