"""Text for people without any knowledge of content: safe to print, counted."""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import Final

_UNSAFE: Final = re.compile(
    "[\x00-\x1f\x7f-\x9f\xad\u061c\u180e\u200b-\u200f\u2028-\u202e\u2060-\u206f\ufeff\ufff9-\ufffb"
    "\ud800-\udfff\U000e0000-\U000e007f]"
)


def safe(text: str) -> str:
    """The text with control, bidirectional and invisible characters as visible escapes."""

    def escaped(match: re.Match[str]) -> str:
        code = ord(match.group())
        return f"\\u{code:04x}" if code <= 0xFFFF else f"\\U{code:08x}"

    return _UNSAFE.sub(escaped, text)


def visible(text: str) -> str:
    """The text on one line: as :func:`safe`, and ``⏎`` for a line end."""
    return safe(text.replace("\r\n", "\n").replace("\n", "⏎"))


def plural(count: int, noun: str) -> str:
    """``1 record``, ``2 records``, ``1,204 records``."""
    return f"{count:,} {noun}{'' if count == 1 else 's'}"


def named_first(names: Sequence[str], shown: int = 5) -> str:
    """The names with commas; of many the first, and how many there are besides."""
    more = len(names) - shown
    first = names if more < 2 else names[:shown]
    return ", ".join(first) + (f" and {more:,} more" if more > 1 else "")
