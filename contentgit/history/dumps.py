"""The dumps of a commit: their folders, the models they describe, and what their records are called."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from functools import cached_property, lru_cache
from typing import Final
from weakref import WeakKeyDictionary

from contentgit.content import canonical
from contentgit.content.canonical import parse_document
from contentgit.content.description import parse_schema
from contentgit.content.evolution import NO_STANDING, Standing
from contentgit.content.evolution.documents import parse_standing
from contentgit.content.layout import DATASET_FILE, FILES_FOLDER, record_path, record_paths
from contentgit.content.records import RecordKey
from contentgit.content.schema import Layout, ModelSchema, Schema
from contentgit.content.titles import best_text
from contentgit.errors import FormatError, RecordError
from contentgit.git import Repository
from contentgit.history.snapshots import batches

_PATHS = 10_000
"""Paths that are asked for at a time."""

_HINT = "commit the dump again, or choose another revision"


def dump_folders(repository: Repository, commit: str) -> list[str]:
    """The folders of a commit that hold dumps."""
    folders = repository.trees.folders(commit)
    return [each for each in folders if not each.startswith(".") and each != FILES_FOLDER]


def recorded_schema(repository: Repository, commit: str, folder: str) -> Mapping[str, ModelSchema]:
    """The models of a dump as ``dataset.json`` of a commit or tree has them; empty where there is none.

    Raises:
        FormatError: it describes no dump.
    """
    with _described(repository, commit, folder) as data:
        return {} if data is None else _schema(data).models


def recorded_standing(repository: Repository, commit: str, folder: str) -> Standing:
    """Where the code stood that wrote a dump; raises as :func:`recorded_schema`."""
    with _described(repository, commit, folder) as data:
        return NO_STANDING if data is None else _standing(data)


@contextmanager
def _described(repository: Repository, commit: str, folder: str) -> Iterator[bytes | None]:
    """The bytes of ``dataset.json``; errors of the body name it and its commit."""
    path = f"{folder}/{DATASET_FILE}"
    data = repository.blob(commit, path)
    try:
        yield data
    except FormatError as error:
        raise FormatError(f"{path} in {commit[:10]}: {error.message}", hint=_HINT) from error


# A verb reads the same few descriptions again and again, of each commit and for each question.


@lru_cache(maxsize=16)
def _schema(data: bytes) -> Schema:
    return parse_schema(parse_document(data))


@lru_cache(maxsize=16)
def _standing(data: bytes) -> Standing:
    return parse_standing(parse_document(data))


def refuse_undescribed(repository: Repository, commit: str, folder: str) -> None:
    """Refuses a dump whose ``dataset.json`` is missing in the commit or does not describe a dump.

    Raises:
        FormatError: that is so.
    """
    path = f"{folder}/{DATASET_FILE}"
    if repository.trees.entry(commit, path) is None:
        raise FormatError(f"{path} in {commit[:10]} is missing", hint=_HINT)
    recorded_schema(repository, commit, folder)


# Records by their keys

_LAYOUTS: Final[WeakKeyDictionary[Repository, dict[str, Mapping[str, Layout]]]] = (
    WeakKeyDictionary()
)
"""The layouts of models, by the blob id of the description that has them."""


def models_at(repository: Repository, commit: str) -> set[str]:
    """The models of a commit's dumps; raises as :func:`recorded_schema`."""
    folders = dump_folders(repository, commit)
    return {label for each in folders for label in recorded_schema(repository, commit, each)}


def records_at(repository: Repository, commit: str, keys: Collection[RecordKey]) -> set[RecordKey]:
    """Those of the keys of which a dump of the commit has a record."""
    return {key for key, _, _ in record_files(repository, commit, keys)}


def record_files(
    repository: Repository, commit: str, keys: Collection[RecordKey]
) -> Iterator[tuple[RecordKey, str, str]]:
    """Key, path and blob id of each record of a commit that has one of the keys; streamed by dump."""
    wanted: dict[str, list[RecordKey]] = {}
    for key in keys:
        wanted.setdefault(key.model, []).append(key)
    places: dict[tuple[str, Layout], dict[str, RecordKey]] = {}  # within a dump
    for folder, layouts in recorded_layouts(repository, commit).items():
        for each in layouts.keys() & wanted.keys():
            kind = each, layouts[each]
            if kind not in places:
                places[kind] = dict(_places(wanted[each], layouts[each]))
            here = places[kind]
            start = len(folder) + 1
            found = repository.trees.files_at(commit, [f"{folder}/{path}" for path in here])
            yield from ((here[path[start:]], path, blob) for path, blob in found.items())


def _places(keys: Sequence[RecordKey], layout: Layout) -> Iterator[tuple[str, RecordKey]]:
    for key in keys:
        with suppress(RecordError):
            yield record_path(key, layout), key


def recorded_layouts(repository: Repository, commit: str) -> dict[str, Mapping[str, Layout]]:
    """The layouts of the models of each dump of a commit, by its folder.

    A dump that is not described as it must be has no models.
    """
    known = _LAYOUTS.setdefault(repository, {})
    folders = {f"{each}/{DATASET_FILE}": each for each in dump_folders(repository, commit)}
    found: dict[str, Mapping[str, Layout]] = {}
    for path, blob in repository.trees.files_at(commit, [*folders]).items():
        if blob not in known:
            models: Mapping[str, ModelSchema] = {}
            with suppress(FormatError):
                models = recorded_schema(repository, commit, folders[path])
            if len(known) >= _PATHS:
                known.clear()
            known[blob] = {label: model.layout for label, model in models.items()}
        found[folders[path]] = known[blob]
    return found


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
        found = dict(self._in([first], keys)) if first else {}
        left = [key for key in keys if key not in found]
        for key, title in self._in(self._folders, left) if left else ():
            found.setdefault(key, title)
        return found

    def _in(
        self, folders: Sequence[str], keys: Sequence[RecordKey]
    ) -> Iterator[tuple[RecordKey, str]]:
        places = [(path, key) for key in keys for path in record_paths(key)]
        whole = ((folder, path, key) for folder in folders for path, key in places)
        for batch in batches(whole, _PATHS):
            at = {f"{folder}/{path}": (folder, key) for folder, path, key in batch}
            blobs = self.repository.trees.files_at(self.commit, list(at))
            for path, data in zip(
                blobs, self.repository.objects.blobs(blobs.values()), strict=True
            ):
                folder, key = at[path]
                # A broken neighbour has no title; reading it is not asked for.
                with suppress(FormatError):
                    record, model = canonical.decode(data), self._schema(folder).get(key.model)
                    yield key, best_text(record, model)

    def _schema(self, folder: str) -> Mapping[str, ModelSchema]:
        if folder not in self._schemas:
            self._schemas[folder] = recorded_schema(self.repository, self.commit, folder)
        return self._schemas[folder]
