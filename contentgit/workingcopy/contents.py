"""The records of a plan by blob id: those of commits, and those that a merge has made."""

from __future__ import annotations

import sys
from collections.abc import Iterable, Iterator

from contentgit.content import canonical
from contentgit.content.records import Record
from contentgit.content.schema import KeyKind
from contentgit.git import Repository
from contentgit.workingcopy.database_side import Spool


class Contents:
    """Bytes by blob id. What a merge has made lies in a temporary file: a plan writes nothing."""

    def __init__(self, repository: Repository) -> None:
        self._repository = repository
        self._made = Spool(limit=sys.maxsize)
        self._ids: set[str] = set()

    def add(self, record: Record, key_kind: KeyKind | None) -> str:
        """Takes the record; its blob id. All are added before any is read."""
        data = canonical.encode(record, key_kind)
        blob = canonical.blob_id(data, self._repository.algorithm)
        if blob not in self._ids:
            self._ids.add(blob)
            self._made.add(blob, data)
        return blob

    def blobs(self, ids: Iterable[str]) -> Iterator[bytes]:
        """The bytes behind each id, in order.

        Raises:
            RepositoryError: an id is in no commit and was not added.
        """
        ids = list(ids)
        rest = self._repository.objects.blobs([each for each in ids if each not in self._made])
        for each in ids:
            yield self._made[each] if each in self._made else next(rest)

    def records(self, ids: Iterable[str]) -> Iterator[Record]:
        """The records behind the ids, in order."""
        return map(canonical.decode, self.blobs(ids))
