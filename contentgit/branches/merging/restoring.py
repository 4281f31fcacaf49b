"""``restore``: dumps and records of another commit, as HEAD's dumps have them, merged into HEAD's branch.

The side of the merge is the other commit, and its base the same with the records in question as HEAD has
them: so what HEAD has done since is our side, and what it cannot stand together with is a conflict.
"""

from __future__ import annotations

import shlex
from collections.abc import Iterable, Iterator, Mapping, Sequence
from itertools import chain
from typing import Final

from contentgit.branches.merging.ending import Concluded
from contentgit.branches.merging.losing import dropping
from contentgit.branches.merging.older import Older
from contentgit.branches.merging.picking import Picking, run
from contentgit.branches.merging.staying import refuse_dangling
from contentgit.branches.trees.sides import PLAIN, decoded
from contentgit.content import canonical
from contentgit.content.layout import (
    DATASET_FILE,
    REPOSITORY_FILE,
    dump_name,
    dump_of,
    model_of,
    record_paths,
)
from contentgit.content.records import Record, RecordKey
from contentgit.errors import UnknownNameError, UsageError
from contentgit.git import GONE, FileEntry, Placed, Repository
from contentgit.history.commits import check_format, names_record, repository_document
from contentgit.history.dumps import dump_folders, recorded_schema
from contentgit.history.snapshots import batches
from contentgit.merge import Place, Values, taken_together, with_values

_ALL: Final = Picking()


def restore(
    repository: Repository, labels: Sequence[str], revision: str, how: Picking = _ALL
) -> Concluded:
    """Makes dumps, records, or fields of records (``pages.page:42/title``) what they are in a revision.

    Labels of records may have the names of HEAD's schema or of the revision's. A dump loses the records that
    the revision does not have; of models and fields that came since, everything stays.

    Raises:
        ConflictError: they conflict with later changes.
        UnknownNameError: the revision has no such dump, record or field, or HEAD no such model.
        RefusedError: what comes back refers to records that are not there, or migrations are between which it
            cannot be carried across.
    """
    head = repository.refs.resolve("HEAD")
    source = repository.refs.resolve(revision)
    for each in (head, source):
        check_format(repository, each)
    older = Older.of(repository, head, source, revision)
    records = [label for label in labels if names_record(label)]
    places = [older.place(_place(label)) for label in records]
    folders = {older.folder(label) for label in labels if label not in records}
    lost = [*older.lost(places), *chain.from_iterable(map(older.lost_in, sorted(folders)))]
    if lost and not how.drop_fields:
        error = dropping(f"values of {revision} have no field in HEAD's schema", [*map(str, lost)])
        if any(each.retyped for each in lost):
            error.hint = f"{older.way_up}\n{error.hint}"
        raise error
    restored = _restored(older, places)
    changes = {path: data for path, data in restored if dump_of(path) not in folders}
    sides = _sides(older, changes, folders)
    refuse_dangling(repository, (head, sides[1], older.tree), folders, revision)
    what = ", ".join(labels[:3]) + (f" and {len(labels) - 3} more" if len(labels) > 3 else "")
    message = how.message or f"Restore {what} from {revision}\n"
    return run(repository, "restore", what, sides, message, how, wider=older.tree)


def _sides(older: Older, changes: Mapping[str, Placed], folders: Iterable[str]) -> tuple[str, str]:
    """The trees that are merged: the other commit with what is restored as HEAD has it, and as it becomes.

    ``changes`` are files outside of the restored dumps in ``folders``.
    """
    trees, writer, head = older.repository.trees, older.repository.writer, older.head
    ours = {folder: trees.folder_id(head, folder) or "" for folder in folders}
    formats = [check_format(older.repository, each) for each in (head, older.commit)]
    if "" in ours.values() and formats[0] < formats[1]:  # a dump comes as that format has it
        changes = {**changes, REPOSITORY_FILE: repository_document()}
    here = trees.files_at(head, list(changes))
    before = {path: FileEntry(PLAIN, here[path]) if path in here else GONE for path in changes}
    base = writer.write_tree(None, before.items(), {"": older.tree, **ours})
    both = {folder: tree for folder, tree in ours.items() if tree}
    come = (each for folder in both for each in _dump_restored(older, folder))
    theirs = writer.write_tree(None, chain(changes.items(), come), {"": older.tree, **both})
    return base, theirs


# Dumps, records and fields of another commit


def _restored(older: Older, places: Iterable[Place]) -> Iterator[tuple[str, Placed]]:
    """What each file becomes; a record of which several fields are named is one file."""
    repository, head, revision = older.repository, older.head, older.revision
    wanted: dict[RecordKey, list[Place]] = {}
    for place in places:
        wanted.setdefault(place.key, []).append(place)
    for key, some in wanted.items():
        there = _files_of(repository, older.tree, key)
        if not there:
            raise _not_there(older, key)
        for folder in sorted({dump_of(path) for path in there}):
            older.refuse_renamed(folder)
        if not all(place.field for place in some):
            yield from ((path, GONE) for path in older.stale(key))
            for path, blob in there.items():
                folder = dump_of(path)
                if key.model not in recorded_schema(repository, head, folder):
                    raise _not_here(older, key, folder)
                here = repository.trees.entry(head, path)
                yield from _as_managed(older, folder, [(path, here, blob)])
        else:
            yield from _with_fields(repository, head, some, there, revision)


