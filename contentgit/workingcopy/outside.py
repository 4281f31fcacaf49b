"""Rows outside the dumps that an apply reaches: how a backup keeps them, and how an undo finds them.

A backup has them in the folder ``outside``, whole: every field that a record can hold. Those that lose a
reference stand in the folder ``left`` as the apply leaves them. Where rows have other names than their
primary keys, a ``dataset.json`` says so.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import replace
from typing import Any, NamedTuple

from contentgit.content import canonical
from contentgit.content.description import parse_outside, schema_document
from contentgit.content.layout import DATASET_FILE, record_path
from contentgit.content.records import Record, RecordKey, Value
from contentgit.db.identity.paths import ALWAYS, label_of
from contentgit.db.introspect import outside_names, schema
from contentgit.db.reader import Reader
from contentgit.db.tables import Tables
from contentgit.errors import RefusedError
from contentgit.history.dumps import recorded_schema
from contentgit.history.naming import difference
from contentgit.history.snapshots import CommitSide, batches
from contentgit.plan.steps import Action, Step
from contentgit.specs import Dataset, ModelSpec
from contentgit.workingcopy.database_side import DatabaseSide, Row
from contentgit.workingcopy.planned import DumpPlan, Goal
from contentgit.workingcopy.project import Dump, Project, all_tables
from contentgit.workingcopy.undo import Undone

OUTSIDE = "outside"
"""The folder, in a backup, of rows that are in no dump."""

LEFT = "left"
"""The folder of those rows that stay, without the reference that the apply clears."""

File = tuple[str, bytes | None]


def outside_reader(
    project: Project, keys: Iterable[RecordKey], specified: Tables | None = None
) -> Reader:
    """Reads rows of any models, whole: every field that a record can hold.

    Rows of models in ``specified`` are written as their specs say.
    """
    labels = sorted({key.model for key in keys})
    tables = {label: project.table(label) for label in labels}
    for label in tables.keys() & (specified or {}).keys():
        tables[label] = tables[label].written_like((specified or {})[label])
    dataset = Dataset(OUTSIDE, "", tuple(map(ModelSpec, labels)))
    return Reader(project.using, dataset, tables, project.identities)


def outside_files(
    project: Project, keys: Sequence[RecordKey], steps: Iterable[Step]
) -> Iterator[File]:
    """The rows as they are, and as the ``steps`` that clear references leave them.

    Some of the ``keys`` may have none: a record that is made again has been deleted here.
    """
    there = outside_reader(project, keys).existing(keys)
    keys = [key for key in keys if key in there]
    reader = outside_reader(project, keys)
    if _names(reader):
        made = outside_names(reader.tables, reader.identities)
        document = schema_document(reader.dataset, schema(reader.tables), outside=made)
        yield f"{OUTSIDE}/{DATASET_FILE}", canonical.dump_document(document)
    for batch in batches(keys):
        for path, _, data in _paths(reader, batch):
            yield f"{OUTSIDE}/{path}", data
    yield from _left(project, steps)


def _paths(reader: Reader, keys: Sequence[RecordKey]) -> Iterator[Row]:
    for key, data in reader.encoded(keys):
        yield record_path(key, reader.tables[key.model].schema.layout), key, data


def _left(project: Project, steps: Iterable[Step]) -> Iterator[File]:
    cleared: dict[RecordKey, dict[str, Value]] = {}
    for step in steps:
        if step.action is Action.CLEAR:
            cleared.setdefault(step.key, {}).update(dict.fromkeys(step.fields, step.value))
    reader = outside_reader(project, cleared)
    for batch in batches(cleared):
        for record in reader.records(batch):
            schema = reader.tables[record.key.model].schema
            left = Record(record.key, {**record.fields, **cleared[record.key]})
            data = canonical.encode(left, schema.key_kind)
            yield f"{LEFT}/{record_path(record.key, schema.layout)}", data


def _names(reader: Reader) -> dict[str, tuple[str, ...]]:
    """What names the rows, and those that they refer to, by label, where it is not their primary key."""
    found = {label: table.schema.identity for label, table in reader.tables.items()}
    found |= outside_names(reader.tables, reader.identities)
    return {label: names for label, names in found.items() if names and label not in ALWAYS}


def _refuse_renamed(project: Project, backup: str, reader: Reader) -> None:
    """Refuses rows that have other names in the backup than now: a name may be another row's now.

    An older backup does not say what names the rows of models in a dataset.

    Raises:
        RefusedError: the settings or specs have changed since the apply.
    """
    repository, here = project.repository, _names(reader)
    there = {
        label: model.identity
        for label, model in recorded_schema(repository, backup, OUTSIDE).items()
        if model.identity and label not in ALWAYS
    }
    data = repository.blob(backup, f"{OUTSIDE}/{DATASET_FILE}")
    if data is None:
        here = {label: here[label] for label in here.keys() & project.config.identities.keys()}
    else:
        there |= parse_outside(canonical.parse_document(data))
    differing = [each for each in sorted({*here, *there}) if here.get(each) != there.get(each)]
    if differing:
        places = ("in the backup", "in this code")
        raise RefusedError(
            "the apply has reached rows outside of its dumps that had other names then, so it cannot be "
            "undone as a whole",
            items=[difference(each, there, here, places) for each in differing],
            hint="undo it with the identities of that time in specs and settings",
            data={"models": differing},
        )


def _refuse_unknown(project: Project, keys: Iterable[RecordKey]) -> None:
    labels = sorted({key.model for key in keys if not project.identities.is_model(key.model)})
    if labels:
        raise RefusedError(
            "the apply has reached rows of models that this project no longer has, so it cannot be undone "
            "as a whole",
            items=labels,
            hint="undo it with the code that has them",
        )


def with_outside(
    project: Project, undone: Sequence[Undone], dump_plans: Sequence[DumpPlan]
) -> tuple[list[DumpPlan], DumpPlan | None]:
    """The plans of an undo's dumps, and that of the rows outside of them which the undone apply reached.

    ``None`` where there are none. They come back with the last of the apply's dumps.
    """
    backup = undone[0].line.backup
    repository = project.repository
    if not backup or not undone[0].whole or repository.trees.folder_id(backup, OUTSIDE) is None:
        return list(dump_plans), None
    theirs = CommitSide(repository, backup, OUTSIDE)
    ids = theirs.ids()
    found = theirs.records(list(ids.items()))
    keys = {path: record.key for path, record in zip(ids, found, strict=True) if record is not None}
    _refuse_unknown(project, keys.values())
    reader = outside_reader(project, keys.values(), all_tables([work.dump for work in dump_plans]))
    _refuse_renamed(project, backup, reader)
    dump = Dump(reader.dataset, OUTSIDE, reader.tables, reader)
    taken: dict[RecordKey, set[tuple[str, str]]] = {}
    held = [*((work.dump, work.theirs) for work in dump_plans), (dump, theirs)]
    for path, link in _links_of_records(held, ids, keys):
        taken.setdefault(link.owner, set()).add((link.field, link.target))
        del ids[path], keys[path]
    rows = list(keys.values())
    base = CommitSide(repository, backup, LEFT)
    ours = DatabaseSide(dump, repository.algorithm, project.progress)
    sides = DumpPlan(dump, None, Goal("", "", ""), "", base, ours, theirs)
    deltas = ours.compare(theirs, ids, _paths(reader, rows))
    outside = replace(
        sides, deltas=deltas, base_ids=base.ids(), dumps=tuple(dump_plans), taken=taken
    )
    return [replace(work, outside=frozenset(rows), taken=taken) for work in dump_plans], outside


# Links


class _Link(NamedTuple):
    """A reference in a many-to-many field, as a row of the field's automatic table."""

    owner: RecordKey
    field: str
    target: str


