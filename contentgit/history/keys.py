"""Where a record is in another commit: its model may have another label there."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import suppress
from typing import NamedTuple

from contentgit.content.evolution import NO_STANDING
from contentgit.content.labels import ModelLabels
from contentgit.content.layout import in_dump, record_paths
from contentgit.content.records import RecordKey
from contentgit.errors import FormatError, UnknownNameError
from contentgit.git import Repository
from contentgit.history.dumps import dump_folders, recorded_schema, recorded_standing

MOST = 20
"""Labels of one model that are followed."""


def recorded_labels(repository: Repository, commit: str, folder: str) -> ModelLabels:
    """The labels that a dump's models had until a commit; none where its ``dataset.json`` is damaged."""
    with suppress(FormatError):
        return ModelLabels(recorded_standing(repository, commit, folder))
    return ModelLabels(NO_STANDING)


def key_in(repository: Repository, commit: str, folder: str, key: RecordKey) -> RecordKey:
    """The key of a record in a commit, if ``key`` is that in an older commit or in HEAD's.

    A label that a model of the commit has is that of this model, whatever it means elsewhere.
    """
    labels = recorded_labels(repository, commit, folder)
    label: str | None = key.model
    if key.model in labels:
        label = labels.label(labels.origin(key.model))
    else:
        with suppress(UnknownNameError, FormatError):
            newest = recorded_labels(repository, repository.refs.resolve("HEAD"), folder)
            if key.model in newest and key.model not in recorded_schema(repository, commit, folder):
                label = labels.label(newest.origin(key.model))
    return key._replace(model=label or key.model)


def keys_until(repository: Repository, commit: str, folder: str, key: RecordKey) -> list[RecordKey]:
    """The keys of a record in a commit and in those before it, newest first."""
    own = key_in(repository, commit, folder, key)
    labels = recorded_labels(repository, commit, folder)
    every = labels.every(labels.origin(own.model))[:MOST]
    return [own._replace(model=label) for label in every]


class RecordPlace(NamedTuple):
    """Where a commit has a record: folder of the dump, the key there, path in the folder, and blob id."""

    folder: str
    key: RecordKey
    path: str
    blob: str


def places_of(repository: Repository, commit: str, key: RecordKey) -> Iterator[RecordPlace]:
    """Where a commit has a record.

    ``key`` may have a label that its model had before, or has in HEAD's commit.
    """
    folders = dump_folders(repository, commit)
    keys = dict.fromkeys(folders, key)
    found = _files(repository, commit, keys)
    if not found:
        keys = {folder: key_in(repository, commit, folder, key) for folder in folders}
        found = _files(repository, commit, keys)
    for whole, blob in found.items():
        folder, path = in_dump(whole)
        yield RecordPlace(folder, keys[folder], path, blob)


def _files(repository: Repository, commit: str, keys: Mapping[str, RecordKey]) -> Mapping[str, str]:
    paths = (f"{folder}/{path}" for folder, key in keys.items() for path in record_paths(key))
    return repository.trees.files_at(commit, [*paths])
