"""A record as lines of plain text, for git's own diff: a line a field, a line a sentence.

Two different records never give the same lines, save where one holds a visible escape such as ``\\u001b``
and the other the character that it stands for.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping

from contentgit.content.canonical import decode, json_value
from contentgit.content.records import CarriedFile, Record, Value
from contentgit.content.text import in_segments, segments
from contentgit.errors import FormatError
from contentgit.render.plain import safe

NEW_LINE, SAME_LINE, LAST_LINE_END = "    ", "  … ", "  ⏎"

# A text that reads like something else is quoted, so that "1" and 1 differ.
_AMBIGUOUS = re.compile(
    r"\Z|[\s\"\[{…⏎-]|.*\s\Z|(?:true|false|null|[0-9.]+)\Z|[+.]?[0-9]", re.DOTALL
)


def file_lines(data: bytes) -> Iterator[str]:
    """The record in a file; a file that holds none, line by line as it is."""
    try:
        record = decode(data)
    except FormatError:
        return map(safe, data.decode("utf-8", "replace").split("\n"))
    return record_lines(record)


def record_lines(record: Record) -> Iterator[str]:
    """The record's key, then its fields by name."""
    yield safe(str(record.key))
    for name, value in sorted(record.fields.items()):
        yield from _field(safe(name), value)


def _field(name: str, value: Value) -> Iterator[str]:
    if isinstance(value, str) and in_segments(value):
        yield f"{name}:"
        yield from _text(value)
    elif isinstance(value, list) and value and all(isinstance(each, str) for each in value):
        yield f"{name}:"
        yield from (f"  - {_word(each)}" for each in value)
    elif (isinstance(value, list | Mapping) and value) or type(value) is CarriedFile:
        yield f"{name}:"
        text = json.dumps(json_value(value), ensure_ascii=False, indent=2, sort_keys=True)
        yield from (f"  {safe(line)}" for line in text.split("\n"))
    else:
        yield f"{name}: {_word(value)}"


def _text(text: str) -> Iterator[str]:
    """Sentences that continue a line are marked, and so is a line end after the last."""
    lead = NEW_LINE
    for piece in segments(text):
        ends = piece.endswith("\n")
        line = safe(piece.removesuffix("\n"))
        yield lead + line if line else ""
        lead = NEW_LINE if ends else SAME_LINE
    if text.endswith("\n"):
        yield LAST_LINE_END


def _word(value: Value) -> str:
    if isinstance(value, str) and not _AMBIGUOUS.match(value):
        return safe(value)
    return safe(json.dumps(json_value(value), ensure_ascii=False))
