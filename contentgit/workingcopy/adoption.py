"""What ``identity adopt`` is asked, and what it says: pairs of rows and records, and what is in none."""

from __future__ import annotations

import hashlib
import shlex
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from typing import Final, NamedTuple

from contentgit.content.records import RecordKey
from contentgit.errors import RefusedError
from contentgit.render.plain import plural
from contentgit.workingcopy.pairs_file import GivenPair

_CANDIDATES: Final = 3
"""Rows that a record may be, of which a refusal names so many."""


@dataclass(frozen=True)
class AdoptRequest:
    """Which records are to be paired, and how.

    ``revision`` has them, in the dumps ``names`` (none: all). ``by`` are fields by model that are compared
    alone, ``pairs`` what a person has decided, in ``pairs_file``. With ``leave_unpaired``, records of the
    applied commit that pair with nothing count as deleted here. So many rows and records of a kind as
    ``titles`` says get a title (``None``: all).
    """

    revision: str
    names: tuple[str, ...] = ()
    by: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    pairs: tuple[GivenPair, ...] = ()
    leave_unpaired: bool = False
    titles: int | None = None
    pairs_file: str = ""

    def call(self, *more: str, revision: str = "") -> str:
        """What to type to ask for the same; of another ``revision``, with the same fields."""
        words = [revision] if revision else [self.revision, *self.names]
        for label, names in self.by.items():
            words += ["--by", f"{label}={','.join(names)}"]
        if self.pairs_file and not revision:
            words += ["--pairs", self.pairs_file]
        if self.leave_unpaired:
            words.append("--leave-unpaired")
        return f"contentgit identity adopt {shlex.join([*words, *more])}"


class Match(NamedTuple):
    """A record and the primary key of the row that it is."""

    record: RecordKey
    pk: str


class OnlyRow(NamedTuple):
    """A row that no record is known to be."""

    model: str
    pk: str
    title: str = ""


class OnlyRecord(NamedTuple):
    """A record that no row is known to be."""

    record: RecordKey
    title: str = ""


class DoubtfulRows(NamedTuple):
    """Rows and records that may be the same, and why that is not known.

    ``named`` is whether it may be so of a row whose name the applied commit has, and which keeps it.
    """

    reason: str
    rows: tuple[OnlyRow, ...]
    records: tuple[OnlyRecord, ...]
    named: bool = False


class ModelCounts(NamedTuple):
    """How many rows of a model are what.

    ``named`` are those whose name the applied commit or this one has: they keep it. ``doubtful`` are rows,
    ``doubtful_there`` records.
    """

    model: str
    matched: int
    named: int
    doubtful: int
    doubtful_there: int
    new_here: int
    new_there: int


@dataclass(frozen=True)
class Adoption:
    """Which rows are which records of a ``commit``.

    ``unpaired`` are records of the applied commit that pair with nothing, of models of which
    names are lost.
    """

    commit: str
    revision: str
    counts: tuple[ModelCounts, ...]
    matched: tuple[Match, ...]
    doubtful: tuple[DoubtfulRows, ...]
    new_here: tuple[OnlyRow, ...]
    new_there: tuple[OnlyRecord, ...]
    unpaired: tuple[OnlyRecord, ...]

    @cached_property
    def digest(self) -> str:
        """Of what would be written."""
        lines = sorted(map(repr, (*self.matched, *(each.record for each in self.unpaired))))
        return hashlib.sha256("\n".join(lines).encode()).hexdigest()

    def refusal(self, using: str, request: AdoptRequest) -> RefusedError | None:
        """Why these names are not written; ``None`` if they are."""
        if not self.unpaired or request.leave_unpaired:
            return None
        candidates = self._candidates()
        file = () if request.pairs_file else ("--pairs", "FILE")
        return RefusedError(
            f"database {using!r} has no row for {plural(len(self.unpaired), 'record')} of the applied "
            "commit; nothing has been written",
            items=[_item(each, candidates.get(each.record, ())) for each in self.unpaired],
            hint=f"{request.call('--apply', '--by', 'MODEL=FIELD,FIELD')}  (pairs by these fields alone)\n"
            f"{request.call('--apply', *file)}  (with a line for each in the file: which row it is)\n"
            f"{request.call('--apply', '--leave-unpaired')}  (they count as deleted here)",
            data={
                "records": [str(each.record) for each in self.unpaired],
                "candidates": {
                    str(each.record): [row.pk for row in candidates[each.record]]
                    for each in self.unpaired
                    if each.record in candidates
                },
            },
        )

    def _candidates(self) -> Mapping[RecordKey, Sequence[OnlyRow]]:
        """The rows that a record may be."""
        return {each.record: doubt.rows for doubt in self.doubtful for each in doubt.records}


def _item(record: OnlyRecord, rows: Sequence[OnlyRow]) -> str:
    said = f"{record.record}  {record.title}".rstrip()
    if not rows:
        return said
    shown = " or ".join(f"row {each.pk}" for each in rows[:_CANDIDATES])
    more = len(rows) - _CANDIDATES
    return f"{said}  (perhaps {shown}{f' or one of {more:,} more' if more > 0 else ''})"
