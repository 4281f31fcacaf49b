"""What the steps of a plan change, as changes with a before and an after, streamed.

What a row held before is read from the database while that is still possible, and kept in a temporary
file for those who ask once the apply is done. What it holds afterwards follows from the commit and the step.
"""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from itertools import groupby
from typing import TypeAlias

from contentgit.content import canonical
from contentgit.content.diff import Change
from contentgit.content.records import Record, RecordKey, Value
from contentgit.content.schema import FieldKind, ModelSchema
from contentgit.history.snapshots import batches
from contentgit.plan.steps import Action, Step
from contentgit.workingcopy.database_side import Spool
from contentgit.workingcopy.outside import outside_reader
from contentgit.workingcopy.planned import Planned
from contentgit.workingcopy.project import Project, all_tables

Before: TypeAlias = Callable[[Sequence[Step]], Iterator[Record | None]]
"""The row of each step as it was before, ``None`` where there was none; all the steps are of one dump."""


def from_database(project: Project, planned: Planned) -> Before:
    """Reads the rows; inside of the transaction and before they are written."""
    works = {work.folder: work for work in planned.works}

    def read(steps: Sequence[Step]) -> Iterator[Record | None]:
        # A row outside the dump, or one that its filter does not match.
        rest = [s.key for s in steps if not s.before and s.action is not Action.CREATE]
        others = _Spooled()
        for record in outside_reader(project, rest).records(rest) if rest else ():
            others.add(record)
        held = [step for step in steps if step.before]
        found = works[held[0].dump].ours.records([step.key for step in held]) if held else iter(())
        for step in steps:
            yield next(found) if step.before else others.get(step.key)

    return read


def kept(project: Project, planned: Planned) -> Before:
    """Reads the rows now, into a temporary file; gives them at any time afterwards."""
    spooled = _Spooled()
    before = from_database(project, planned)
    for steps in _batches(planned):
        for record in before(steps):
            spooled.add(record)
    return lambda steps: (spooled.get(step.key) for step in steps)


class _Spooled:
    """Records in a temporary file, all that there are: later nothing could be read from the database."""

    def __init__(self) -> None:
        self._spool = Spool(limit=sys.maxsize)

    def add(self, record: Record | None) -> None:
        if record is not None:
            self._spool.add(record.key, canonical.encode(record))

    def get(self, key: RecordKey) -> Record | None:
        return canonical.decode(self._spool[key]) if key in self._spool else None


def effects(planned: Planned, before: Before) -> Iterator[Change]:
    """The change that each step makes, in the plan's order; parking is none."""
    schemas = {
        label: table.schema
        for label, table in all_tables([work.dump for work in planned.works]).items()
    }
    for steps in _batches(planned):
        records = planned.contents.records([step.after for step in steps if step.after])
        for step, was in zip(steps, before(steps), strict=True):
            wanted = next(records) if step.after else None
            yield Change(step.key, was, _after(step, was, wanted, schemas))


def _batches(planned: Planned) -> Iterator[list[Step]]:
    steps = (step for step in planned.plan.steps if step.action is not Action.PARK)
    for _, of_one_dump in groupby(steps, key=lambda step: step.dump):
        yield from batches(of_one_dump)


def _after(
    step: Step, was: Record | None, wanted: Record | None, schemas: Mapping[str, ModelSchema]
) -> Record | None:
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
        values = _created(wanted, schemas[step.key.model])
    for links in step.links:
        there = set(values.get(links.field) or ()) - set(links.remove)
        values[links.field] = (
            list(links.order) if links.order is not None else _sorted(there | set(links.add))
        )
    return Record(step.key, values)


def _created(wanted: Record, schema: ModelSchema) -> dict[str, Value]:
    """The fields that are managed here; references of many-to-many fields follow from the step."""
    known = {name: schema.by_name[name].kind for name in wanted.fields if name in schema.by_name}
    return {
        name: [] if kind is FieldKind.REFERENCES else wanted.fields[name]
        for name, kind in known.items()
    }


def _sorted(references: Iterable[str]) -> list[Value]:
    return [str(key) for key in sorted(map(RecordKey.parse, references))]
