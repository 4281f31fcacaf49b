"""Two snapshots of a dump side by side: which records differ, and what each holds there.

A snapshot lies in a commit or in the database. Which paths differ is told by blob ids alone; the
records behind them are read only when they are asked for, in batches, so that memory holds paths
and ids.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from collections.abc import Set as AbstractSet
from contextlib import suppress
from itertools import islice
from types import MappingProxyType
from typing import NamedTuple, TypeAlias, TypeVar

from contentgit.content import canonical
from contentgit.content.diff import Change, Delta
from contentgit.content.layout import (
    DATASET_FILE,
    in_dump,
    is_shortened,
    model_folder,
    record_key,
    record_paths,
)
from contentgit.content.portions import portions, record_size
from contentgit.content.records import Record, RecordKey
from contentgit.errors import FormatError
from contentgit.git import Repository

BATCH = 999
"""Records that are held at a time: as many as one statement on SQLite can name."""

SHOWN = 200
"""Changes that are shown together."""

LOST_VALUES = "lost.values"
"""The folder of what records held in fields that have another kind since: as records, by their newer paths.

Only trees have it that were made by :mod:`contentgit.history.lenses`.
"""

T = TypeVar("T")

Pair: TypeAlias = tuple[Record | None, Record | None]
"""A record on both sides; ``None`` where a side does not have it."""


def batches(items: Iterable[T], size: int = BATCH) -> Iterator[list[T]]:
    """The items in lists of at most ``size``."""
    iterator = iter(items)
    while batch := list(islice(iterator, size)):
        yield batch


class Difference(NamedTuple):
    """A path whose blob ids differ; ``""`` stands for a side that has no such record."""

    path: str
    before: str
    after: str


D = TypeVar("D", Difference, Delta)


def in_order(found: Iterable[D]) -> list[D]:
    """By model and key as people count: 2 before 10."""
    return sorted(found, key=lambda each: [*map(_number_or_text, each.path.split("/"))])


def _number_or_text(part: str) -> tuple[int, str]:
    name = part.removesuffix(".json")
    return (len(name), name) if name.isdecimal() else (0, name)


class CommitSide(NamedTuple):
    """A dump's snapshot in a commit; empty where ``commit`` is ``""``."""

    repository: Repository
    commit: str
    folder: str

    def ids(self, labels: Iterable[str] | None = None) -> dict[str, str]:
        """The blob id of every record by its path in the dump's folder; of these models, if not of all.

        Raises:
            FormatError: the folder holds a path that contentgit does not write.
        """
        if not self.commit:
            return {}
        if labels is not None:
            places = (model_folder(self.folder, label) for label in labels)
            return {
                f"{in_dump(place)[1]}/{path}": blob
                for place in places
                for path, blob in self.repository.trees.entries(self.commit, place)
            }
        return {
            path: blob
            for path, blob in self.repository.trees.entries(self.commit, self.folder)
            if path != DATASET_FILE
        }

    def ids_at(self, paths: Iterable[str]) -> dict[str, str]:
        """The blob ids of the records at these paths, by path; a path without a record is left out."""
        if not self.commit:
            return {}
        folder = f"{self.folder}/"
        found = self.repository.trees.files_at(self.commit, [folder + path for path in paths])
        return {path.removeprefix(folder): blob for path, blob in found.items()}

    @property
    def is_empty(self) -> bool:
        """Whether it has no record."""
        entries = self.repository.trees.entries(self.commit, self.folder) if self.commit else ()
        return not any(path != DATASET_FILE for path, _ in entries)

    def records_of(self, deltas: Sequence[Delta]) -> Iterator[Record | None]:
        """The record that the commit has of each delta, in order, streamed; see :meth:`records`."""
        blobs = self.repository.objects.blobs(delta.commit for delta in deltas if delta.commit)
        for delta in deltas:
            yield self._record_of(delta, next(blobs)) if delta.commit else None

    def _record_of(self, delta: Delta, data: bytes) -> Record:
        with suppress(FormatError):
            record = canonical.decode(data)
            if record.key == delta.key:
                return record
        return record_in(delta.path, data, self._where(delta.path))

    def records(self, entries: Sequence[tuple[str, str]]) -> Iterator[Record | None]:
        """The record behind each (path, blob id), in order; ``None`` where the id is ``""``.

        Raises:
            FormatError: a file is no record, or not the record of its path.
        """
        blobs = self.repository.objects.blobs([blob for _, blob in entries if blob])
        for path, blob in entries:
            yield record_in(path, next(blobs), self._where(path)) if blob else None

    def shown(self, entries: Sequence[tuple[str, str]]) -> Iterator[Record | None]:
        """Like :meth:`records`, with what they held in fields that have another kind since."""
        found = self.records(entries)
        trees, commit = self.repository.trees, self.commit
        if not commit or trees.folder_id(commit, LOST_VALUES) is None:
            return found
        was = self._replace(folder=LOST_VALUES)
        places = [f"{LOST_VALUES}/{path}" for path, blob in entries if blob]
        kept = trees.files_at(commit, places).items()
        held = was.records([(path.removeprefix(f"{LOST_VALUES}/"), blob) for path, blob in kept])
        lost = {record.key: record.fields for record in held if record}
        return (
            each and Record(each.key, {**each.fields, **lost.get(each.key, {})}) for each in found
        )

    def keys(self, ids: Mapping[str, str]) -> Iterator[RecordKey]:
        """The key of each record, by the blob ids of their paths; a record tells it where its path does not.

        Raises:
            FormatError: see :meth:`records`.
        """
        entries = [(path, blob) for path, blob in ids.items() if is_shortened(path)]
        shortened = self.records(entries) if entries else iter(())
        for path in ids:
            record = next(shortened) if is_shortened(path) else None
            key = record.key if record else _key(path, self._where(path))
            assert key is not None, path
            yield key

    def _where(self, path: str) -> str:
        return f"{self.folder}/{path} in commit {self.commit[:10]}"


