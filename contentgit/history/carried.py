"""The files that travel with rows, as commits have them: beside the records, by their SHA-256.

The folder ``files`` of a commit has what its records name, and nothing else: it follows from them. Whoever
writes a tree of records completes it here.
"""

from __future__ import annotations

import hashlib
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from contextlib import suppress
from itertools import islice

from contentgit.content import canonical
from contentgit.content.layout import file_path, model_folder
from contentgit.content.records import CarriedFile, Record
from contentgit.errors import FormatError
from contentgit.git import FileEntry, FileStream, Repository
from contentgit.history.dumps import dump_folders, recorded_schema

_BATCH = 2000
_MARK = b'"$file"'


def files_in(data: bytes) -> Iterator[tuple[Record, str, CarriedFile]]:
    """The files that a record names: the record, the field, the file."""
    if _MARK not in data:
        return
    with suppress(FormatError):  # a file that cannot be read is said where it is read as a record
        record = canonical.decode(data)
        for name, value in record.fields.items():
            if type(value) is CarriedFile:
                yield record, name, value


def carrying_folders(repository: Repository, tree: str) -> list[str]:
    """The folders of models whose records may name files."""
    found = []
    for folder in dump_folders(repository, tree):
        with suppress(FormatError):
            for label, model in recorded_schema(repository, tree, folder).items():
                if any(field.carried for field in model.fields):
                    found.append(model_folder(folder, label))
    return found


def blob_of(repository: Repository, trees: Iterable[str], file: CarriedFile) -> FileEntry | None:
    """Where the bytes of a file are, as the first of the commits or trees has it that has them."""
    path = file_path(file.sha256)
    for tree in trees:
        found = repository.trees.at_path(tree, path)
        if found is not None:
            return FileEntry(*found)
    return None


def read_file(repository: Repository, trees: Iterable[str], file: CarriedFile) -> bytes:
    """The bytes of a file, for one that is small; ``b""`` if none of the commits or trees has it as it is."""
    found = blob_of(repository, trees, file)
    if found is None:
        return b""
    with repository.objects.reading(found.id) as pieces:
        data = b""
        for piece in pieces:
            data += piece
            if len(data) > file.size:
                return b""
    return data if hashlib.sha256(data).hexdigest() == file.sha256 else b""


def completed(
    repository: Repository,
    tree: str,
    before: str | None,
    sources: Sequence[str] = (),
    streams: Mapping[str, FileStream] | None = None,
) -> str:
    """The tree with the files that its records name, and without those that none names any more.

    ``before`` is a commit or tree that is complete, with whose folder ``files`` the tree was made. New files
    are taken from ``streams``, by SHA-256, or from the ``sources``, which are commits and trees. A file that
    nobody has is left out: ``check`` finds it.
    """
    folders = carrying_folders(repository, tree)
    folders += carrying_folders(repository, before) if before else []
    if not folders:
        return tree
    old, new = _changed(repository, before, tree, dict.fromkeys(folders))
    given = streams or {}
    changes: dict[str, FileEntry | FileStream | None] = {}
    for sha256, file in new.items():
        path = file_path(sha256)
        if repository.trees.at_path(tree, path) is not None:
            continue
        found = given.get(sha256) or blob_of(repository, sources, file)
        if found is not None:
            changes[path] = found
    gone = set(old.keys() - new.keys())
    gone -= _still_named(repository, tree, dict.fromkeys(folders), gone)
    for sha256 in gone:
        if repository.trees.at_path(tree, file_path(sha256)) is not None:
            changes[file_path(sha256)] = None
    if not changes:
        return tree
    return repository.writer.write_tree(None, sorted(changes.items()), {"": tree})


def _changed(
    repository: Repository, before: str | None, after: str, folders: Iterable[str]
) -> tuple[dict[str, CarriedFile], dict[str, CarriedFile]]:
    """The files that records which differ name before and after, by SHA-256."""
    sides: tuple[dict[str, CarriedFile], dict[str, CarriedFile]] = {}, {}
    for folder in folders:
        entries = repository.trees.diff_entries(before, after, folder)
        while some := list(islice(entries, _BATCH)):
            for found, ids in zip(
                sides, ([old for _, old, _ in some], [new for _, _, new in some]), strict=True
            ):
                for data in repository.objects.blobs([each for each in ids if each]):
                    found.update((file.sha256, file) for _, _, file in files_in(data))
    return sides


def _still_named(
    repository: Repository, tree: str, folders: Iterable[str], wanted: Collection[str]
) -> set[str]:
    """Those of the files, by SHA-256, that a record of the tree names."""
    found: set[str] = set()
    for folder in folders if wanted else ():
        ids = (blob for _, blob in repository.trees.entries(tree, folder))
        for data in repository.objects.blobs(ids):
            found.update(file.sha256 for _, _, file in files_in(data) if file.sha256 in wanted)
            if len(found) == len(wanted):
                return found
    return found
