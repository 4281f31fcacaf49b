"""What applies have withheld from a database: no commit of it may take that out of the repository.

A line of the ledger lists it. A row that the commit deletes and that stays for want of a licence is listed
with its blob id: as long as it is the same, it is no edit of the database's own. Fields that the target's
code does not have (``--ignore-unknown-fields``) stay in the repository as they are there.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from contentgit.content import canonical
from contentgit.content.diff import Delta
from contentgit.content.records import Record, RecordKey
from contentgit.db.ledger import Applied
from contentgit.db.tables import Tables
from contentgit.history.snapshots import batches
from contentgit.plan.steps import Withheld
from contentgit.workingcopy.database_side import DatabaseSide


def edits(deltas: Sequence[Delta], row: Applied | None) -> Sequence[Delta]:
    """The deltas between the applied commit and the database, less the rows that only stay."""
    stay = staying(row.withheld if row else ())
    if not stay:
        return deltas
    return [delta for delta in deltas if delta.commit or stay.get(str(delta.key)) != delta.database]


def ignored_fields(row: Applied | None, tables: Tables) -> Mapping[str, frozenset[str]]:
    """The fields of the applied commit that the code does not have, by model."""
    found: dict[str, set[str]] = defaultdict(set)
    for entry in row.withheld if row else ():
        label = RecordKey.parse(entry["record"]).model
        if (
            entry["field"]
            and label in tables
            and entry["field"] not in tables[label].schema.by_name
        ):
            found[label].add(entry["field"])
    return {label: frozenset(names) for label, names in found.items()}


def with_ignored(
    fields: Mapping[str, frozenset[str]], base: Record | None, own: Record | None
) -> Record | None:
    """The database's record with the fields that only the commit has; ``None`` where there are none."""
    if base is None or own is None:
        return None
    names = fields.get(own.key.model, frozenset()) & base.fields.keys() - own.fields.keys()
    if not names:
        return None
    return Record(own.key, {**own.fields, **{name: base.fields[name] for name in names}})


def listed(
    withheld: Iterable[Withheld],
    row: Applied | None,
    tables: Tables,
    base_ids: Mapping[str, str],
    deltas: Iterable[Delta],
) -> list[dict[str, str]]:
    """The ledger's list behind an apply: what the plan withholds, and the fields withheld before."""
    stay = staying(row.withheld if row else ())
    unedited = {}
    for delta in deltas:
        if not delta.commit:
            key = str(delta.key)
            if delta.database in (base_ids.get(delta.path), stay.get(key)):
                unedited[key] = delta.database
    found = []
    for item in withheld:
        entry = {"record": str(item.key), "field": item.field, "reason": item.reason}
        if not item.field and entry["record"] in unedited:
            entry["blob"] = unedited[entry["record"]]
        found.append(entry)
    known = {(RecordKey.parse(entry["record"]).model, entry["field"]) for entry in found}
    return found + [
        entry
        for entry in _fields(row, tables)
        if (RecordKey.parse(entry["record"]).model, entry["field"]) not in known
    ]


def as_left(entries: Sequence[dict[str, str]], side: DatabaseSide) -> list[dict[str, str]]:
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


def carried(row: Applied | None, tables: Tables, deltas: Sequence[Delta]) -> list[dict[str, Any]]:
    """The ledger's list behind a commit: what is withheld still."""
    stay = staying(row.withheld if row else ())
    still = {str(delta.key): delta.database for delta in deltas} if stay else {}
    rows = [
        entry
        for entry in (row.withheld if row else ())
        if entry.get("blob") and still.get(entry["record"]) == entry["blob"]
    ]
    return rows + _fields(row, tables)


def staying(withheld: Iterable[Mapping[str, Any]]) -> dict[str, str]:
    """The rows in a ledger's list that stay for want of a licence to delete them: blob id by record."""
    return {entry["record"]: entry["blob"] for entry in withheld if entry.get("blob")}


def undeleted(row: Applied | None) -> frozenset[str]:
    """The records that an apply did not delete although its commit lacks them, edited or not."""
    return frozenset(
        entry["record"] for entry in (row.withheld if row else ()) if not entry["field"]
    )


def _fields(row: Applied | None, tables: Tables) -> list[dict[str, Any]]:
    """One entry for each field that the code does not have."""
    ignored = ignored_fields(row, tables)
    found: dict[tuple[str, str], dict[str, Any]] = {}
    for entry in row.withheld if row else ():
        label = RecordKey.parse(entry["record"]).model
        if entry["field"] in ignored.get(label, ()):
            found.setdefault((label, entry["field"]), entry)
    return list(found.values())
