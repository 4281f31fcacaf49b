"""A tree with other keys for some of its records: in their paths, and in all that refers to them."""

from __future__ import annotations

import re
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping
from collections.abc import Set as AbstractSet

from contentgit.branches.trees.sides import BATCH, PLAIN, OneKeyEach, key_at, record_at
from contentgit.content import canonical
from contentgit.content.layout import dump_of, model_folder, record_path
from contentgit.content.records import Record, RecordKey
from contentgit.content.referring import refers_to_any
from contentgit.content.schema import ModelSchema
from contentgit.errors import RefusedError
from contentgit.git import GONE, FileEntry, Placed, Repository
from contentgit.history.dumps import dump_folders, recorded_schema
from contentgit.history.snapshots import batches
from contentgit.merge import renumbered


def with_keys(repository: Repository, commit: str, reading: OneKeyEach) -> str:
    """The tree of a commit, or of a tree, with one key for each record.

    Raises:
        FormatError: a file is not a record.
        RefusedError: the key of another record is made of one of these.
    """
    root, keys = repository.trees.root(commit), reading.keys.get(commit)
    if not keys:
        return root
    labels = {key.model for key in keys}
    schemas = {
        folder: recorded_schema(repository, commit, folder)
        for folder in dump_folders(repository, commit)
    }
    places = {
        model_folder(folder, label)
        for folder, models in schemas.items()
        for label, schema in models.items()
        if label in labels or may_refer(schema, labels)
    }
    files = _files(repository, commit, places, reading.since)
    changes = rekeyed(repository, files, keys, schemas.__getitem__)
    return repository.writer.write_tree(None, changes, {"": root})


def _files(
    repository: Repository, commit: str, folders: Collection[str], since: str
) -> Iterator[tuple[str, FileEntry]]:
    """The files in folders of models, but for those that are as in the commit ``since``, if there is one."""
    if since:
        for path, _, file in repository.trees.changed_files(since, commit):
            if file and "/".join(path.split("/", 2)[:2]) in folders:
                yield path, file
        return
    for folder in sorted(folders):
        for path, blob in repository.trees.entries(commit, folder):
            yield f"{folder}/{path}", FileEntry(PLAIN, blob)


def may_refer(schema: ModelSchema, labels: AbstractSet[str]) -> bool:
    """Whether records of a model can refer to one of these models."""
    return any(each.target in labels or refers_to_any(each) for each in schema.fields)


def rekeyed(
    repository: Repository,
    files: Iterable[tuple[str, FileEntry]],
    keys: Mapping[RecordKey, RecordKey],
    models: Callable[[str], Mapping[str, ModelSchema]],
) -> Iterator[tuple[str, Placed]]:
    """What becomes of records' files with other keys for records; ``models`` has those of a dump's folder.

    Raises:
        FormatError: a file is not a record.
        RefusedError: the key of another record is made of one of these.
    """
    files = [*files]
    moved = {path for path, _ in files if key_at(path) in keys}
    # All of them first: a record may move to where another was.
    yield from ((path, GONE) for path in sorted(moved))
    refers = _referring(keys)
    for batch in batches(files, BATCH):
        blobs = repository.objects.blobs([file.id for _, file in batch])
        for (path, _), data in zip(batch, blobs, strict=True):
            if path not in moved and not refers(data):
                continue
            record = record_at(path, data)
            schema = models(dump_of(path)).get(record.key.model)
            new = renumbered(record, schema, keys)
            if schema is None or new == record:
                continue
            _refuse_named_by_it(record, new, schema)
            place = f"{dump_of(path)}/{record_path(new.key, schema.layout)}"
            yield place, canonical.encode(new, schema.key_kind)


def _referring(keys: Iterable[RecordKey]) -> Callable[[bytes], bool]:
    """Whether a record's bytes can have one of the keys as a reference."""
    texts = {str(key).encode() for key in keys}
    labels = {re.escape(key.model.encode()) for key in keys}
    reference = re.compile(rb'["(]((?:%s):-?[0-9]+)[")]' % b"|".join(sorted(labels)))
    return lambda data: any(found in texts for found in reference.findall(data))


def _refuse_named_by_it(record: Record, new: Record, schema: ModelSchema) -> None:
    """Refuses a record whose own key is made of what it refers to."""
    for name in schema.identity:
        if record.fields.get(name) != new.fields.get(name):
            raise RefusedError(
                f"{record.key}: the key is made of {record.fields[name]}, which is {new.fields[name]} "
                "since a merge gave it another key",
                hint="apply that merge to the database of that side, and commit there",
            )
