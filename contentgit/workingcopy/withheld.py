"""What applies have withheld from a database: no commit of it may take that out of the repository.

A line of the ledger lists it. A row that the commit deletes and that stays for want of a licence is listed
with its blob id: as long as it is the same, it is no edit of the database's own. Fields that the target's
code does not have (``--ignore-unknown-fields``) stay in the repository as they are there.
"""

from __future__ import annotations

from collections.abc import Container, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any, TypeAlias

from contentgit.content import canonical
from contentgit.content.diff import Delta
from contentgit.content.records import Record, RecordKey
from contentgit.db.ledger import Applied
from contentgit.db.tables import Tables
from contentgit.history.snapshots import batches
from contentgit.plan.steps import Action
from contentgit.workingcopy.as_applied import MISSING, missing_entries
from contentgit.workingcopy.database_side import DatabaseSide
from contentgit.workingcopy.moved_since import MOVED
from contentgit.workingcopy.planned import DumpPlan, Planned
from contentgit.workingcopy.returning import ASIDE
from contentgit.workingcopy.unapplied import LEFT_AT

WithheldEntry: TypeAlias = Mapping[str, Any]
"""``record``, ``field`` (``""`` for the row itself), ``reason``; ``blob`` of an unedited row that stays.

Of what the code lacks ``left_at`` is the commit, and ``record`` the model.
"""


@dataclass(frozen=True)
class WithheldBefore:
    """What a line of the ledger lists."""

    entries: Sequence[WithheldEntry]
    left: Sequence[WithheldEntry] = ()
    missing: Sequence[WithheldEntry] = ()

    @classmethod
    def by(cls, line: Applied | None) -> WithheldBefore:
        """What the apply or commit of this line has withheld."""
        entries = line.withheld if line else ()
        missing = missing_entries(entries)
        others = (LEFT_AT, MISSING, MOVED)
        rows = [entry for entry in entries if not any(entry.get(name) for name in others)]
        left = [entry for entry in entries if entry.get(LEFT_AT)]
        return cls(rows, left, missing)

    @cached_property
    def staying(self) -> Mapping[str, str]:
        """The rows that stay for want of a licence to delete them: blob id by record."""
        return {entry["record"]: entry["blob"] for entry in self.entries if entry.get("blob")}

    @cached_property
    def undeleted(self) -> frozenset[str]:
        """The records that an apply did not delete although its commit lacks them, edited or not."""
        return frozenset(entry["record"] for entry in self.entries if not entry["field"])

    @property
    def made_room(self) -> Mapping[str, tuple[str, str]]:
        """Of the rows that made room for others, their key in a commit and that commit, by record."""
        rows = (entry for entry in self.entries if entry.get(ASIDE))
        return {entry["record"]: (entry[ASIDE], entry["of"]) for entry in rows}

    @property
    def left_out(self) -> frozenset[tuple[str, str]]:
        """The models and fields that the code lacked."""
        return frozenset((entry["record"], entry["field"]) for entry in self.left)

    def edits(self, deltas: Sequence[Delta]) -> Sequence[Delta]:
        """The deltas between the applied commit and the database, less the rows that only stay."""
        stay = self.staying
        if not stay:
            return deltas
        return [
            delta for delta in deltas if delta.commit or stay.get(str(delta.key)) != delta.database
        ]

    def ignored_fields(self, tables: Tables) -> Mapping[tuple[str, str], WithheldEntry]:
        """An entry for each field, by model and name, that the applied commit has and the code does not."""
        found: dict[tuple[str, str], WithheldEntry] = {}
        for entry in self.entries:
            label, name = RecordKey.parse(entry["record"]).model, entry["field"]
            if name and label in tables and name not in tables[label].schema.by_name:
                found.setdefault((label, name), entry)
        return found

    def carried(
        self, ignored: Mapping[tuple[str, str], WithheldEntry], deltas: Sequence[Delta]
    ) -> list[WithheldEntry]:
        """What is still withheld after a commit; ``ignored`` are fields that it keeps."""
        still = {str(delta.key): delta.database for delta in deltas} if self.staying else {}
        rows = [
            entry
            for entry in self.entries
            if entry.get("blob") and still.get(entry["record"]) == entry["blob"]
        ]
        return [*rows, *ignored.values(), *self.left]


def with_ignored(
    fields: Container[tuple[str, str]], base: Record | None, own: Record | None
) -> Record | None:
    """The database's record with the ``fields`` that only the commit has; ``None`` where there are none."""
    if base is None or own is None:
        return None
    label = own.key.model
    only = {name: base.fields[name] for name in base.fields.keys() - own.fields.keys()}
    kept = {name: value for name, value in only.items() if (label, name) in fields}
    return Record(own.key, {**own.fields, **kept}) if kept else None


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
