"""A plan's steps as a person reads them: with titles, and with what changes in each field."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import groupby

from contentgit.db.introspect import table
from contentgit.db.tables import Tables
from contentgit.db.titles import titles
from contentgit.diff import Change
from contentgit.porcelain.compare import titled
from contentgit.porcelain.planned import DumpPlan, Planned
from contentgit.porcelain.project import Project, all_tables
from contentgit.porcelain.snapshots import batches
from contentgit.porcelain.working_copy import Missing
from contentgit.records import RecordKey
from contentgit.steps import Action, Step


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
        for batch in batches(group, 200):
            if folder in works:
                yield from _details(project, planned, works[folder], batch)
            else:
                yield from _outside(project, planned, batch)


def _details(
    project: Project, planned: Planned, work: DumpPlan, batch: Sequence[Step]
) -> Iterator[StepDetail]:
    written = [step for step in batch if step.after]
    records = planned.contents.records([step.after for step in written])
    theirs = {step.key: record for step, record in zip(written, records, strict=True)}
    ours = {r.key: r for r in work.dump.reader.records([step.key for step in batch if step.before])}
    found = [Change(step.key, ours.get(step.key), theirs.get(step.key)) for step in batch]
    pairs = Missing(work.dump).leave_out([(each.before, each.after) for each in found])
    found = [Change(step.key, *pair) for step, pair in zip(batch, pairs, strict=True)]
    for step, entry in zip(batch, titled(project, work.dump, found), strict=True):
        yield StepDetail(step, entry.title, entry.change, entry.references)


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
