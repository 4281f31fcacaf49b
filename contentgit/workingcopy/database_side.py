"""The working copy: a dump's snapshot in the database, and how it compares with one in a commit."""

from __future__ import annotations

from collections.abc import Hashable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from itertools import chain
from math import inf
from tempfile import TemporaryFile
from typing import TypeAlias

from contentgit.content import canonical
from contentgit.content.diff import Delta, deltas
from contentgit.content.portions import portions
from contentgit.content.records import Record, RecordKey
from contentgit.history.snapshots import BATCH, CommitSide, Pair, batches, pair_portions
from contentgit.workingcopy.project import Dump, Progress, no_progress

Row: TypeAlias = tuple[str, RecordKey, bytes]
"""Path, key and canonical bytes."""

_LARGE = 1 << 13
"""A row of fewer bytes takes no room: as many as are read together are small together."""


class Spool:
    """Bytes by name in a temporary file, no more than ``limit``: what comes later is not taken."""

    def __init__(self, limit: float = inf) -> None:
        # In the order of paths, records that were written near each other are read.
        self._file = TemporaryFile(buffering=1 << 18)  # noqa: SIM115
        self._places: dict[Hashable, tuple[int, int]] = {}
        self._size, self._limit = 0, limit

    def add(self, name: Hashable, data: bytes) -> None:
        """Takes the bytes, if there is room; all are added before any are taken out."""
        start, self._size = self._size, self._size + len(data)
        if self._size <= self._limit:
            self._places[name] = start, len(data)
            self._file.write(data)

    def __contains__(self, name: Hashable) -> bool:
        return name in self._places

    def __getitem__(self, name: Hashable) -> bytes:
        """The bytes of a name that it has."""
        start, size = self._places[name]
        self._file.seek(start)
        data: bytes = self._file.read(size)
        return data

    def __del__(self) -> None:
        self._file.close()


@dataclass
class DatabaseSide:
    """A dump's snapshot in the database, as read within the caller's transaction.

    ``algorithm`` is the repository's hash algorithm; ``size`` counts the rows that were read; ``kept`` holds
    bytes that replace a row's, with references that the database lacks. Rows that differ and that ``spool``
    has taken are not read again by :meth:`files`.
    """

    dump: Dump
    algorithm: str
    progress: Progress = no_progress
    size: int = 0
    kept: dict[RecordKey, bytes] = field(default_factory=dict)
    spool: Spool | None = None
    _large: dict[RecordKey | None, int] = field(default_factory=dict)

    def compare(
        self, commit: CommitSide, ids: dict[str, str], rows: Iterable[Row] | None = None
    ) -> list[Delta]:
        """The deltas between the database and a commit, by path; uses up ``ids``, the commit's.

        ``rows`` are those to compare, if not all of the dump.
        """
        found = list(self.deltas(ids, rows))
        only = zip(commit.keys(ids), ids.items(), strict=True)
        found += [Delta(key, path, "", blob) for key, (path, blob) in only]
        return sorted(found, key=lambda delta: delta.path)

    def deltas(self, ids: dict[str, str], rows: Iterable[Row] | None = None) -> Iterator[Delta]:
        """The deltas of rows that the database has, streamed; leaves in ``ids`` what only the commit has."""
        return deltas(self._ids(self.dump.reader.entries() if rows is None else rows, ids), ids)

    def _ids(
        self, rows: Iterable[Row], known: Mapping[str, str]
    ) -> Iterator[tuple[str, RecordKey, str]]:
        for path, key, data in self._counted(rows):
            if len(data) > _LARGE:
                self._large[key] = len(data)
            blob = canonical.blob_id(data, self.algorithm)
            if self.spool is not None and known.get(path) != blob:
                self.spool.add(key, data)
            yield path, key, blob

    def _counted(self, rows: Iterable[Row]) -> Iterator[Row]:
        for row in rows:
            self.size += 1
            if not self.size % BATCH:
                self.progress(f"reading {self.dump.dataset.label}", self.size, None)
            yield row

    def all_files(self) -> Iterator[tuple[str, bytes]]:
        """The files of all rows, in the order in which they are read, streamed."""
        for path, _, data in self._counted(self.dump.reader.entries()):
            yield f"{self.dump.folder}/{path}", data

    def records(self, keys: Sequence[RecordKey | None]) -> Iterator[Record | None]:
        """The record of each key, in order; ``None`` for ``None``, and for a row that has gone since."""
        for some in portions(keys, self._size, BATCH):
            found = {
                record.key: record
                for record in self.dump.reader.records([key for key in some if key])
            }
            for key in some:
                yield found.get(key) if key else None

    def files(self, deltas: Sequence[Delta]) -> Iterator[tuple[str, bytes | None]]:
        """The files that make a folder of the commit what the database holds, streamed."""
        folder = self.dump.folder
        for delta in deltas:
            if not delta.database:
                yield f"{folder}/{delta.path}", None
        spool: Spool | dict[RecordKey, bytes] = self.spool or {}
        rows = (delta for delta in deltas if delta.database)
        for some in portions(rows, lambda delta: self._size(delta.key), BATCH):
            keys = (delta.key for delta in some)
            found = dict(
                self.dump.reader.encoded(
                    [key for key in keys if key not in self.kept and key not in spool]
                )
            )
            for key, path, _, _ in some:
                data = self.kept.get(key) or (spool[key] if key in spool else found[key])
                yield f"{folder}/{path}", data

    def _size(self, key: RecordKey | None) -> int:
        """Of a large row its bytes, as they were compared."""
        return self._large.get(key, 0)


