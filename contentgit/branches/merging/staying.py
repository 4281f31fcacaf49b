"""Records of a restored dump that stay, of models and fields that came since, and what they refer to."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Sequence

from contentgit.branches.trees.sides import BATCH, PLAIN, decoded
from contentgit.branches.trees.survey import may_refer
from contentgit.content.layout import DATASET_FILE, model_folder, record_paths
from contentgit.content.records import Record, RecordKey
from contentgit.content.referring import refers_in
from contentgit.content.schema import ModelSchema
from contentgit.errors import RefusedError
from contentgit.git import FileEntry, Repository
from contentgit.history.dumps import dump_folders, recorded_schema
from contentgit.history.snapshots import batches
from contentgit.integrity.relations import Reference, references
from contentgit.render.plain import plural


def refuse_dangling(
    repository: Repository,
    trees: tuple[str, str, str],
    folders: Collection[str],
    revision: str,
) -> None:
    """Refuses restored dumps in which what stays of a record refers to a record that goes.

    The ``trees`` are HEAD, the dumps in ``folders`` as they become, and the revision. A reference that the
    revision has, too, dangled there where no database sees to it, and is restored as it was.

    Raises:
        RefusedError: there are such.
    """
    head, restored, old = trees
    gone = {key for folder in folders for key in _gone(repository, head, restored, folder)}
    gone -= {*_elsewhere(repository, head, folders, gone)}
    labels = {key.model for key in gone}
    found: list[str] = []
    for folder in sorted(folders) if gone else ():
        for label, schema in recorded_schema(repository, head, folder).items():
            if not may_refer(schema, labels):
                continue
            place = model_folder(folder, label)
            entries = repository.trees.entries(restored, place)
            files = ((f"{place}/{path}", blob) for path, blob in entries)
            for batch in batches(files, BATCH):
                dangling = [
                    (path, record, each)
                    for (path, _), record in zip(batch, _records(repository, batch), strict=True)
                    for each in references(record, schema)
                    if each.target in gone
                ]
                found += _unknown_to(repository, old, schema, dangling)
    if found:
        raise RefusedError(
            f"{plural(len(found), 'reference')} of records that stay {'is' if len(found) == 1 else 'are'} "
            f"to records that {revision} does not have",
            items=found,
            hint="delete these on the site, or change what they refer to, and commit; then run it again",
            data={"dangling": found},
        )


def _unknown_to(
    repository: Repository,
    old: str,
    schema: ModelSchema,
    dangling: Sequence[tuple[str, Record, Reference]],
) -> Iterator[str]:
    """The references, a line each, without those that the tree ``old`` has and no database sees to."""
    loose = [path for path, _, each in dangling if not each.constrained]
    there = repository.trees.files_at(old, loose) if loose else {}
    before = dict(zip(there, _records(repository, there.items()), strict=True))
    for path, record, each in dangling:
        was = before.get(path)
        if each.constrained or not (
            was and refers_in(was, schema.by_name[each.field], each.target)
        ):
            yield f"{record.key}/{each.field} refers to {each.target}"


def _gone(repository: Repository, head: str, restored: str, folder: str) -> Iterator[RecordKey]:
    differing = repository.trees.diff_entries(head, restored, folder)
    files = (
        (f"{folder}/{path}", was)
        for path, was, now in differing
        if was and not now and path != DATASET_FILE
    )
    yield from (record.key for record in _records(repository, files))


def _elsewhere(
    repository: Repository, head: str, folders: Collection[str], keys: Collection[RecordKey]
) -> Iterator[RecordKey]:
    """Those of the records that another dump has, too."""
    others = [each for each in dump_folders(repository, head) if each not in folders]
    paths = {f"{each}/{path}": key for key in keys for each in others for path in record_paths(key)}
    yield from (paths[path] for path in repository.trees.files_at(head, [*paths]))


def _records(repository: Repository, files: Iterable[tuple[str, str]]) -> Iterator[Record]:
    for batch in batches(files, BATCH):
        entries = [(path, FileEntry(PLAIN, blob)) for path, blob in batch]
        yield from filter(None, decoded(repository, entries))
