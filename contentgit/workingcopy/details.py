"""A plan's steps as a person reads them: with titles, and with what changes in each field."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import groupby

from contentgit.content.diff import Change
from contentgit.content.records import RecordKey
from contentgit.db.introspect import table
from contentgit.db.tables import Tables
from contentgit.db.titles import titles
from contentgit.history.snapshots import batches, change_batches
from contentgit.plan.steps import Action, Step
from contentgit.workingcopy.compare import titled
from contentgit.workingcopy.database_side import Missing
from contentgit.workingcopy.planned import DumpPlan, Planned
from contentgit.workingcopy.project import Project, all_tables


@dataclass(frozen=True)
class StepDetail:
    """A step with its record's title and, where records are on both sides or new, what changes."""

    step: Step
    title: str
    change: Change | None
    references: Mapping[str, str]


def details(project: Project, planned: Planned) -> Iterator[StepDetail]:
    """The plan's steps with titles and values, streamed; parking is no step for a reader.

    Call it inside the snapshot that the plan was made in.
    """
    works = {work.folder: work for work in planned.works}
    steps = [step for step in planned.plan.steps if step.action is not Action.PARK]
    for folder, group in groupby(steps, key=lambda step: step.dump):
        for batch in batches(group):
            if folder in works:
                yield from _details(project, planned, works[folder], batch)
            else:
                yield from _outside(project, planned, batch)


def _details(
    project: Project, planned: Planned, work: DumpPlan, batch: Sequence[Step]
) -> Iterator[StepDetail]:
    written = planned.contents.records([step.after for step in batch if step.after])
    ours = work.ours.records([step.key if step.before else None for step in batch])
    found = (
        Change(step.key, here, next(written) if step.after else None)
        for step, here in zip(batch, ours, strict=True)
    )
    missing, steps = Missing(work.dump), iter(batch)
    for some in change_batches(found):
        pairs = missing.leave_out([(each.before, each.after) for each in some])
        changes = [Change(each.key, *pair) for each, pair in zip(some, pairs, strict=True)]
        for entry in titled(project, work.dump, changes):
            yield StepDetail(next(steps), entry.title, entry.change, entry.references)


def _outside(project: Project, planned: Planned, batch: Sequence[Step]) -> Iterator[StepDetail]:
    tables = all_tables([work.dump for work in planned.works])
    found = called_outside(project, tables, [step.key for step in batch])
    for step in batch:
        yield StepDetail(step, found.get(step.key, ""), None, {})


def called_outside(
    project: Project, tables: Tables, keys: Sequence[RecordKey]
) -> Mapping[RecordKey, str]:
    """The titles of rows, those of models that are in no dump among them."""
    others = {key.model for key in keys} - tables.keys()
    bound = {label: table(label, project.identities, project.using) for label in others}
    return titles(project.using, {**tables, **bound}, keys, {})
