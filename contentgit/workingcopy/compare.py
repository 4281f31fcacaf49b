"""``diff`` against the database: its changes since a commit, with titles."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from dataclasses import replace
from functools import partial
from typing import TYPE_CHECKING

from contentgit.content import canonical
from contentgit.content.layout import dump_folder
from contentgit.content.records import CarriedFile, Record, RecordKey
from contentgit.content.titles import TitledChange
from contentgit.datasets import parse_dump_argument
from contentgit.db import titles as db_titles
from contentgit.db.tables import file_places
from contentgit.errors import StorageError, UsageError
from contentgit.history.carried import read_file
from contentgit.history.commits import CommitComparison, Selection, references_of
from contentgit.history.snapshots import Pair, change_batches, changes_of, in_order
from contentgit.storages import pieces
from contentgit.workingcopy.as_placed import as_placed
from contentgit.workingcopy.copies import copies
from contentgit.workingcopy.database_side import DatabaseSide, Missing, pairs
from contentgit.workingcopy.evolution import Evolution
from contentgit.workingcopy.ledger import current
from contentgit.workingcopy.looked import rows_in
from contentgit.workingcopy.missing import applied_commit, found_commit
from contentgit.workingcopy.tracking import is_plain, written_down
from contentgit.workingcopy.unapplied import Unapplied
from contentgit.workingcopy.withheld import WithheldBefore

if TYPE_CHECKING:
    from contentgit.content.diff import Change
    from contentgit.content.evolution import SchemaChange
    from contentgit.db.ledger import Applied
    from contentgit.workingcopy.project import Dump, Project
    from contentgit.workingcopy.tracking import Tracked


def _refuse_copies(project: Project, names: Sequence[str]) -> None:
    """Refuses dumps that are here as copies alone.

    Raises:
        UsageError: one of them is.
    """
    folders = {dump_folder(*parse_dump_argument(name)): name for name in names}
    for copy in copies(project):
        if copy.copy and copy.copy.folder in folders and current(copy):
            name = folders[copy.copy.folder]
            raise UsageError(
                f"{name} is here only as a copy, which is not compared",
                hint=f"contentgit status {name}  (shows what was edited in the copy)",
            )


@contextmanager
def compare_with_database(
    project: Project, revision: str | None, selection: Selection
) -> Iterator[CommitComparison]:
    """What differs from a commit (or the applied commit) to the database now.

    The changes must be used up inside the ``with``: they are read in one snapshot of the database.

    Raises:
        UnknownNameError: the revision or a dump does not exist.
        UsageError: no revision is given and no commit was ever applied.
    """
    with project.snapshot():
        rows = current(project)
        dumps = project.dumps(selection.dumps, also=list(rows))
        commit = project.repository.refs.resolve(revision) if revision else None
        if commit is None:
            dumps = [dump for dump in dumps if dump.folder in rows]
            if not dumps:
                _refuse_copies(project, selection.dumps)
                raise UsageError(
                    f"database {project.using!r} has never been at a commit",
                    hint="contentgit diff main  (compares with a branch)\n"
                    "contentgit commit  (makes the first commit of this database)",
                )
            for dump in dumps:  # before anything is printed of the others
                applied_commit(project, rows[dump.folder])
        yield CommitComparison(
            revision or "applied commit",
            f"database {project.using}",
            len(dumps),
            partial(_database_changes, project, dumps, commit, rows, selection),
            lambda: {
                dump.folder: {label: table.schema for label, table in dump.tables.items()}
                for dump in dumps
            },
            find_schema_changes=partial(_schema_changes, project, dumps, commit, rows),
            read_file=partial(_read_file, project, dumps, commit, rows),
        )


def _read_file(
    project: Project,
    dumps: Sequence[Dump],
    commit: str | None,
    rows: Mapping[str, Applied],
    file: CarriedFile,
) -> bytes:
    """The bytes of a small file: those of the commit, or of a storage."""
    commits = {commit or found_commit(project, rows[dump.folder]) for dump in dumps}
    data = read_file(project.repository, commits, file)
    places = [place for dump in dumps for place in file_places(dump.tables)]
    for place in places if not data else ():
        name = project.carrier.stored(place, file)
        with suppress(StorageError):
            return b"".join(pieces(place.storage, name, file.sha256, file.size))
    return data


def _schema_changes(
    project: Project, dumps: Sequence[Dump], commit: str | None, rows: Mapping[str, Applied]
) -> list[SchemaChange]:
    ats = (commit or found_commit(project, rows[dump.folder]) for dump in dumps)
    evolutions = (Evolution.since(project, dump, at) for dump, at in zip(dumps, ats, strict=True))
    return [found for each in evolutions if (found := each.schema_change)]


def _database_changes(
    project: Project,
    dumps: Sequence[Dump],
    commit: str | None,
    rows: Mapping[str, Applied],
    selection: Selection,
) -> Iterator[TitledChange]:
    for dump in dumps:
        at = commit or found_commit(project, rows[dump.folder])
        row = None if commit else rows[dump.folder]
        evolution = Evolution.since(project, dump, at)
        tracked = written_down(project, dump, row) if row else None
        found, side, _ = dump_changes(project, dump, evolution, selection.wants, row, tracked)
        for batch in change_batches(found):
            yield from titled(project, dump, batch, whole=True)
        del side


def dump_changes(
    project: Project,
    dump: Dump,
    evolution: Evolution,
    wants: Callable[[str], bool],
    row: Applied | None = None,
    tracked: Tracked | None = None,
) -> tuple[Iterator[Change], DatabaseSide, Mapping[str, int]]:
    """The changes from the commit of ``evolution`` to the database, and the side that counted the rows.

    ``row`` is the ledger's, where the commit is the applied one: what it withheld is no change, and how many
    records of each model are not applied yet is told last. Of a ``tracked`` dump only rows are read that were
    written since, where these are known. Records of models that the code's dataset does not
    have are left out.
    """
    unapplied = Unapplied.since(project, evolution, row)
    before = unapplied.side
    side = DatabaseSide(dump, project.repository.algorithm, project.progress)
    part = tracked.part(dump) if tracked and row and is_plain(evolution, row) else None
    if part and tracked:
        deltas = side.compare(before, part.ids(before), rows_in(dump, part, tracked.keys))
        side.size = sum(dump.reader.counts().values())
    else:
        deltas = side.compare(before, before.ids())
    before, deltas = as_placed(dump, before, deltas)
    found = WithheldBefore.by(row).edits(deltas)
    known = (delta for delta in found if delta.key.model in dump.tables)
    wanted = in_order(delta for delta in known if wants(delta.path))
    read: Iterator[Pair] = (pair for _, pair in pairs(wanted, before, side, shown=True))
    if row is None:  # what an apply of the commit would leave out is no difference
        read = Missing(dump).trimmed(read)
    changes = changes_of(read, unsaid=evolution.unsaid)
    return changes, side, unapplied.count(deltas)


def titled(
    project: Project, dump: Dump, batch: Sequence[Change], *, whole: bool = False
) -> list[TitledChange]:
    """The changes with titles of their records and of what their changed references point at.

    With ``whole`` also of what new and deleted records refer to.
    """
    records: dict[RecordKey, Record] = {}
    referring: dict[RecordKey, list[RecordKey]] = {}
    for change in batch:
        record = change.after or change.before
        assert record is not None
        records[change.key] = record
        bound = dump.tables.get(change.key.model)  # a commit may hold records of other models
        found = references_of(change, bound.schema if bound else None)
        referring[change.key] = list(found) if whole or change.kind == "update" else []
    references = {key for keys in referring.values() for key in keys}
    titles = db_titles.titles(
        project.using, dump.tables, [*records, *references], records, project.identities
    )
    titled_changes = [
        TitledChange(
            dump.folder,
            change,
            titles.get(change.key, ""),
            {str(key): titles[key] for key in referring[change.key] if key in titles},
        )
        for change in batch
    ]
    return [_shown(project, each) for each in titled_changes] if dump.copied else titled_changes


def _shown(project: Project, entry: TitledChange) -> TitledChange:
    """The change with the keys that records of a copy have in the repository."""

    def shown(record: Record | None) -> Record | None:
        if record is None:
            return None
        text = canonical.encode(record).decode()
        return Record(key, canonical.decode(project.shown(text).encode()).fields)

    change = entry.change
    key = project.shown_key(change.key)
    change = replace(change, key=key, before=shown(change.before), after=shown(change.after))
    references = {project.shown(text): title for text, title in entry.references.items()}
    return entry._replace(change=change, references=references)
