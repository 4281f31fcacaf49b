"""``merge-driver``: one file on three sides, as git hands it over in a merge of its own.

git calls it once a file, so what it needs is imported in less than a tenth of a second: no Django, no git.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TypeVar

from contentgit.content.canonical import decode, encode, key_kind
from contentgit.content.diff import ABSENT
from contentgit.content.documents import dump_document, parse_document
from contentgit.content.layout import (
    DATASET_FILE,
    REPOSITORY_FILE,
    in_dump,
    record_key,
    record_paths,
)
from contentgit.content.records import Record
from contentgit.content.schema import ModelSchema
from contentgit.errors import ContentgitError, FormatError, RefusedError
from contentgit.merge import merge_record

T = TypeVar("T")


@dataclass(frozen=True)
class MergedFile:
    """The bytes with both sides' changes, or ours where there are ``conflicts``, one line each.

    ``name`` is what a person calls it: the record's key, or the path.
    """

    name: str
    data: bytes
    conflicts: tuple[str, ...] = ()


def merge_file(path: str, base: bytes, ours: bytes, theirs: bytes) -> MergedFile:
    """The file at ``path`` with the changes of both sides; an empty base is none.

    The current folder is the top of a worktree: ``dataset.json`` there gives the kinds of fields.

    Raises:
        RefusedError: the sides are different records, or not the one that belongs at ``path``.
        FormatError: a side is not a record, or cannot be written as one.
    """
    folder, inner = in_dump(path)
    if path == REPOSITORY_FILE:
        return _merge_formats(path, ours, theirs)
    if inner == DATASET_FILE:
        return _merge_documents(path, base, ours, theirs)
    return _merge_records(folder, inner, base, ours, theirs)


def _merge_formats(path: str, ours: bytes, theirs: bytes) -> MergedFile:
    from contentgit.merge.descriptions import merge_formats

    data = ours if ours == theirs else merge_formats(ours, theirs)
    if data is None:
        raise RefusedError(
            f"{path} differs between the two sides; it holds the format of the repository",
            hint="bring both branches to one format, then merge",
        )
    return MergedFile(path, data)


def _merge_documents(path: str, base: bytes, ours: bytes, theirs: bytes) -> MergedFile:
    from contentgit.merge.descriptions import merge_descriptions

    before = _parsed("base", path, base, parse_document) if base else ABSENT
    mine, other = (
        _parsed(side, path, data, parse_document)
        for side, data in (("ours", ours), ("theirs", theirs))
    )
    try:
        value, conflicts = merge_descriptions(before, mine, other)
    except FormatError as error:
        raise FormatError(f"{path}: {error.message}") from error
    lines = tuple(" › ".join(conflict.path) or path for conflict in conflicts)
    return MergedFile(path, ours if lines else dump_document(value), lines)


def _parsed(side: str, path: str, data: bytes, parse: Callable[[bytes], T]) -> T:
    try:
        return parse(data)
    except FormatError as error:
        raise FormatError(
            f"{path} of {side} cannot be merged: {error.message}",
            hint="correct the file on that side in a separate commit, then merge again",
        ) from error


def _merge_records(folder: str, inner: str, base: bytes, ours: bytes, theirs: bytes) -> MergedFile:
    path = f"{folder}/{inner}"
    sides = {"base": base, "ours": ours, "theirs": theirs}
    records = {side: _parsed(side, path, data, decode) for side, data in sides.items() if data}
    if not ours or not theirs:
        raise FormatError(f"{path} of {'theirs' if ours else 'ours'} is empty and not a record")
    _check_keys(inner, path, records)
    mine = records["ours"]
    models = _schema(folder)
    schema = models.get(mine.key.model)
    if schema is not None and (strange := tuple(_undescribed(mine, records["theirs"], schema))):
        return MergedFile(str(mine.key), ours, strange)
    merged = merge_record(records.get("base"), mine, records["theirs"], schema)
    if merged.conflict is not None:
        places = (".".join((field.name, *field.path)) for field in merged.conflict.fields)
        lines = tuple(f"{mine.key}: both sides changed {place}" for place in places)
        return MergedFile(str(mine.key), ours, lines)
    assert merged.record is not None
    return MergedFile(str(mine.key), encode(merged.record, key_kind(ours)))


def _undescribed(ours: Record, theirs: Record, schema: ModelSchema) -> Iterator[str]:
    """The fields that one side has and the description of the dump does not, one line a side.

    Its schema is then another one, and which one cannot be known here.
    """
    for side, record, other in (("ours", ours, theirs), ("theirs", theirs, ours)):
        names = record.fields.keys() - other.fields.keys() - schema.by_name.keys()
        if names:
            yield (
                f"{record.key}: {side} has {', '.join(sorted(names))}, which {DATASET_FILE} does not "
                "describe: the sides have different migrations"
            )


def _check_keys(inner: str, path: str, records: Mapping[str, Record]) -> None:
    """Refuses to mix records, as git does that takes one for a renamed other one."""
    keys = {side: record.key for side, record in records.items()}
    if len({*keys.values()}) > 1:
        raise RefusedError(
            f"{path}: git treated different records as one that was renamed",
            items=[f"{side}: {key}" for side, key in keys.items()],
            hint="contentgit merge REV merges them apart; git merge --abort goes back first",
        )
    key = keys["ours"]
    expected = record_key(inner)
    if key != expected and (expected or inner not in record_paths(key)):
        raise RefusedError(
            f"{path} holds the record {key}, which does not belong there",
            hint="contentgit merge REV merges record by record; git merge --abort goes back first",
        )


def _schema(folder: str) -> Mapping[str, ModelSchema]:
    """The models of a dump, of which nothing is known where no ``dataset.json`` can be read."""
    # What is recorded of a dump is imported only where records have to be merged.
    from contentgit.content.description import parse_schema

    for data in _dataset_files(f"{folder}/{DATASET_FILE}"):
        try:
            return parse_schema(parse_document(data)).models
        except FormatError:
            continue
    return {}


def _dataset_files(path: str) -> Iterator[bytes]:
    """The dump's description in the worktree, else in HEAD: a merge without a worktree has no files."""
    file = Path(path)
    try:
        if file.is_symlink():  # a commit can have it lead to what never ends
            raise FileNotFoundError(path)
        yield file.read_bytes()
    except OSError:
        found = _at_head(path)
        if found is not None:
            yield found


def _at_head(path: str) -> bytes | None:
    from contentgit.git import Repository

    try:
        repository = Repository.discover(Path.cwd())
        return repository.blob(repository.refs.resolve("HEAD"), path)
    except ContentgitError:
        return None
