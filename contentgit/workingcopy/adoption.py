"""What ``identity adopt`` is asked, and what it says: pairs of rows and records, and what is in none."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cached_property
from typing import NamedTuple

from contentgit.content.records import RecordKey
from contentgit.workingcopy.pairs_file import GivenPair


@dataclass(frozen=True)
class AdoptRequest:
    """Which records are to be paired, and how.

    ``revision`` has them, in the dumps ``names`` (none: all). ``by`` are fields by model that are compared
    alone, ``pairs`` what a person has decided. With ``leave_unpaired``, records of the applied commit that
    pair with nothing count as deleted here. So many rows and records of a kind as ``titles`` says get a title
    (``None``: all).
    """

    revision: str
    names: tuple[str, ...] = ()
    by: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    pairs: tuple[GivenPair, ...] = ()
    leave_unpaired: bool = False
    titles: int | None = None


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
    """Rows and records that may be the same, and why that is not known."""

    reason: str
    rows: tuple[OnlyRow, ...]
    records: tuple[OnlyRecord, ...]


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
