"""What the steps of a plan change, as changes with a before and an after, streamed.

What a row held before is read from the database while that is still possible, and kept in a temporary
file for those who ask once the apply is done. What it holds afterwards follows from the commit and the step.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import groupby
from typing import TypeAlias

from contentgit.content import canonical
from contentgit.content.diff import Change
from contentgit.content.records import Record, RecordKey
from contentgit.content.schema import FieldKind
from contentgit.db.tables import Tables
from contentgit.db.titles import titles
from contentgit.history.snapshots import batches, change_batches
from contentgit.plan.steps import Action, Step
from contentgit.workingcopy.compare import titled
from contentgit.workingcopy.database_side import Missing, Spool
from contentgit.workingcopy.outside import outside_reader
from contentgit.workingcopy.planned import DumpPlan, Planned
from contentgit.workingcopy.project import Project

Before: TypeAlias = Callable[[Sequence[Step]], Iterator[Record | None]]
"""The row of each step as it was before, ``None`` where there was none; all the steps are of one dump."""


def from_database(project: Project, planned: Planned) -> Before:
    """Reads the rows; inside of the transaction and before they are written."""

    def read(steps: Sequence[Step]) -> Iterator[Record | None]:
        # A row outside the dump, or one that its filter does not match.
        rest = [s.key for s in steps if not s.before and s.action is not Action.CREATE]
        others = _spooled(outside_reader(project, rest).records(rest) if rest else ())
        held = [step for step in steps if step.before]
        found = (
            planned.folders[held[0].dump].ours.records([step.key for step in held])
            if held
            else iter(())
        )
        for step in steps:
            yield next(found) if step.before else _record(others, step.key)

    return read


def kept(project: Project, planned: Planned) -> Before:
    """Reads the rows now, into a temporary file; gives them at any time afterwards."""
    before = from_database(project, planned)
    rows = _spooled(record for steps in _batches(planned.plan.steps) for record in before(steps))
    return lambda steps: (_record(rows, step.key) for step in steps)


def _spooled(records: Iterable[Record | None]) -> Spool:
    """Records in a temporary file, all that there are: later nothing could be read from the database."""
    spool = Spool()
    for record in records:
        if record is not None:
            spool.add(record.key, canonical.encode(record))
    return spool


def _record(spool: Spool, key: RecordKey) -> Record | None:
    return canonical.decode(spool[key]) if key in spool else None


def effects(planned: Planned, before: Before) -> Iterator[Change]:
    """The change that each step makes, in the plan's order; parking is none."""
    for steps in _batches(planned.plan.steps):
        records = planned.contents.records([step.after for step in steps if step.after])
        for step, was in zip(steps, before(steps), strict=True):
            wanted = next(records) if step.after else None
            yield Change(step.key, was, _after(step, was, wanted, planned.tables))


def _batches(steps: Iterable[Step]) -> Iterator[list[Step]]:
    hidden = (Action.PARK, Action.MOVE)
    told = (step for step in steps if step.action not in hidden)
    for _, of_one_dump in groupby(told, key=lambda step: step.dump):
        yield from batches(of_one_dump)


def _after(step: Step, was: Record | None, wanted: Record | None, tables: Tables) -> Record | None:
    """The record as the step leaves it: what is withheld, or not managed here, is not written."""
    if step.action in (Action.DELETE, Action.CASCADE):
        return None
    if step.action is Action.CLEAR:
        assert was is not None
        return Record(step.key, {**was.fields, **dict.fromkeys(step.fields, step.value)})
    assert wanted is not None
    if was is not None:
        values = {**was.fields, **{name: wanted.fields[name] for name in step.fields}}
    else:
        fields = tables[step.key.model].schema.by_name
        values = {name: value for name, value in wanted.fields.items() if name in fields}
        # References of many-to-many fields follow from the step.
        values |= {name: [] for name in values if fields[name].kind is FieldKind.REFERENCES}
    for links in step.links:
        if links.order is not None:
            values[links.field] = list(links.order)
            continue
        left = {*(values.get(links.field) or ())} - {*links.remove} | {*links.add}
        values[links.field] = list(map(str, sorted(map(RecordKey.parse, left))))
    return Record(step.key, values)


# As a person reads them


@dataclass(frozen=True)
class StepDetail:
    """A step with its record's title and, where records are on both sides or new, what changes."""

    step: Step
    title: str
    change: Change | None
    references: Mapping[str, str]


def details(
    project: Project, planned: Planned, steps: Sequence[Step] | None = None
) -> Iterator[StepDetail]:
    """The plan's steps with titles and values, streamed; parking is no step for a reader.

    Call it inside the snapshot that the plan was made in. ``steps`` are those to show, if not all.
    """
    for batch in _batches(planned.plan.steps if steps is None else steps):
        work = planned.folders.get(batch[0].dump)
        if work is not None:
            yield from _details(project, planned, work, batch)
            continue
        found = called_outside(project, planned.tables, [step.key for step in batch])
        for step in batch:
            yield StepDetail(step, found.get(step.key, ""), None, {})


def _details(
    project: Project, planned: Planned, work: DumpPlan, batch: Sequence[Step]
) -> Iterator[StepDetail]:
    written = planned.contents.records([step.after for step in batch if step.after])
    ours = work.ours.records([step.key if step.before else None for step in batch])
    wanted = (next(written) if step.after else None for step in batch)
    pairs = Missing(work.dump).trimmed(zip(ours, wanted, strict=True))
    found = (Change(step.key, *pair) for step, pair in zip(batch, pairs, strict=True))
    steps = iter(batch)
    for changes in change_batches(found):
        for entry in titled(project, work.dump, changes):
            step = next(steps)._replace(key=entry.change.key)  # as people know it
            yield StepDetail(step, entry.title, entry.change, entry.references)


def called_outside(
    project: Project, tables: Tables, keys: Sequence[RecordKey]
) -> Mapping[RecordKey, str]:
    """The titles of rows, those of models that are in no dump among them."""
    others = {key.model for key in keys} - tables.keys()
    bound = {label: project.table(label) for label in others}
    return titles(project.using, {**tables, **bound}, keys, {}, project.identities)
