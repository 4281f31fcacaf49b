"""A file of pairs: which row of this database is which record, as a person has decided it."""

from __future__ import annotations

import csv
from collections.abc import Iterator, Sequence
from io import StringIO
from pathlib import Path
from typing import Final, NamedTuple

from contentgit.content.canonical import parse_document
from contentgit.content.records import RecordKey
from contentgit.errors import FormatError, UsageError

_FORM = 'lines such as pages.page:0c9a…,42, or JSON: [{"record": "pages.page:0c9a…", "pk": "42"}]'

_SHOWN: Final = 10
"""Problems that are listed."""


class GivenPair(NamedTuple):
    """A record and the primary key of its row, as text; ``where`` is its place in the file."""

    record: RecordKey
    pk: str
    where: str


def read_pairs(path: Path) -> tuple[GivenPair, ...]:
    """The pairs in a file of lines ``record,pk``, or of JSON as ``identity adopt --json`` prints them.

    Raises:
        UsageError: it cannot be read, or something in it is no pair; ``items`` lists every problem.
    """
    try:
        text = path.read_text(encoding="utf-8-sig")
    except (OSError, UnicodeDecodeError) as error:
        reason = error.strerror if isinstance(error, OSError) else "it is not UTF-8 text"
        raise UsageError(f"cannot read the pairs in {path}: {reason}", hint=_FORM) from error
    problems: list[str] = []
    found: list[GivenPair] = []
    for where, record, pk in (
        _json(path, text) if text.lstrip()[:1] in ("[", "{") else _lines(path, text)
    ):
        try:
            found.append(GivenPair(RecordKey.parse(record), pk, where))
        except ValueError:
            problems.append(f"{where}: {record!r:.80} is not a record such as pages.page:0c9a…")
        else:
            if not pk:
                problems.append(f"{where}: the primary key of {record:.80} is missing")
    if problems:
        raise UsageError(f"{path} is not a file of pairs", items=few(problems), hint=_FORM)
    return tuple(found)


def few(problems: Sequence[str]) -> Sequence[str]:
    """The first of the problems, and how many more there are."""
    more = len(problems) - _SHOWN
    return [*problems[:_SHOWN], f"and {more:,} more"] if more > 0 else problems


def _lines(path: Path, text: str) -> Iterator[tuple[str, str, str]]:
    """As spreadsheets write them, too: with quotes, and with empty cells at the end."""
    lines = csv.reader(StringIO(text, newline=""), skipinitialspace=True)
    try:
        for cells in lines:
            record, *rest = (cell.strip() for cell in cells or [""])
            pk = ",".join(rest).rstrip(",")
            if record and (record, pk) != ("record", "pk"):
                yield f"line {lines.line_num}", record, pk
    except csv.Error as error:
        raise UsageError(
            f"cannot read the pairs in {path}: line {lines.line_num}: {error}", hint=_FORM
        ) from error


def _json(path: Path, text: str) -> Iterator[tuple[str, str, str]]:
    try:
        found = parse_document(text.encode())
    except FormatError as error:
        raise UsageError(f"{path} is not valid JSON: {error.message}", hint=_FORM) from error
    if isinstance(found, dict):
        found = found.get("matched")
    if not isinstance(found, list):
        raise UsageError(f"{path} holds no list of pairs", hint=_FORM)
    for number, each in enumerate(found, 1):
        pair = each if isinstance(each, dict) else {}
        record, pk = pair.get("record"), pair.get("pk")
        whole = str(pk) if type(pk) is int else pk if isinstance(pk, str) else ""
        yield f"pair {number}", record if isinstance(record, str) else "", whole
