"""Records of a restored dump that stay, of models and fields that came since, and what they refer to."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator

from contentgit.branches.trees.sides import BATCH, PLAIN, decoded
from contentgit.branches.trees.survey import may_refer
from contentgit.content.layout import DATASET_FILE, model_folder, record_paths
from contentgit.content.records import Record, RecordKey
from contentgit.errors import RefusedError
from contentgit.git import FileEntry, Repository
from contentgit.history.dumps import dump_folders, recorded_schema
from contentgit.history.snapshots import batches
from contentgit.integrity.relations import references
from contentgit.render.plain import plural


def refuse_dangling(
    repository: Repository, head: str, restored: str, folders: Collection[str], revision: str
) -> None:
    """Refuses restored dumps in which a record that stays refers to one that goes.

    ``restored`` is a tree with the dumps in ``folders`` as they become.

    Raises:
        RefusedError: there are such.
    """
    gone = {key for folder in folders for key in _gone(repository, head, restored, folder)}
    gone -= {*_elsewhere(repository, head, folders, gone)}
    labels = {key.model for key in gone}
    found = []
    for folder in sorted(folders) if gone else ():
        for label, schema in recorded_schema(repository, head, folder).items():
            if not may_refer(schema, labels):
                continue
            place = model_folder(folder, label)
            entries = repository.trees.entries(restored, place)
            for record in _records(
                repository, ((f"{place}/{path}", blob) for path, blob in entries)
            ):
                found += [
                    f"{record.key}/{each.field} refers to {each.target}"
                    for each in references(record, schema)
                    if each.constrained and each.target in gone
                ]
    if found:
        raise RefusedError(
            f"{plural(len(found), 'reference')} of records that stay {'is' if len(found) == 1 else 'are'} "
            f"to records that {revision} does not have",
            items=found,
            hint="delete these on the site, or change what they refer to, and commit; then run it again",
            data={"dangling": found},
        )


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