def _dump_restored(older: Older, folder: str) -> Iterator[tuple[str, Placed]]:
    """What each file of a dump becomes that HEAD has; records of models that came since stay."""
    known = older.known(folder)
    differing = older.repository.trees.diff_entries(older.head, older.tree, folder)
    records = (each for each in differing if each[0] != DATASET_FILE)
    for batch in batches((f"{folder}/{path}", here, there) for path, here, there in records):
        for path, _, there in batch:
            if not there and model_of(path) in known:
                yield path, GONE
        placed = [(path, here, there) for path, here, there in batch if there]
        yield from _as_managed(older, folder, placed)


def _as_managed(
    older: Older, folder: str, files: Sequence[tuple[str, str | None, str]]
) -> Iterator[tuple[str, bytes]]:
    """Records of another commit with the fields that HEAD's dump has; new ones stay as they are.

    ``files`` are their paths, each with the blob ids in HEAD, if it is there, and in the other commit.
    """
    repository = older.repository
    known, models = older.known(folder), recorded_schema(repository, older.head, folder)
    sides = ((path, each) for path, *blobs in files for each in blobs)
    records = decoded(
        repository, [(path, FileEntry(PLAIN, each) if each else None) for path, each in sides]
    )
    for path, *_ in files:
        here, record = next(records), next(records)
        assert record is not None
        schema, carried = models.get(record.key.model), known.get(record.key.model, ())
        if schema is None:
            continue
        values = dict(here.fields) if here else {}
        values |= {
            name: value
            for name, value in record.fields.items()
            if name in carried or name not in values
        }
        fields = {name: values[name] for name in sorted(values) if name in schema.by_name}
        yield path, canonical.encode(Record(record.key, fields), schema.key_kind)


def _not_there(older: Older, key: RecordKey) -> UnknownNameError:
    """The error that the commit does not have a record."""
    if key in older.keys:
        said = f"the {key} of {older.revision} is {older.keys[key]} in HEAD, whose {key} it does not have"
        call = f"contentgit restore {older.keys[key]} --from {shlex.quote(older.revision)}"
        return UnknownNameError(said, hint=f"{call}  (restores that)")
    return UnknownNameError(
        f"{older.revision} has no record {key}",
        hint=f"contentgit log -- {key}  says when it was there",
    )


def _not_here(older: Older, key: RecordKey, folder: str) -> UnknownNameError:
    """The error that HEAD has no place for a record."""
    whole = "commit the dump with a dataset that has the model, then restore the record"
    if older.repository.trees.folder_id(older.head, folder) is None:
        name = ":".join(filter(None, dump_name(folder)))
        call = f"contentgit restore {shlex.quote(name)} --from {shlex.quote(older.revision)}"
        whole = f"{call}  (brings the whole dump back)"
    return UnknownNameError(
        f"HEAD has no {key.model} in {folder}, so {key} cannot be stored there", hint=whole
    )


def _place(label: str) -> Place:
    try:
        return Place.parse(label)
    except ValueError as error:
        raise UsageError(
            f"{label!r} is not a record", hint="records are named like pages.page:42"
        ) from error


def _files_of(repository: Repository, commit: str, key: RecordKey) -> dict[str, str]:
    folders = dump_folders(repository, commit)
    paths = [f"{folder}/{path}" for folder in folders for path in record_paths(key)]
    return repository.trees.files_at(commit, paths)


def _with_fields(
    repository: Repository,
    head: str,
    places: Sequence[Place],
    there: Mapping[str, str],
    revision: str,
) -> Iterator[tuple[str, Placed]]:
    """HEAD's record with what these fields of it are in the other commit.

    With one come those that are one value with it.
    """
    key = places[0].key
    here = _files_of(repository, head, key)
    if not here:
        raise UnknownNameError(
            f"HEAD has no record {key} whose {places[0].field} could be restored",
            hint=f"contentgit restore {key} --from {revision}  brings all of it back",
        )
    for path, blob in here.items():
        old = there.get(path) or next(iter(there.values()))
        files = [(path, FileEntry(PLAIN, each)) for each in (blob, old)]
        record, source = decoded(repository, files)
        assert record is not None
        schema = recorded_schema(repository, head, dump_of(path)).get(key.model)
        for place in places:
            if source is None or place.field not in source.fields:
                raise UnknownNameError(
                    f"{key} has no field {place.field} in {revision}",
                    hint=f"contentgit show {revision} -- {key}",
                )
            taken = taken_together(Values(source), place, schema)
            record = with_values(record, taken)
        yield path, canonical.encode(record, schema.key_kind if schema else None)
