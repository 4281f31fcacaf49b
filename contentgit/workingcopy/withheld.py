"""What applies have withheld from a database: no commit of it may take that out of the repository.

A line of the ledger lists it. A row that the commit deletes and that stays for want of a licence is listed
with its blob id: as long as it is the same, it is no edit of the database's own. Fields that the target's
code does not have (``--ignore-unknown-fields``) stay in the repository as they are there.
"""

from __future__ import annotations

from collections.abc import Container, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING, Any, Final, TypeAlias

from contentgit.content.records import Record, RecordKey
from contentgit.workingcopy.as_applied import MISSING, missing_entries
from contentgit.workingcopy.unapplied import LEFT_AT

if TYPE_CHECKING:
    from contentgit.content.diff import Delta
    from contentgit.db.ledger import Applied
    from contentgit.db.tables import Tables

MOVED: Final = "moved"
"""In an entry of the ledger's list, the key that the row of ``record`` got."""

ASIDE: Final = "aside"
"""In the entry of a row that stays and that made room, its key in the commit ``of``: it goes back there."""

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
