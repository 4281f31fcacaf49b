"""What older code has left out of a database, as the commit of a ledger's line has it.

An apply with ``--ignore-unknown-models`` or ``--ignore-unknown-fields`` notes the models and fields that its
code lacks, and the commit. Once the code has them, the database has no row of the model yet, and in the field
what the migration put there: neither is an edit. Such a dump is compared with the commit as it was applied.
"""

from __future__ import annotations

import shlex
from collections.abc import Iterator, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING, Any, Final

from contentgit.content import canonical
from contentgit.content.canonical import same
from contentgit.content.diff import ABSENT, Absent, Delta
from contentgit.content.layout import of_models
from contentgit.content.lenses import first_value
from contentgit.content.records import Record, RecordKey, Value
from contentgit.content.schema import FieldKind, FieldSchema, KeyKind
from contentgit.errors import RefusedError, UnknownNameError
from contentgit.history.snapshots import CommitSide, batches
from contentgit.render.plain import plural
from contentgit.render.values import apart
from contentgit.workingcopy.as_applied import MISSING, AsApplied, missing_entries, put_back
from contentgit.workingcopy.evolution import Evolution

if TYPE_CHECKING:
    from contentgit.db.ledger import Applied
    from contentgit.workingcopy.database_side import DatabaseSide
    from contentgit.workingcopy.project import Project

LEFT_AT: Final = "left_at"
"""The commit in an entry of the ledger's list that names what its apply left out: one for all of a list.

Model and field have the names that they have there, also after commits that know them by others.
"""


