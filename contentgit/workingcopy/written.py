"""The rows that an apply writes: locked and compared with the plan before, read back afterwards."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from contentgit.content import canonical
from contentgit.content.diff import Change, FieldChange
from contentgit.content.records import CarriedFile, Record, RecordKey, by_model
from contentgit.content.values import same
from contentgit.db.reader import Reader
from contentgit.db.tables import BoundField
from contentgit.errors import DatabaseError, OvertakenError, RecordError, RefusedError
from contentgit.history.snapshots import batches
from contentgit.plan.steps import Action, Step
from contentgit.workingcopy.backup import reached
from contentgit.workingcopy.database_side import Missing
from contentgit.workingcopy.outside import outside_reader
from contentgit.workingcopy.planned import DumpPlan, Planned
from contentgit.workingcopy.project import Project


def lock(project: Project, planned: Planned) -> None:
    """Locks the rows about to be written and looks whether they still are what the plan saw."""
    if not project.backend.rows_can_move:
        return
    written = [
        s for s in planned.plan.steps if s.before and s.action in (Action.UPDATE, Action.DELETE)
    ]
    for folder, work in planned.folders.items():
        for batch in batches(step for step in written if step.dump == folder):
            seen = {step.key: step.before for step in batch}
            _guard_rows(project, work.dump.reader, seen)
    outside = reached(planned) | {
        s.key for s in planned.plan.steps if s.action is Action.UPDATE and not s.before
    }
    reader = outside_reader(project, outside)
    for some in batches(sorted(outside)):
        # These were backed up as the snapshot shows them.
        ids = {key: _blob_id(project, data) for key, data in reader.encoded(some)}
        _guard_rows(project, reader, ids)


def _guard_rows(project: Project, reader: Reader, seen: Mapping[RecordKey, str]) -> None:
    """Locks the rows; each must have the blob id that was ``seen`` of it."""
    rows = reader.encoded(list(seen), lock=True)
    found = {key: _blob_id(project, data) for key, data in rows}
    for key, before in seen.items():
        if found.get(key) != before:
            raise OvertakenError(
                f"{key} was edited while the apply was about to write it",
                hint="run the command again: the plan will show the edit",
            )


def _blob_id(project: Project, data: bytes) -> str:
    return canonical.blob_id(data, project.repository.algorithm)


def verify(project: Project, planned: Planned) -> None:
    """Reads every written record back: what the database keeps must be what the commit says."""
    for work in planned.dump_plans:
        steps = [
            step
            for step in planned.plan.steps
            if step.dump == work.dump.folder and step.action in (Action.CREATE, Action.UPDATE)
        ]
        for batch in batches(steps):
            _verify_batch(project, planned, work, batch)


def _verify_batch(
    project: Project, planned: Planned, work: DumpPlan, batch: Sequence[Step]
) -> None:
    equal = _equal(planned, work, batch)
    rest = [step for step in batch if step.key not in equal]
    rows = work.dump.reader.encoded([step.key for step in rest])
    found = {key: _blob_id(project, data) for key, data in rows}
    for step in rest:
        if step.key not in found:
            raise DatabaseError(
                f"{step.key} was written but is not in the database {project.using!r}"
            )
    differing = {step.key: step for step in rest if found[step.key] != step.after}
    for there in work.dump.reader.records(differing):
        _compare(planned, work, differing[there.key], there)
    for label, keys in by_model(step.key for step in batch).items():
        if work.dump.reader.holds_all(label):
            continue
        outside = set(keys) - work.dump.reader.members(label, keys)
        if outside:
            raise RefusedError(
                f"{min(outside)} does not match the filter of {work.dump.dataset.label} in this code; "
                "nothing has been written",
                hint="correct the record in the commit, or the filter in the datasets module",
            )


def _equal(planned: Planned, work: DumpPlan, batch: Sequence[Step]) -> set[RecordKey]:
    """The rows that certainly are as the records which the apply has kept."""
    wanted = {step.key: step.after for step in batch if planned.contents.is_kept(step.after)}
    return set(planned.contents.alike(wanted, work.dump.reader.values(wanted)))


def _compare(planned: Planned, work: DumpPlan, step: Step, there: Record) -> None:
    """Bytes differ; content must not, but for what was withheld by declaration."""
    (wanted,) = planned.contents.records([step.after])
    (pair,) = Missing(work.dump).leave_out([(there, wanted)])
    tree = work.dump.tables[step.key.model].tree
    refuse_other_places(work, there, wanted)
    for change in Change(step.key, *pair).fields:
        if tree is not None and change.name == tree.numbering.position:
            continue  # the library has another number for this place among its siblings
        if type(change.before) is CarriedFile and change.before.name == change.after:
            continue  # the record has the name alone; here it is known what the file is
        raise DatabaseError(
            f"{step.key}: the database keeps another value in {change.name} than it was given; "
            "nothing has been written",
            hint="its column or a trigger changes the value; what the database computes is left to it "
            f'with "exclude": ["{change.name}"] in the spec of {step.key.model}',
            data={"there": change.before, "given": change.after},
        )


def refuse_other_places(work: DumpPlan, there: Record, wanted: Record) -> None:
    """Refuses a record in whose row, as it was written, this code finds references at other places.

    A commit records the rules of its references, but not what a class or the definitions of blocks find.

    Raises:
        RefusedError: a field has a reference where the commit has a primary key, or the other way round.
    """
    fields = work.dump.tables[wanted.key.model].field
    for change in Change(wanted.key, there, wanted).fields:
        if change.name in fields and _is_same_content(fields[change.name], change):
            raise RefusedError(
                f"{wanted.key}: the commit has references at other places in {change.name} than this code "
                "finds; nothing has been written",
                hint="commit again with this code, in the database in which the content is edited, and "
                "apply that commit\nor deploy the code with which the commit was made",
                data={"there": change.before, "given": change.after},
            )


def _is_same_content(field: BoundField, change: FieldChange) -> bool:
    """Whether the values differ only in where references are: with primary keys they are the same."""
    try:
        return field.bare is not None and same(field.bare(change.before), field.bare(change.after))
    except RecordError:
        return False  # a reference to a row that is gone
