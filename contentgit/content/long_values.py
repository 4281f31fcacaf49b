"""Long values in the bytes of a record, read in parts: at once, they take several times their room.

Of what is read here line ends and indents tell where each value ends, as no JSON string holds a line end as
it is. Where they do not, nothing is read here.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from functools import cache
from typing import Any, Final, TypeAlias

from contentgit.content.documents import parse_document
from contentgit.content.text import LONG_TEXT, PART
from contentgit.errors import FormatError

Read: TypeAlias = Callable[[bytes], Any]
"""Gives the value of a whole document; raises ``FormatError``."""

_FIELD = re.compile(rb'\n  "(\w++)": (?=[\[{]\n)')
_NAME = re.compile(rb'\n++ *+(?:("[^"\\\n]*+"): )?(?=[\[{]\n)')
_CLOSING: Final = {ord("["): b"]", ord("{"): b"}"}

_LEVELS: Final = 8
"""Deeper values are read at once: each level costs stack, and is looked through anew."""

_JOINED: Final = 1 << 20
"""The number of bytes of a text that are decoded before they are appended to the rest of it."""


class _OtherFormError(Exception):
    """The bytes are not as contentgit writes them."""


def without_long(data: bytes, read: Read) -> tuple[bytes, dict[str, Any]]:
    """``data`` with ``null`` for each field that holds a long text, list or object, and these by field.

    They are exact where the bytes returned are those of an object with two spaces a level, in which no
    name stands twice. Where there is none, or something else in its place, it is ``data`` itself.
    """
    rest, values, start, place = list[bytes](), dict[str, Any](), 0, 0
    try:
        while match := _FIELD.search(data, place):
            place = _end(data, match.end(), 1)
            if place - match.end() > PART:
                values[match[1].decode()] = _LongPart(data, match.end(), place, 1, read).value()
                rest += (data[start : match.start()], b'\n  "%b": null' % match[1])
                start = place
    except (_OtherFormError, FormatError):
        return data, {}
    return (b"".join([*rest, data[start:]]), values) if values else (data, values)


def _end(data: bytes, start: int, level: int) -> int:
    """Where the list or object ends that begins at ``start`` on a line indented by ``level`` steps."""
    closing = _pad(level) + _CLOSING[data[start]]
    found = data.find(closing, start)
    if found < 0:
        raise _OtherFormError
    return found + len(closing)


def _pad(level: int) -> bytes:
    return b"\n" + b"  " * level


@cache
def _between(level: int) -> re.Pattern[bytes]:
    """What is between two values that are indented by ``level`` steps."""
    return re.compile(rb",(?=\n\n?%b(?! ))" % (b"  " * level))


class _LongPart:
    """The list or object in ``data[start:end]``, on a line that is indented by ``level`` steps."""

    def __init__(self, data: bytes, start: int, end: int, level: int, read: Read) -> None:
        self.data, self.start, self.end, self.level, self.read = data, start, end, level, read
        self.last = end - len(_pad(level)) - 1
        self.opening = data[start : start + 1]

    def value(self) -> Any:
        """The value; of what holds nothing but a text in segments the text."""
        text = b'{%b"$text": [%b' % (_pad(self.level + 1), _pad(self.level + 2))
        if self.data.startswith(text, self.start):
            return self._text(self.start + len(text))
        found: Any = [] if self.opening == b"[" else {}
        place, stop = self.start + 1, 0
        while place < self.last:
            if stop < place + PART:
                stop = self._next(place + PART)
            end = stop
            if stop - place > LONG_TEXT and self.level < _LEVELS:
                # Read the values before the next long one; if that is the first, read it alone.
                end, after = place, self._next(place + 1)
                while after - end <= PART:
                    end, after = after, self._next(after + 1)
                end = end if end > place else after
            self._add(found, self._read(place, end))
            place = end + 1
        return found

    def _next(self, place: int) -> int:
        match = _between(self.level + 1).search(self.data, place, self.last)
        return match.start() if match else self.last

    def _read(self, start: int, end: int) -> Any:
        """The values between two places, as a list or object of their own."""
        if end - start > LONG_TEXT and self.level < _LEVELS:
            match = _NAME.match(self.data, start, end)
            if match and _end(self.data, match.end(), self.level + 1) == end:
                inner = _LongPart(self.data, match.end(), end, self.level + 1, self.read)
                return {parse_document(match[1]): inner.value()} if match[1] else [inner.value()]
        lines = self.data[start:end].replace(_pad(self.level), b"\n")
        return self.read(b"%b%b\n%b\n" % (self.opening, lines, _CLOSING[self.opening[0]]))

    def _add(self, found: Any, more: Any) -> None:
        if type(more) is not type(found) or not more:
            raise _OtherFormError
        size = len(found) + len(more)
        if type(found) is list:
            found += more
        else:
            found |= more
        if len(found) < size:  # a name stands twice
            raise _OtherFormError

    def _text(self, place: int) -> str:
        """The strings of the list in it as one, from the first on."""
        end = self.last - len(_pad(self.level + 1)) - 1
        if end < place or self.data[end : self.last] != _pad(self.level + 1) + b"]":
            raise _OtherFormError
        between = b",\n" + _pad(self.level + 2)
        text, found, size = "", list[str](), 0
        while True:
            stop = self.data.find(between, place + PART, end)
            stop = end if stop < 0 else stop
            pieces = parse_document(b"[%b]" % self.data[place:stop])
            if not pieces or any(type(piece) is not str for piece in pieces):
                raise _OtherFormError
            found += pieces
            size += stop - place
            if size > _JOINED or stop == end:
                text += "".join(found)  # grows in place, where all at once would be held twice
                found, size = [], 0
            if stop == end:
                return text
            place = stop + len(between)


def are_lines_of(lines: bytes, data: bytes) -> bool:
    """Whether ``lines`` are ``data`` without its empty lines; of long data no copy is made."""
    if len(data) <= LONG_TEXT:
        return lines == data.replace(b"\n\n", b"\n")
    start = seen = 0
    while start < len(data):
        # A part ends where a line with an indent begins: never beside an empty line.
        end = data.find(b"\n ", start + PART) + 1 or len(data)
        part = data[start:end].replace(b"\n\n", b"\n")
        if not lines.startswith(part, seen):
            return False
        start, seen = end, seen + len(part)
    return seen == len(lines)