def _links_of_records(
    sides: Sequence[tuple[Dump, CommitSide]], ids: Mapping[str, str], keys: Mapping[str, RecordKey]
) -> list[tuple[str, _Link]]:
    """Those of the rows outside, by path, that are links of a record which comes back with its links.

    Such a row would come back twice: by itself, and with the record. The rows outside are the last of
    ``sides``; they have these ``ids`` and ``keys``.
    """
    links = list(_links(sides, ids, keys))
    held: set[tuple[RecordKey, str]] = set()
    for dump, theirs in sides if links else ():
        paths = theirs.ids().keys()
        for _, link in links:
            table = dump.tables.get(link.owner.model)
            if table and link.field in table.relation and dump.path(link.owner) in paths:
                held.add((link.owner, link.field))
    return [(path, link) for path, link in links if (link.owner, link.field) in held]


def _links(
    sides: Sequence[tuple[Dump, CommitSide]], ids: Mapping[str, str], keys: Mapping[str, RecordKey]
) -> Iterator[tuple[str, _Link]]:
    """The rows outside, by path, that are links of any record."""
    fields: dict[str, Any] = {
        label_of(relation.through): table.model._meta.get_field(relation.name)
        for table in all_tables([dump for dump, _ in sides]).values()
        for relation in table.relations
    }
    theirs = sides[-1][1]
    entries = [(path, ids[path]) for path, key in keys.items() if key.model in fields]
    for batch in batches(entries):
        for (path, _), record in zip(batch, theirs.records(batch), strict=True):
            if record is None:
                continue
            many = fields[record.key.model]
            owner = record.fields.get(many.m2m_field_name())
            target = record.fields.get(many.m2m_reverse_field_name())
            if isinstance(owner, str) and isinstance(target, str):
                yield path, _Link(RecordKey.parse(owner), many.name, target)
