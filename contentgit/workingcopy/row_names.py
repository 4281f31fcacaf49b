"""What names one row, in this database and in the commits that it is at: for ``identity show``."""

from __future__ import annotations

from collections.abc import Iterator
from typing import NamedTuple

from contentgit.content.layout import record_paths
from contentgit.content.records import RecordKey
from contentgit.content.uuids import is_uuid_identity, is_uuid_key, uuid_of
from contentgit.db import titles as db_titles
from contentgit.errors import UnknownNameError, UsageError
from contentgit.git import Commit
from contentgit.history.dumps import Titles
from contentgit.history.keys import keys_until
from contentgit.workingcopy.ledger import current
from contentgit.workingcopy.missing import found_commit
from contentgit.workingcopy.outside import outside_reader
from contentgit.workingcopy.project import Dump, Project


class Holding(NamedTuple):
    """A dump that has the row, or whose applied ``commit`` has its record.

    ``is_here`` is whether the row belongs to the dump, ``first`` the oldest commit on the way to the applied
    one that has the record; ``None`` where that one has none.
    """

    dump: str
    is_here: bool
    commit: str
    first: Commit | None


class NamedRow(NamedTuple):
    """A row and what names it.

    ``identity`` are the fields that make its key, none for the primary key; ``base`` is the model whose rows
    give the name, ``pk`` the primary key as text, ``""`` where the row is gone. ``was`` is the one that it
    had then, where that is known. ``before`` is the key that named it before UUIDs did, ``""`` if none is
    known.
    """

    record: RecordKey
    identity: tuple[str, ...]
    base: str
    pk: str
    was: str
    before: str
    title: str
    dumps: tuple[Holding, ...]

    @property
    def is_gone(self) -> bool:
        """Whether the database had the row, and has it no more."""
        return not self.pk


def named_row(project: Project, name: RecordKey, *, by_pk: bool = False) -> NamedRow:
    """The row of a record key; with ``by_pk``, of the primary key that ``name`` has in place of it.

    Raises:
        UnknownNameError: the project has no such model, or the database has no such row and never had it.
        UsageError: the key cannot be one of this model.
        RefusedError: the names of rows are lost.
    """
    identities = project.identities
    if not identities.is_model(name.model):
        raise UnknownNameError(
            f"this project has no model {name.model!r}",
            hint="contentgit datasets  (lists the models that have records)",
        )
    with project.snapshot():
        record = _by_pk(project, name) if by_pk else name
        _refuse_unlike(project, record)
        found = _read(project, record)
        if found.is_gone and not found.was and not found.dumps:
            raise UnknownNameError(
                f"database {project.using!r} has no row {name}, and does not know that it had one",
                hint=f"contentgit show HEAD -- {name}  (shows the record as a commit has it)",
            )
    uuids = identities.uuids(found.base)
    if uuids and uuids.is_new(found.record.key):
        raise UnknownNameError(
            f"row {name.key} of {name.model} has no name yet, and database {project.using!r} takes none now",
            hint="contentgit status  (names rows, where the user may write to contentgit_identity)",
        )
    return found


def _by_pk(project: Project, name: RecordKey) -> RecordKey:
    pk = project.identities.pk_in_text(name.model, name.key)
    text = None if pk is None else project.identities.key_text(name.model, pk)
    if text is None:
        raise UnknownNameError(
            f"database {project.using!r} has no row of {name.model} with primary key {name.key!r}",
            hint=f"contentgit identity show {name}  (if that is the key in the repository)",
        )
    return RecordKey(name.model, text)


def _refuse_unlike(project: Project, record: RecordKey) -> None:
    """Refuses another key than a UUID where UUIDs name rows: most likely it is a primary key."""
    if is_uuid_identity(project.identities.fields(record.model)) and not is_uuid_key(record.key):
        raise UsageError(
            f"{record.key!r} is not a key of {record.model}, whose rows are named by UUIDs",
            hint=f"contentgit identity show {record} --pk  (takes it for the primary key)",
        )


def _read(project: Project, record: RecordKey) -> NamedRow:
    identities = project.identities
    label, base = record.model, identities.base(record.model)
    uuids = identities.uuids(base)
    reader = outside_reader(project, [record])
    is_here = record in reader.existing([record])
    pk = identities.pk(label, record.key) if is_here else None
    text = ",".join(map(str, pk if isinstance(pk, tuple) else (pk,))) if is_here else ""
    was = (uuids.was(record.key) or "") if uuids and not is_here else ""
    number = text or was
    before = f"{label}:{number}" if uuids and uuid_of(number) == record.key else ""
    dumps = tuple(_holding(project, record, before))
    return NamedRow(
        record,
        identities.fields(label),
        base,
        text,
        was,
        before,
        _title(project, record, dumps, is_here=is_here),
        dumps,
    )


def _holding(project: Project, record: RecordKey, before: str) -> Iterator[Holding]:
    rows = current(project)
    for dump in project.dumps([], also=list(rows)):
        if record.model not in dump.tables:
            continue
        is_here = record in dump.reader.members(record.model, [record])
        line = rows.get(dump.folder)
        at = found_commit(project, line) if line else ""
        first = _first(project, dump, at, record, before)
        if is_here or first:
            yield Holding(dump.dataset.label, is_here, at, first)


def _first(project: Project, dump: Dump, at: str, record: RecordKey, before: str) -> Commit | None:
    """The oldest commit on the way to the applied one that has the record, by any name that it had."""
    if not at:
        return None
    repository, folder = project.repository, dump.folder
    older = [RecordKey.parse(before)] if before else []
    every = (keys_until(repository, at, folder, each) for each in (record, *older))
    keys = [key for some in every for key in some]
    paths = [f"{folder}/{path}" for key in keys for path in record_paths(key)]
    if not repository.trees.files_at(at, paths):
        return None
    return [*repository.history.log(at, paths=paths)][-1]


def _title(
    project: Project, record: RecordKey, dumps: tuple[Holding, ...], *, is_here: bool
) -> str:
    if is_here:
        reader = outside_reader(project, [record])
        records = {each.key: each for each in reader.records([record])}
        return db_titles.titles(project.using, reader.tables, [record], records)[record]
    commits = (each.commit for each in dumps if each.first)
    found = (Titles(project.repository, each).of([record]).get(record, "") for each in commits)
    return next(filter(None, found), "")
