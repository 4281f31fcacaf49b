"""What an apply writes where a commit refers to rows that neither it nor the database has.

Only records that differ are looked at: a row that has the reference has the row it points to.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import cached_property

from contentgit.content import canonical
from contentgit.content.diff import Delta
from contentgit.content.embedded import keys_in, unknown_pk
from contentgit.content.records import Record, RecordKey, Value
from contentgit.content.schema import FieldKind, FieldSchema
from contentgit.history.snapshots import batches
from contentgit.integrity.relations import PARENT, parents
from contentgit.merge import Side, merge_record
from contentgit.missing import Instead, MissingRule, rule_document
from contentgit.plan import references
from contentgit.workingcopy.as_applied import AT, KEPT, MISSING, MissingEntry, with_rules
from contentgit.workingcopy.candidates import ThreeWay
from contentgit.workingcopy.planned import DumpPlan
from contentgit.workingcopy.project import Project


def without_missing(
    project: Project, dump_plans: Sequence[DumpPlan], take: Side | None
) -> list[DumpPlan]:
    """The plans with ``theirs`` as it is written into a database that lacks rows, and with what is.

    ``take`` is the side that a merge takes where both changed the same.

    Raises:
        FormatError: a record of the commit holds something else than references.
    """
    plans = list(dump_plans)
    searches = {n: _Search(work) for n, work in enumerate(plans)}
    if not any(search.rules for search in searches.values()):
        return plans
    _Walk(list(searches.values())).run()
    for n, search in searches.items():
        if search.causes:
            plans[n] = _in_effect(_rewritten(project, plans[n], search), take)
    return plans


@dataclass(frozen=True)
class _Reference:
    """A record's reference in a field that has a rule, or of a multi-table child to its parent."""

    search: _Search
    delta: Delta
    field: str
    target: RecordKey
    rule: MissingRule


@dataclass
class _Search:
    """One dump of an apply; ``causes`` are its references to missing rows, by record."""

    work: DumpPlan
    causes: dict[RecordKey, list[_Reference]] = field(default_factory=dict)

    @cached_property
    def rules(self) -> Mapping[str, Mapping[str, MissingRule]]:
        """The rules of fields that records have, by model."""
        found = {}
        for label, table in self.work.dump.tables.items():
            rules = self.work.dump.dataset.missing(label)
            found[label] = {n: rule for n, rule in rules.items() if n in table.schema.by_name}
        return {label: rules for label, rules in found.items() if rules}

    @property
    def skips(self) -> bool:
        """Whether a record may be left out."""
        return any(
            self._leaves_out(label, n)
            for label, rules in self.rules.items()
            for n, rule in rules.items()
            if rule == "skip"
        )

    @cached_property
    def paths(self) -> frozenset[str]:
        """The paths of the commit's records."""
        return frozenset(self.work.theirs.ids())

    def has(self, key: RecordKey) -> bool:
        """Whether the commit has the record."""
        return self.work.dump.path(key) in self.paths

    def read(self) -> Iterator[list[_Reference]]:
        """The references of the records that differ, in batches."""
        work = self.work
        wanted = (delta for delta in work.deltas if delta.commit and self._is_read(delta))
        for batch in batches(wanted):
            records = work.theirs.records([(delta.path, delta.commit) for delta in batch])
            found = []
            for delta, record in zip(batch, records, strict=True):
                schema = work.dump.tables[delta.key.model].schema
                for name, rule in self.rules.get(delta.key.model, {}).items():
                    value = record.fields.get(name) if record else None
                    found += [
                        _Reference(self, delta, name, target, rule)
                        for target in _targets(delta.key, value, schema.by_name[name])
                        if not schema.by_name[name].embeds or self._is_local(target)
                    ]
                above = parents(delta.key, schema)
                found += [_Reference(self, delta, PARENT, parent, "skip") for parent in above]
            yield found

    def _is_local(self, key: RecordKey) -> bool:
        """Whether something else than its primary key names the row: else there is a number to write."""
        identities = self.work.dump.reader.identities
        return identities.is_model(key.model) and identities.is_local(key.model)

    def _is_read(self, delta: Delta) -> bool:
        table = self.work.dump.tables.get(delta.key.model)
        return delta.key.model in self.rules or bool(table and table.schema.parents)

    def note(self, reference: _Reference) -> RecordKey | None:
        """Takes in a reference to a missing row; the record, if it is left out for it and has no row."""
        key, rule = reference.delta.key, reference.rule
        if isinstance(rule, Instead) and rule.key == str(reference.target):
            return None  # the plan refuses it
        out = self.is_left_out(key)
        self.causes.setdefault(key, []).append(reference)
        return key if not out and self.is_left_out(key) and not reference.delta.database else None

    def is_left_out(self, key: RecordKey) -> bool:
        """Whether the record itself is left out."""
        return self.leaving(key) is not None

    def leaving(self, key: RecordKey) -> _Reference | None:
        """The reference for which the record is left out."""
        found = self.causes.get(key, ())
        return next(
            (e for e in found if e.rule == "skip" and self._leaves_out(key.model, e.field)), None
        )

    def _leaves_out(self, label: str, name: str) -> bool:
        """Whether a missing row in the field leaves out the record, and not one value of a list."""
        known = self.work.dump.tables[label].schema.by_name.get(name)
        return known is None or known.kind is not FieldKind.REFERENCES

    # What the ledger lists

    def entries(self) -> Iterator[MissingEntry]:
        """What is written in place of the references, by record."""
        before: dict[str, list[MissingEntry]] = defaultdict(list)
        for entry in self.work.applied.withheld if self.work.applied else ():
            if MISSING in entry:
                before[entry["record"]].append(entry)
        for key, found in self.causes.items():
            leaving = self.leaving(key)
            if leaving is None:
                yield from map(_entry, found)
                continue
            earlier = before[str(key)]
            at = self.work.base_commit if leaving.delta.path in self.work.base_ids else ""
            if earlier and AT in earlier[0] and KEPT not in earlier[0]:
                at = earlier.pop(0)[AT]
            yield {**_entry(leaving), AT: at, "stays": bool(leaving.delta.database)}
            # They make the record of that commit what stays here.
            yield from earlier