def pairs(
    deltas: Iterable[Delta], commit: CommitSide, database: DatabaseSide, *, shown: bool = False
) -> Iterator[tuple[Delta, Pair]]:
    """Each delta with its records in commit and database, streamed in batches.

    ``shown`` is that of :meth:`CommitSide.shown`.
    """
    read = commit.shown if shown else commit.records
    for batch in batches(deltas):
        there = read([(delta.path, delta.commit) for delta in batch])
        here = database.records([delta.row for delta in batch])
        yield from zip(batch, zip(there, here, strict=True), strict=True)


@dataclass(frozen=True)
class Missing:
    """The many-to-many references that a dump's specs let the database lack.

    In a pair, a reference that one record has and the other lacks counts as a difference only when
    the database has the row it points at.
    """

    dump: Dump

    @cached_property
    def fields(self) -> Mapping[str, frozenset[str]]:
        """The fields by model."""
        dataset = self.dump.dataset
        tables = self.dump.tables.items()
        found = {label: table.schema.lists & dataset.may_miss(label) for label, table in tables}
        return {label: names for label, names in found.items() if names}

    def leave_out(self, pairs: Sequence[Pair]) -> list[Pair]:
        """The pairs without references that the database lacks.

        Raises:
            FormatError: a record of the commit holds something else than references.
        """
        # Planning is not loaded for every status: few specs have such fields.
        from contentgit.plan.items import references

        fields = self.fields
        wanted = {
            RecordKey.parse(reference)
            for pair in pairs
            for record in pair
            if record is not None
            for name in fields.get(record.key.model, ())
            for reference in references(record.key, name, record.fields.get(name, ()))
        }
        if not wanted:
            return list(pairs)
        lacking = {str(key) for key in wanted - self.dump.reader.existing(wanted)}
        return [(self._without(a, lacking), self._without(b, lacking)) for a, b in pairs]

    def trimmed(self, pairs: Iterable[Pair]) -> Iterator[Pair]:
        """Like :meth:`leave_out`, streamed."""
        if not self.fields:
            return iter(pairs)
        return chain.from_iterable(map(self.leave_out, pair_portions(pairs)))

    def _without(self, record: Record | None, lacking: set[str]) -> Record | None:
        if record is None or not lacking:
            return record
        values = dict(record.fields)
        for name in self.fields.get(record.key.model, ()):
            if values.get(name):
                values[name] = [text for text in values[name] if text not in lacking]
        return Record(record.key, values)
