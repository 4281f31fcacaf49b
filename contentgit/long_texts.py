"""Long text in the bytes of a record, read in parts: as a list, its segments take several times its room."""

from __future__ import annotations

import re

from contentgit.documents import parse_document
from contentgit.errors import FormatError
from contentgit.text import LONG_TEXT, PART

# No JSON string holds a line end as it is, so these are found between values and nowhere else.
_START = re.compile(rb'\n  "(\w++)": \{\n    "\$text": \[\n      ')
_BETWEEN, _END = b",\n\n      ", b"\n    ]\n  }"


def without_texts(data: bytes) -> tuple[bytes, dict[str, str]]:
    """``data`` with ``null`` for each field that holds text in segments, and these texts by field.

    They are exact where the bytes returned are those of an object with two spaces a level, in which no
    name stands twice. Where there is none, or something else in its place, it is ``data`` itself.
    """
    rest, texts, start = list[bytes](), dict[str, str](), 0
    for match in _START.finditer(data):
        end = data.find(_END, match.end())
        text = _joined(data, match.end(), end)
        if text is None:
            return data, {}
        rest += (data[start : match.start()], b'\n  "%b": null' % match[1])
        texts[match[1].decode()] = text
        start = end + len(_END)
    return (b"".join([*rest, data[start:]]), texts) if texts else (data, texts)


def _joined(data: bytes, start: int, end: int) -> str | None:
    """The strings of a list between these places as one; ``None`` if there is anything else."""
    found = []
    while start <= end:
        stop = data.find(_BETWEEN, start + PART, end)
        stop = end if stop < 0 else stop
        try:
            pieces = parse_document(b"[%b]" % data[start:stop])
        except FormatError:
            return None
        if not pieces or any(type(piece) is not str for piece in pieces):
            return None
        found.append("".join(pieces))
        start = stop + len(_BETWEEN)
    return "".join(found) if found else None


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