def _targets(key: RecordKey, value: Value, field: FieldSchema) -> Iterable[RecordKey]:
    """What a value refers to, also by numbers without a row.

    A generic key whose columns are no reference is written as it is.
    """
    if field.embeds:
        return dict.fromkeys(keys_in(value))
    listed = value if isinstance(value, list) else [value]
    texts = [each for each in listed if each and not isinstance(each, dict)]
    return map(RecordKey.parse, references(key, field.name, texts))


def _entry(reference: _Reference) -> MissingEntry:
    return {
        "record": str(reference.delta.key),
        "field": reference.field,
        "reason": f"{reference.target} is missing",
        MISSING: str(reference.target),
        "rule": rule_document(reference.rule),
    }


@dataclass
class _Walk:
    """Finds the missing rows of all dumps, and what is missing because records are left out."""

    searches: Sequence[_Search]
    waiting: dict[RecordKey, list[_Reference]] = field(default_factory=lambda: defaultdict(list))

    def run(self) -> None:
        """Fills the ``causes`` of the searches."""
        skips = any(search.skips for search in self.searches)
        out: list[RecordKey] = []
        for search in self.searches:
            for found in search.read():
                committed = {each.target for each in found if self._in_commit(each.target)}
                missing = self._without_row({each.target for each in found} - committed)
                for each in found:
                    if each.target in missing and each.field != PARENT:
                        out += filter(None, [search.note(each)])
                    elif skips and each.target in committed:
                        self.waiting[each.target].append(each)
        while out:
            gone, out = self._without_row(set(out)), []
            for each in (each for key in gone for each in self.waiting.pop(key, ())):
                out += filter(None, [each.search.note(each)])

    def _in_commit(self, key: RecordKey) -> bool:
        return unknown_pk(key) is None and any(search.has(key) for search in self.searches)

    def _without_row(self, keys: Iterable[RecordKey]) -> set[RecordKey]:
        """Those of the keys without a row here; of numbers without one, those that another row has here."""
        reader, found, known = self.searches[0].work.dump.reader, set[RecordKey](), set[RecordKey]()
        for key in keys:
            number = unknown_pk(key)
            if number is None:
                known.add(key)
            elif reader.identities.is_named(key.model, number):
                found.add(key)
        return found | (known - reader.existing(known))


def _rewritten(project: Project, work: DumpPlan, search: _Search) -> DumpPlan:
    repository, folder = project.repository, work.folder
    out = [delta for delta in work.deltas if search.is_left_out(delta.key)]
    rest = [d for d in work.deltas if d.key in search.causes and not search.is_left_out(d.key)]
    ids = {delta.path: delta.database for delta in out}

    def changes() -> Iterator[tuple[str, bytes | None]]:
        yield from work.ours.files(out)
        for batch in batches(rest):
            records = work.theirs.records([(delta.path, delta.commit) for delta in batch])
            for delta, record in zip(batch, records, strict=True):
                assert record is not None, delta
                schema = work.dump.tables[delta.key.model].schema
                made = with_rules(record, map(_entry, search.causes[delta.key]), schema)
                data = canonical.encode(made, schema.key_kind)
                ids[delta.path] = canonical.blob_id(data, repository.algorithm)
                yield f"{folder}/{delta.path}", data

    repository.writer.allow_reading_only()
    root = repository.trees.root(work.theirs.commit)
    tree = repository.writer.write_tree(None, changes(), {"": root})
    now = {delta.key: [*map(_entry, search.causes[delta.key])] for delta in rest}
    committed = replace(work.committed, now=now) if work.committed else None
    made = replace(
        work,
        theirs=work.theirs._replace(commit=tree),
        committed=committed,
        missing=tuple(search.entries()),
    )
    deltas = (delta._replace(commit=ids.get(delta.path, delta.commit)) for delta in work.deltas)
    return replace(
        made,
        deltas=[d for d in deltas if d.commit != d.database or _is_edited(made, d)],
    )


def _is_edited(work: DumpPlan, delta: Delta) -> bool:
    """Whether a record that refers to missing rows was edited here, and that counts."""
    known = work.committed is not None and delta.key in work.committed.now
    return known and work.base_ids.get(delta.path, delta.database) != delta.database


def _in_effect(work: DumpPlan, take: Side | None) -> DumpPlan:
    """The plan with only what is written in the end in its list: an edit of this database may stay."""
    edited = [delta for delta in work.deltas if _is_edited(work, delta)]
    results: dict[str, Record | None] = {}
    for candidate, three in ThreeWay(work).read_to_merge(edited):
        key = candidate.delta.key
        merged = merge_record(*three, work.dump.tables[key.model].schema, take)
        results[str(key)] = merged.record

    def refers(entry: MissingEntry) -> bool:
        record, name = results[entry["record"]], entry["field"]
        value = record.fields.get(name) if record else None
        schema = work.dump.tables[record.key.model].schema.by_name.get(name) if record else None
        found = _targets(record.key, value, schema) if record and schema else ()
        return any(str(key) == entry[MISSING] for key in found)

    entries = work.missing
    kept = (each for each in entries if each["record"] not in results or refers(each))
    return replace(work, missing=tuple(kept)) if edited else work
