"""The working copy: a dump's snapshot in the database, and how it compares with one in a commit."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from tempfile import TemporaryFile

from contentgit.content import canonical
from contentgit.content.diff import compare_ids
from contentgit.content.layout import is_shortened, record_key
from contentgit.content.portions import portions
from contentgit.content.records import Record, RecordKey
from contentgit.history.snapshots import BATCH, Difference, Pair
from contentgit.merge import merge_value
from contentgit.plan import references
from contentgit.workingcopy.project import Dump, Progress, no_progress

_LARGE = 1 << 13
"""A row of fewer bytes takes no room: as many as are read together are small together."""


class Spool:
    """Bytes by path in a temporary file, so that what was encoded once need not be encoded again.

    Takes no more than ``limit`` bytes: what comes later is left to be read from the database again.
    """

    def __init__(self, limit: int = 2**28) -> None:
        self._file = TemporaryFile()  # noqa: SIM115
        self._places: dict[str, tuple[int, int]] = {}
        self._left = limit

    def add(self, path: str, data: bytes) -> None:
        """Takes the bytes, if there is room; all are added before any are taken out."""
        self._left -= len(data)
        if self._left >= 0:
            self._places[path] = self._file.tell(), len(data)
            self._file.write(data)

    def __contains__(self, path: str) -> bool:
        return path in self._places

    def __getitem__(self, path: str) -> bytes:
        """The bytes of a path that it has."""
        start, size = self._places[path]
        self._file.seek(start)
        return self._file.read(size)

    def __del__(self) -> None:
        self._file.close()


@dataclass
class DatabaseSide:
    """A dump's snapshot in the database, as read within the caller's transaction.

    ``algorithm`` is the repository's hash algorithm; ``size`` counts the rows that were read; ``kept`` holds
    bytes that stand for a row because they carry references which the database lacks. What ``spool``
    has taken of the rows that differ is not read again by :meth:`encoded`.
    """

    dump: Dump
    algorithm: str
    progress: Progress = no_progress
    size: int = 0
    kept: dict[str, bytes] = field(default_factory=dict)
    spool: Spool | None = None
    _long_keys: dict[str, RecordKey] = field(default_factory=dict)
    _large: dict[str, int] = field(default_factory=dict)

    def entries(self, known: Mapping[str, str]) -> Iterator[tuple[str, str]]:
        """(path, blob id) of every row of the dump, streamed; ``known`` are the ids to compare with."""
        for path, key, data in self.rows():
            self.size += 1
            if not self.size % BATCH:
                self.progress(f"reading {self.dump.dataset.label}", self.size, None)
            if is_shortened(path):
                self._long_keys[path] = key
            if len(data) > _LARGE:
                self._large[path] = len(data)
            blob = canonical.blob_id(data, self.algorithm)
            if self.spool is not None and known.get(path) != blob:
                self.spool.add(path, data)
            yield path, blob

    def rows(self) -> Iterator[tuple[str, RecordKey, bytes]]:
        """(path, key, canonical bytes) of every row, streamed."""
        return self.dump.reader.entries()

    def key(self, path: str) -> RecordKey:
        """The key of the row at ``path``, which :meth:`entries` has given before."""
        return record_key(path) or self._long_keys[path]

    def records(self, entries: Sequence[tuple[str, str]]) -> Iterator[Record | None]:
        """See :class:`Side`; a row that has gone since is ``None``."""
        for some in portions(entries, self._size, BATCH):
            keys = [self.key(path) for path, blob in some if blob]
            found = {record.key: record for record in self.dump.reader.records(keys)}
            for path, blob in some:
                yield found.get(self.key(path)) if blob else None

    def encoded(self, entries: Sequence[tuple[str, str]]) -> Iterator[tuple[str, bytes]]:
        """(path, canonical bytes) of the rows at these paths, in order."""
        spool = () if self.spool is None else self.spool
        for some in portions(entries, self._size, BATCH):
            keys = [
                self.key(path) for path, _ in some if path not in self.kept and path not in spool
            ]
            found = dict(self.dump.reader.encoded(keys))
            for path, _ in some:
                yield path, self._held(path) or found[self.key(path)]

    def _held(self, path: str) -> bytes | None:
        if path in self.kept:
            return self.kept[path]
        return self.spool[path] if self.spool is not None and path in self.spool else None

    def _size(self, entry: tuple[str, str]) -> int:
        """Of a large row its bytes as :meth:`entries` has found them."""
        return self._large.get(entry[0], 0)


def from_commit_to_database(before: dict[str, str], after: DatabaseSide) -> list[Difference]:
    """Which records differ between a commit's ids and the database, by path; uses up ``before``."""
    found = [
        Difference(path, old or "", new or "")
        for path, old, new in compare_ids(before, after.entries(before))
    ]
    return sorted(found, key=lambda difference: difference.path)


@dataclass(frozen=True)
class Missing:
    """The many-to-many references that a dump's specs let the database lack (``ignore_missing_m2m``).

    In a pair, a reference that one record has and the other lacks counts as a difference only when
    the database has the row it points at.
    """

    dump: Dump

    @property
    def fields(self) -> Mapping[str, frozenset[str]]:
        """The fields by model."""
        found: dict[str, frozenset[str]] = {}
        for spec in self.dump.dataset.specs:
            if spec.ignore_missing_m2m:
                found[spec.model] = found.get(spec.model, frozenset()) | set(
                    spec.ignore_missing_m2m
                )
        return found

    def leave_out(self, pairs: Sequence[Pair]) -> list[Pair]:
        """The pairs without references that the database lacks.

        Raises:
            FormatError: a record of the commit holds something else than references.
        """
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

    def kept(self, pairs: Sequence[Pair]) -> list[Record | None]:
        """For each (commit, database) pair the database's record with the references it may lack.

        ``None`` where nothing has to be kept: a commit must not drop what this database never had.
        """
        trimmed = self.leave_out(pairs)
        return [
            self._with_references(base, own, seen)
            for (base, own), (seen, _) in zip(pairs, trimmed, strict=True)
        ]

    def _without(self, record: Record | None, lacking: set[str]) -> Record | None:
        if record is None or not lacking:
            return record
        names = self.fields.get(record.key.model, frozenset())
        kept = {
            name: [each for each in value if each not in lacking]
            if name in names and value
            else value
            for name, value in record.fields.items()
        }
        return Record(record.key, kept)

    def _with_references(
        self, base: Record | None, own: Record | None, seen: Record | None
    ) -> Record | None:
        if base is None or own is None or seen is None or base is seen:
            return None
        values = dict(own.fields)
        schema = self.dump.tables[own.key.model].schema
        for name in self.fields.get(own.key.model, ()):
            # What the database never had is added where the commit has it: it is their change.
            there, here, full = (
                each.get(name) or [] for each in (seen.fields, values, base.fields)
            )
            if set(full) - set(there):
                values[name], _ = merge_value(schema.by_name[name], name, there, here, full)
        return Record(own.key, values)