def record_in(path: str, data: bytes, where: str) -> Record:
    """The record in the file at ``path`` of a dump's folder; ``where`` says to people which file it is.

    Raises:
        FormatError: it is none, or not the record of its path.
    """
    expected = _key(path, where)
    try:
        record = canonical.decode(data)
    except FormatError as error:
        raise FormatError(
            f"{where} is no record: {error.message}",
            hint="correct the file in a commit of its own, or choose another revision",
        ) from error
    # A long key is shortened in its file's name, so the record itself tells it.
    if record.key != expected and (expected or path not in record_paths(record.key)):
        raise FormatError(
            f"{where} holds the record {record.key}",
            hint="the path of a record follows from its key; move the file or correct $key and $model",
        )
    return record


def _key(path: str, where: str) -> RecordKey | None:
    try:
        return record_key(path)
    except FormatError as error:
        raise FormatError(
            f"{where} is not a path that contentgit writes", hint=error.hint, data=error.data
        ) from error


def between_commits(
    repository: Repository, before: str | None, after: str | None, folder: str
) -> list[Difference]:
    """Which records of a dump differ between two commits, by path."""
    return [
        Difference(path, old or "", new or "")
        for path, old, new in repository.trees.diff_entries(before, after, folder)
        if path != DATASET_FILE
    ]


def changes(
    differences: Iterable[Difference], before: CommitSide, after: CommitSide
) -> Iterator[Change]:
    """What differs in content between two commits, streamed."""
    for batch in batches(differences):
        old = before.shown([(each.path, each.before) for each in batch])
        new = after.shown([(each.path, each.after) for each in batch])
        yield from changes_of(zip(old, new, strict=True), whole=True)


def changes_of(
    pairs: Iterable[Pair],
    *,
    whole: bool = False,
    unsaid: Mapping[str, AbstractSet[str]] = MappingProxyType({}),
) -> Iterator[Change]:
    """The changes of content in pairs of records; of other bytes with the same content there is none.

    ``unsaid`` are fields by model, see :class:`contentgit.content.diff.Change`.
    """
    for before, after in pairs:
        record = before or after
        if record is not None:
            unknown = unsaid.get(record.key.model, frozenset())
            change = Change(record.key, before, after, whole, unknown)
            if before is None or after is None or change.fields:
                yield change


def pair_portions(pairs: Iterable[Pair]) -> Iterator[list[Pair]]:
    """The pairs in lists of which memory holds all records."""
    return portions(pairs, lambda each: record_size(*each), BATCH)


def change_batches(found: Iterable[Change]) -> Iterator[list[Change]]:
    """The changes in lists to be shown together."""
    return portions(found, lambda each: record_size(each.before, each.after), SHOWN)
