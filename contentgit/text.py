"""The segments in which a record writes long text.

They are part of the format: what :func:`segments` gives for a text may never change within one
format number. So the expression below names every character it looks at, and uses no class (such as
``\\s``) whose members depend on the Unicode tables of the Python in use.
"""

from __future__ import annotations

import re

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
    r"(?:(?<=[a-z]{5}\.)|"
    rf"(?<!{_FRONT}[A-Za-z]\.)"
    rf"(?<!{_FRONT}(?:Dr|Fr|Hr|Jr|Mr|Ms|No|Nr|Sr|St|ca|cf|pp|vs)\.)"
    rf"(?<!{_FRONT}(?:Fig|Mme|Mrs|Vgl|Vol|bzw|sog|usw|vgl)\.)"
    rf"(?<!{_FRONT}(?:Prof|inkl|resp)\.)"
    r"(?<!(?:^|(?<=>))[0-9]\.)(?<!(?:^|(?<=>))[0-9][0-9]\.))"
)
_REST = rf"{_CLOSING}{_SPACE}++{_LINE_END}?"
_WIDE_REST = rf"(?![\u3002\uff01\uff1f\uff61]){_CLOSING}{_SPACE}*+{_LINE_END}?"
# Each branch begins with one plain character, by which the search skips all other text fast.
_CUT = re.compile(
    rf"\.{_SENTENCE_END}{_REST}|!{_REST}|\?{_REST}|\u2026{_REST}"
    rf"|<{_BLOCK}{_SPACE}*+{_LINE_END}?"
    r"|\n|\r\n?"
    rf"|\u3002{_WIDE_REST}|\uff01{_WIDE_REST}|\uff1f{_WIDE_REST}|\uff61{_WIDE_REST}",
    re.ASCII | re.MULTILINE,
)


def segments(text: str) -> list[str]:
    """Cut ``text`` where a person would begin a new line; joined, the pieces are ``text`` again.

    The cuts are after line ends, after the end tags of HTML blocks, and after sentences together
    with the space behind them. Whether there is a cut is decided by the characters around it alone,
    so an edit changes the segments that it touches and at most their neighbours. ``""`` has none.
    """
    ends = [match.end() for match in _CUT.finditer(text)]
    if not ends or ends[-1] != len(text):
        ends.append(len(text))
    return [text[start:end] for start, end in zip([0, *ends], ends, strict=False) if start < end]
