"""The ledger's list after an apply: what it withholds, and what stays withheld of the applies before."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from contentgit.content import canonical
from contentgit.content.records import RecordKey
from contentgit.history.snapshots import batches
from contentgit.plan.steps import Action
from contentgit.workingcopy.database_side import DatabaseSide
from contentgit.workingcopy.planned import DumpPlan, Planned
from contentgit.workingcopy.unapplied import LEFT_AT
from contentgit.workingcopy.withheld import ASIDE, MOVED, WithheldBefore, WithheldEntry


def listed(planned: Planned, work: DumpPlan) -> Sequence[WithheldEntry]:
    """The ledger's list after an apply: what the plan withholds, and the fields withheld before."""
    before, tables = WithheldBefore.by(work.applied), work.dump.tables
    unedited = {}
    for delta in work.deltas:
        if not delta.commit:
            key = str(delta.key)
            if delta.database in (work.base_ids.get(delta.path), before.staying.get(key)):
                unedited[key] = delta.database
    own = [withheld for withheld in planned.plan.withheld if withheld.key.model in tables]
    found: list[WithheldEntry] = []
    for record, field, reason in own:
        blob = {} if field or str(record) not in unedited else {"blob": unedited[str(record)]}
        found.append({"record": str(record), "field": field, "reason": reason, **blob})
    known = {(withheld.key.model, withheld.field) for withheld in own}
    ignored = before.ignored_fields(tables).items()
    found += [entry for field, entry in ignored if field not in known]
    found = _as_called(found, planned, work, before)
    changing = (Action.CLEAR, Action.CASCADE, Action.MOVE)
    if any(step.action in changing for step in planned.plan.steps):
        found = _as_left(found, work.ours)
    if not work.goal.undoes:
        return [*found, *_left(work), *work.missing, *_moved(planned)]
    # What the undone apply created, and what stays for want of a licence, is no edit either.
    rows = {entry["record"]: entry for entry in found if entry.get("blob")}
    held = (entry for entry in work.goal.withheld if MOVED not in entry)
    left = [entry for entry in held if entry.get("record") not in rows]
    return [*left, *rows.values(), *work.missing, *_moved(planned)]


def _as_called(
    entries: Sequence[WithheldEntry], planned: Planned, work: DumpPlan, before: WithheldBefore
) -> list[WithheldEntry]:
    """The list by the keys that rows have in the end, with those that they had where they made room."""
    base = work.dump.reader.identities.base
    moved: dict[RecordKey, str] = {}
    if planned.request.verb == "undo":
        steps = (step for step in planned.plan.steps if step.action is Action.MOVE)
        moved = {step.key: RecordKey.parse(str(step.value)).key for step in steps}
    room = {**before.made_room, **planned.made_room}
    found: list[WithheldEntry] = []
    for entry in entries:
        key = RecordKey.parse(entry["record"])
        new = moved.get(
            RecordKey(base(key.model), key.key), key.key
        )  # children follow their parents
        record = str(RecordKey(key.model, new))
        was, commit = room.get(record, ("", ""))
        aside = {ASIDE: was, "of": commit} if was and not entry["field"] else {}
        found.append({**entry, "record": record, **aside})
    return found


def _moved(planned: Planned) -> Iterator[WithheldEntry]:
    """The rows that got another primary key, in whichever dump: an undo gives it back, and no apply again."""
    for step in planned.plan.steps:
        if step.action is Action.MOVE:
            reason = "has another key"
            yield {"record": str(step.key), "field": "", "reason": reason, MOVED: step.value}


def _left(work: DumpPlan) -> Iterator[WithheldEntry]:
    """The models and fields that the code lacks, and the commit that has them."""
    for label, name in work.not_here:
        reason = "this code does not have it"
        yield {"record": label, "field": name, "reason": reason, LEFT_AT: work.goal.commit}


def _as_left(entries: Sequence[WithheldEntry], side: DatabaseSide) -> list[WithheldEntry]:
    """The list, with the blob ids that the rows which stay have now.

    A delete clears their references to what goes, which is no edit of the database's own.
    """
    keys = [RecordKey.parse(entry["record"]) for entry in entries if entry.get("blob")]
    ids: dict[str, str] = {}
    for batch in batches(keys):
        for key, data in side.dump.reader.encoded(batch):
            ids[str(key)] = canonical.blob_id(data, side.algorithm)
    return [
        {**entry, "blob": ids.get(entry["record"], entry["blob"])} if entry.get("blob") else entry
        for entry in entries
    ]