@dataclass(frozen=True)
class Unapplied:
    """What a dump lacks of the commit of ``evolution``, by the ``entries`` of the ledger's list."""

    project: Project
    evolution: Evolution
    entries: Sequence[Mapping[str, Any]]
    replaced: AsApplied

    @classmethod
    def by(
        cls, project: Project, evolution: Evolution, entries: Sequence[Mapping[str, Any]]
    ) -> Unapplied:
        """As the list of a line of the ledger says."""
        left = [entry for entry in entries if entry.get(LEFT_AT)]
        replaced = AsApplied(project, evolution, missing_entries(entries))
        return cls(project, evolution, left, replaced)

    @classmethod
    def since(cls, project: Project, evolution: Evolution, line: Applied | None) -> Unapplied:
        """As a line of the ledger says."""
        return cls.by(project, evolution, line.withheld if line else ())

    @cached_property
    def side(self) -> CommitSide:
        """The commit as it was applied: also with what was written in place of missing rows."""
        return self.replaced.side(self._older)

    @cached_property
    def _older(self) -> CommitSide:
        """The commit as older code applied it: without the rows, and with the values of the migrations."""
        whole = self.evolution.side
        changes = list(self._changes())
        if not changes:
            return whole
        repository = self.project.repository
        repository.writer.allow_reading_only()
        root = repository.trees.root(whole.commit)
        return whole._replace(commit=repository.writer.write_tree(None, changes, {"": root}))

    @property
    def is_empty(self) -> bool:
        """Whether there is nothing that this code has and an apply left out."""
        return self.side.commit == self.evolution.side.commit

    @cached_property
    def fields(self) -> Mapping[str, Mapping[str, Value | Absent]]:
        """The fields that were left out and that this code has, by model: what rows got when they came.

        ``ABSENT`` where only the database knows it.
        """
        found: dict[str, dict[str, Value | Absent]] = {}
        tables, history = self.evolution.dump.tables, self.evolution.code.standing.history
        for label, name in self._known:
            if name and label in tables and name in tables[label].schema.by_name:
                found.setdefault(label, {})[name] = first_value(history, label, name)
        return found

    def count(self, deltas: Sequence[Delta]) -> Mapping[str, int]:
        """How many records of each model wait; ``deltas`` are those between :attr:`side` and the database."""
        if self._older.commit == self.evolution.side.commit:
            return {}
        here = {**self.side.ids(), **{delta.path: delta.database for delta in deltas}}
        was, whole = self._older.ids(), self.evolution.side.ids()
        found: dict[str, int] = {}
        for label in self.evolution.dump.tables:
            ids = of_models([label], whole)
            waiting = sum(blob not in (was.get(path), here.get(path)) for path, blob in ids.items())
            if waiting:
                found[label] = waiting
        return found

    def refusal(self, found: Mapping[RecordKey, Sequence[str]], revision: str) -> RefusedError:
        """That a commit would overwrite what the database never had: lines by record.

        ``revision`` has it.
        """
        commit, label = self.evolution.commit, self.evolution.dump.dataset.label
        way = f"contentgit checkout {shlex.join([revision, label])} --apply --merge"
        hint = (
            f"{way} --take ours  (keeps what is here)\n"
            f"{way} --take theirs  (takes the commit's; the old content is kept in a backup)"
        )
        data = {"records": [str(key) for key in found], "commit": commit}
        lacked = next((key for key in found if self._lacked(key)), None)
        if lacked:
            entry = self.replaced.left_out[lacked]
            hint = f"create {entry[MISSING]} in this database, then:\n{hint}"
            schema = self.evolution.dump.tables[lacked.model].schema
            if not entry["stays"] and schema.key_kind is KeyKind.INTEGER and not schema.identity:
                both = "gives the row that was made here a new key, and keeps both"
                hint = f"contentgit update {shlex.quote(label)} --renumber  ({both})\nor {hint}"
            return RefusedError(
                f"{lacked} of commit {commit[:10]} was left out here, as {entry[MISSING]} was "
                "missing; a commit of its row would overwrite the record",
                hint=hint,
                data=data,
            )
        return RefusedError(
            f"commit {commit[:10]} has content that is not applied yet, as older code left it out, and other "
            f"content is here in place of it: {plural(len(found), 'record')}",
            items=[line for lines in found.values() for line in lines],
            hint=hint,
            data=data,
        )

    def _lacked(self, key: RecordKey) -> bool:
        """Whether the record was left out for want of a row that it refers to."""
        return key in self.replaced.left_out

    def kept(self, was: Record, here: Record, then: Record) -> Mapping[str, Value]:
        """The fields in which a commit of the row ``here`` keeps what the commit ``was``; see :attr:`side`.

        ``then`` is the record there. A value that was edited here goes into the commit.
        """
        fields = self.evolution.dump.tables[here.key.model].schema.by_name
        entries = self.replaced.by_record.get(here.key, ())
        found: dict[str, Value] = {}
        for name, value in was.fields.items():
            if name not in then.fields:
                found[name] = value
            elif name in here.fields and not same(then.fields[name], value):
                own, written = here.fields[name], then.fields[name]
                if same(written, own):
                    found[name] = value
                elif name in fields and _has_parts(fields[name]):
                    found[name] = put_back(fields[name], own, written, value, entries)
        return found

    def contradictions(self, was: Record, here: Record, then: Record | None) -> Sequence[str]:
        """Where the row ``here`` has own content in place of what the database never had, a line each.

        ``was`` is the record of the commit, ``then`` as it was applied; ``None`` where it was left out.
        """
        names = was.fields.keys() & here.fields.keys()
        if then is not None:
            schema = self.evolution.dump.tables[here.key.model].schema.by_name
            own = (
                names if self._lacked(here.key) else {*self.fields.get(here.key.model, ())} & names
            )
            names = {
                name
                for name in own & then.fields.keys()
                if not (name in schema and schema[name].derived)
                and not same(then.fields[name], was.fields[name])
                and not same(here.fields[name], then.fields[name])
            }
        found = []
        for name in sorted(names):
            if not same(here.fields[name], was.fields[name]):
                both = apart([here.fields[name], was.fields[name]])
                found.append(f"{here.key} {name}: here {both[0]}, there {both[1]}")
        return found if found or then is not None else [f"{here.key} is here with other fields"]

    def kept_by_commit(
        self, side: DatabaseSide, deltas: Sequence[Delta]
    ) -> Mapping[str, Sequence[str]]:
        """The fields that a commit of ``deltas`` keeps of the branch, in records that the list has."""
        listed, found = self.replaced.by_record, {}
        for batch in batches(each for each in deltas if each.key in listed and each.database):
            rows = side.records([delta.row for delta in batch])
            for delta, own in zip(batch, rows, strict=True):
                data = side.kept.get(delta.key)
                written = canonical.decode(data).fields if data else {}
                differing = [
                    name
                    for name, value in (own.fields.items() if own else ())
                    if name in written and not same(value, written[name])
                ]
                found[str(delta.key)] = differing
        return found

    @cached_property
    def _known(self) -> Sequence[tuple[str, str]]:
        """Model and field as the code names them; ``""`` for all fields."""
        found = []
        for entry in self.entries:
            newer = self._at.newer(entry["record"])
            field = newer.fields.get(entry["field"], "") if newer else ""
            if newer and bool(field) == bool(entry["field"]):
                found.append((newer.label, field))
        return found

    def _changes(self) -> Iterator[tuple[str, bytes | None]]:
        folder, tables = self.evolution.dump.folder, self.evolution.dump.tables
        models = {label for label, name in self._known if not name and label in tables}
        if not models and not self.fields:
            return
        then, whole = self._then, self.evolution.side
        then_ids, ids = then.ids(), whole.ids()
        for path in of_models(models, ids):
            if path in then_ids:
                yield f"{folder}/{path}", None
        for label in self.fields.keys() - models:
            kind = tables[label].schema.key_kind
            for batch in batches(of_models([label], ids).items()):
                before = then.records([(path, then_ids.get(path, "")) for path, _ in batch])
                for (path, _), now, was in zip(batch, whole.records(batch), before, strict=True):
                    record = self._without(now, was) if now and was else now
                    if record != now and record:
                        yield f"{folder}/{path}", canonical.encode(record, kind)

    def _without(self, now: Record, was: Record) -> Record:
        """The record with what rows got in the fields that are as they were when they were left out."""
        values, wanted = dict(now.fields), self.fields[now.key.model]
        for name in wanted.keys() & now.fields.keys() & was.fields.keys():
            if not same(now.fields[name], was.fields[name]):
                continue  # it was edited and committed here
            value = wanted[name]
            if value is ABSENT:
                del values[name]
            elif not same(value, now.fields[name]):
                values[name] = value
        return Record(now.key, values)

    @property
    def _then(self) -> CommitSide:
        """The dump in the commit of which something was left out, as the code has it."""
        return self._at.side

    @cached_property
    def _at(self) -> Evolution:
        """What became of the commit of which something was left out: the list has its names."""
        commit = self.entries[0][LEFT_AT]
        if commit != self.evolution.commit:
            with suppress(UnknownNameError):
                at = self.project.repository.refs.resolve(commit)
                return Evolution.since(self.project, self.evolution.dump, at)
        return self.evolution


def _has_parts(field: FieldSchema) -> bool:
    """Whether a value holds several references, so that it can have edits beside what was put into it."""
    return field.kind is FieldKind.REFERENCES or field.embeds
