"""The dumps of a commit: their folders, the models they describe, and what their records are called."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from functools import cached_property

from contentgit import canonical
from contentgit.canonical import parse_document
from contentgit.description import parse_schema
from contentgit.errors import FormatError
from contentgit.layout import DATASET_FILE
from contentgit.porcelain.snapshots import paths_of
from contentgit.records import RecordKey
from contentgit.repository import Repository
from contentgit.schema import ModelSchema
from contentgit.titles import best_text


def dump_folders(repository: Repository, commit: str) -> list[str]:
    """The folders of a commit that hold dumps."""
    return [each for each in repository.folders(commit) if not each.startswith(".")]


def recorded_schema(repository: Repository, commit: str, folder: str) -> Mapping[str, ModelSchema]:
    """The models of a dump as ``dataset.json`` of a commit has them; empty where there is none."""
    data = repository.blob(commit, f"{folder}/{DATASET_FILE}")
    return parse_schema(parse_document(data)).models if data is not None else {}


@dataclass(frozen=True)
class Titles:
    """The titles of records as a commit has them, whichever dump they are in."""

    repository: Repository
    commit: str
    _schemas: dict[str, Mapping[str, ModelSchema]] = field(default_factory=dict)

    @cached_property
    def _folders(self) -> list[str]:
        return dump_folders(self.repository, self.commit)

    def of(self, keys: Sequence[RecordKey], *, first: str = "") -> dict[RecordKey, str]:
        """The titles by key; each is looked for in the dump ``first`` before all others."""
        if not keys:
            return {}
        found: dict[RecordKey, str] = {}
        left = {key: list(paths_of(key)) for key in keys}
        for folder in sorted(self._folders, key=lambda each: each != first):
            if not left:
                break
            paths = {f"{folder}/{path}": key for key, places in left.items() for path in places}
            blobs = self.repository.files_at(self.commit, list(paths))
            for path, data in zip(blobs, self.repository.blobs(blobs.values()), strict=True):
                # A broken neighbour has no title; reading it is not asked for.
                with suppress(FormatError):
                    model = self._schema(folder).get(paths[path].model)
                    found[paths[path]] = best_text(canonical.decode(data), model)
                    left.pop(paths[path], None)
        return found

    def _schema(self, folder: str) -> Mapping[str, ModelSchema]:
        if folder not in self._schemas:
            self._schemas[folder] = recorded_schema(self.repository, self.commit, folder)
        return self._schemas[folder]
