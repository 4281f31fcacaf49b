"""The versions of a record as the newest commit's schema has them."""

from __future__ import annotations

from collections.abc import Mapping
from contextlib import suppress
from typing import NamedTuple

from contentgit.content.description import parse_schema
from contentgit.content.documents import parse_document
from contentgit.content.evolution import NO_STANDING
from contentgit.content.evolution.documents import parse_standing
from contentgit.content.labels import ModelLabels
from contentgit.content.layout import DATASET_FILE, record_paths
from contentgit.content.lenses import Lens
from contentgit.content.records import Record, RecordKey
from contentgit.content.schema import ModelSchema
from contentgit.errors import FormatError
from contentgit.git import Repository, Version
from contentgit.history.dumps import recorded_standing
from contentgit.history.keys import keys_until


class NewestSchema:
    """The schema of the commit that is blamed: records of older commits are read as it has them.

    ``paths`` are all where the record may have been and, if its schema ever changed, that of the description.
    """

    def __init__(self, repository: Repository, commit: str, folder: str, key: RecordKey) -> None:
        self.repository = repository
        self._standing = NO_STANDING
        with suppress(FormatError):
            self._standing = recorded_standing(repository, commit, folder)
        self._origin = ModelLabels(self._standing).origin(key.model)
        places = [
            (each.model, f"{folder}/{path}")
            for each in keys_until(repository, commit, folder, key)
            for path in record_paths(each)
        ]
        self._labels = [label for label, _ in places]
        self.paths = [path for _, path in places]
        self._evolved = any(each.steps for each in self._standing.history)
        if self._evolved:
            self.paths.append(f"{folder}/{DATASET_FILE}")
        self._older: dict[str | None, _OlderBlame] = {}

    def blob(self, version: Version) -> str | None:
        """The blob of the record in a version."""
        if not self._evolved:
            return next(filter(None, version.blobs), None)
        label = self._of(version).label
        pairs = zip(self._labels, version.blobs, strict=False)
        return next((blob for each, blob in pairs if blob and each == label), None)

    def read(self, version: Version, record: Record) -> Record | None:
        """The record of a version as the newest schema has it."""
        lens = self._of(version).lens if self._evolved else None
        return lens.read(record).record if lens else record

    def _of(self, version: Version) -> _OlderBlame:
        blob = version.blobs[-1]
        if blob not in self._older:
            self._older[blob] = self._described(blob)
        return self._older[blob]

    def _described(self, blob: str | None) -> _OlderBlame:
        standing = NO_STANDING
        models: Mapping[str, ModelSchema] = {}
        with suppress(FormatError):
            for data in self.repository.objects.blobs([blob] if blob else []):
                document = parse_document(data)
                standing, models = parse_standing(document), parse_schema(document).models
        # What is not recorded began, by its names, as what was recorded first.
        since = self._standing.since(standing) if standing.history else self._standing.history
        lens = Lens(models, since, fill=False) if since else None
        return _OlderBlame(ModelLabels(standing).label(self._origin), lens)


class _OlderBlame(NamedTuple):
    """An older schema: the label that the record's model has in it, and how to read its records."""

    label: str | None
    lens: Lens | None
