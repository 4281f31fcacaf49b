"""A part of a dump, where not all of its rows are read; and the rows of it."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from itertools import chain
from typing import NamedTuple

from contentgit.content.records import RecordKey, by_model
from contentgit.history.snapshots import CommitSide, batches
from contentgit.workingcopy.database_side import Row
from contentgit.workingcopy.project import Dump


class Looked(NamedTuple):
    """The part of a dump that is read: the paths of records, and all records of the models ``labels``.

    Elsewhere commit and base have the same. So what is here stays, whatever it is; where that is known to be
    the same, too, it ``is_complete``.
    """

    paths: frozenset[str]
    labels: frozenset[str] = frozenset()
    is_complete: bool = False

    def ids(self, side: CommitSide) -> dict[str, str]:
        """The blob ids that a snapshot has there, by path."""
        return {**side.ids(self.labels), **side.ids_at(self.paths)}


def rows_in(dump: Dump, part: Looked, keys: Iterable[RecordKey]) -> Iterator[Row]:
    """The rows of the dump in a part of it; ``keys`` are those of its paths."""
    see_names(dump)
    some = sorted(key for key in keys if key.model not in part.labels)
    return chain(dump.reader.entries(sorted(part.labels)), rows_at(dump, some))


def see_names(dump: Dump) -> None:
    """Learns which rows are gone, and which UUIDs are lost, as for every call that reads the tables."""
    identities = dump.reader.identities
    for label in dump.tables:
        uuids = identities.uuids(label)
        if uuids is not None:
            uuids.see()


def rows_at(dump: Dump, keys: Sequence[RecordKey]) -> Iterator[Row]:
    """The rows of the dump that have these keys: path, key and bytes."""
    for batch in batches(keys):
        for label, some in by_model(batch).items():
            if label in dump.tables:
                there = dump.reader.members(label, some)
                for key, data in dump.reader.encoded(there):
                    yield dump.path(key), key, data
