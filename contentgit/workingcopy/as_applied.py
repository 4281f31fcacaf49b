"""A commit as an apply has written it into a database that lacks rows which the commit refers to.

Where a spec says so (``missing``), the apply writes NULL or another reference, or leaves a record out. The
ledger lists what it did, by record. The plan and every later comparison make the commit's records what this
list says, with the same function: a value that the apply put there is no edit.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Container, Iterable, Iterator, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from functools import cache, cached_property
from typing import TYPE_CHECKING, Any, Final, NamedTuple, TypeAlias

from contentgit.content import canonical
from contentgit.content.canonical import same
from contentgit.content.embedded import NO_ROW, put_again, unknown_row
from contentgit.content.records import Record, RecordKey, Value
from contentgit.content.referring import redirected
from contentgit.content.schema import FieldKind, FieldSchema, ModelSchema
from contentgit.errors import UnknownNameError
from contentgit.history.snapshots import CommitSide, batches
from contentgit.integrity.relations import PARENT
from contentgit.missing import Instead, MissingRule, missing_reason, parse_rule
from contentgit.workingcopy.evolution import Evolution

if TYPE_CHECKING:
    from contentgit.workingcopy.project import Project

MISSING: Final = "missing"
"""The row that was missing, in an entry of the ledger's list; ``rule`` is what was done about it."""

AT: Final = "at"
"""In the entry of a record that was left out, the commit with the record as it stays; ``""``: it has none."""

KEPT: Final = "kept"
"""In such an entry, the fields that are as in ``at``: edits of the others were committed since."""

MissingEntry: TypeAlias = Mapping[str, Any]
"""``record``, ``field``, ``reason``, ``missing``, ``rule``; of a record left out also the keys above."""


class MissingCause(NamedTuple):
    """A row that was missing in a field, and what became of the ``records`` that refer to it there.

    ``left_out`` tells whether the records were left out, of which ``staying`` have a row that stays as it is;
    ``first`` is the first of them.
    """

    row: str
    model: str
    field: str
    rule: MissingRule
    left_out: bool
    records: int
    staying: int
    first: str

    def shown(self, shown: Callable[[str], str]) -> MissingCause:
        """The cause as people read it."""
        return self._replace(row=shown(self.row), first=shown(self.first))


_NOT_HERE: Final = missing_reason("")
"""The end of the reason for which a plan leaves out a reference of a many-to-many field."""


def missing_entries(withheld: Iterable[Mapping[str, Any]]) -> list[MissingEntry]:
    """The entries of missing rows in a ledger's list.

    Those are among them of references that a plan has left out, as its own rows go or do not come.
    """
    found: list[MissingEntry] = []
    for entry in withheld:
        reason = str(entry.get("reason", ""))
        if MISSING in entry:
            found.append(entry)
        elif entry.get("field") and reason.endswith(_NOT_HERE):
            found.append({**entry, MISSING: reason.removesuffix(_NOT_HERE), "rule": "skip"})
    return found


def missing_causes(entries: Iterable[MissingEntry]) -> list[MissingCause]:
    """What a list has, one for each row, field and rule."""
    groups: dict[tuple[str, str, str, MissingRule, bool], list[MissingEntry]] = defaultdict(list)
    for entry in missing_entries(entries):
        rule = parse_rule(entry["rule"])
        if rule is not None:
            model = RecordKey.parse(entry["record"]).model
            groups[entry[MISSING], model, entry["field"], rule, AT in entry].append(entry)
    found = []
    for cause, group in groups.items():
        first = min(group, key=lambda entry: RecordKey.parse(entry["record"]))["record"]
        staying = sum(bool(entry.get("stays")) for entry in group)
        found.append(MissingCause(*cause, len(group), staying, first))
    return sorted(found, key=lambda cause: cause[:3])


def with_rules(record: Record, entries: Iterable[MissingEntry], schema: ModelSchema) -> Record:
    """The record with what the entries say in place of references to missing rows."""
    values = dict(record.fields)
    for entry in entries:
        name, rule = entry["field"], parse_rule(entry["rule"])
        if AT not in entry and name in values and name in schema.by_name:
            values[name] = _put(values[name], entry[MISSING], rule, schema.by_name[name])
    return Record(record.key, values)


def _put(value: Value, missing: str, rule: MissingRule | None, field: FieldSchema) -> Value:
    """The value without the reference; also where it is another by now, which then stays."""
    other = rule.key if isinstance(rule, Instead) else None
    if field.embeds:
        gone = RecordKey.parse(missing)
        new = RecordKey.parse(other) if other else unknown_row(gone.model, NO_ROW)
        return redirected(value, field, lambda key: new if key == gone else key)
    if field.kind is not FieldKind.REFERENCES:
        return other if value == missing else value
    if not isinstance(value, list) or missing not in value:
        return value
    if other is None or other in value:
        return [text for text in value if text != missing]
    found = [other if text == missing else text for text in value]
    return found if field.ordered else list(map(str, sorted(map(RecordKey.parse, found))))


def put_back(
    field: FieldSchema, value: Any, written: Any, whole: Any, entries: Iterable[MissingEntry]
) -> Value:
    """The value with the references of ``whole`` in place of which an apply has ``written`` others.

    ``entries`` are those of the record. In a many-to-many field, a row that was written in place of another
    stands for that: without it, the other is gone as well.
    """
    if field.embeds:
        return put_again(value, written, whole)
    if field.kind is not FieldKind.REFERENCES:
        return whole if same(value, written) else value
    instead: dict[str, list[str]] = defaultdict(list)
    for entry in entries:
        rule = parse_rule(entry["rule"])
        if isinstance(rule, Instead) and entry["field"] == field.name and entry[MISSING] in whole:
            instead[rule.key].append(entry[MISSING])

    def named(texts: Sequence[str]) -> list[str]:
        found: dict[str, None] = {}
        for text in texts:
            own = [] if text in instead and text not in whole else [text]
            found |= dict.fromkeys([*own, *instead.get(text, ())])
        return [*found] if field.ordered else list(map(str, sorted(map(RecordKey.parse, found))))

    # Rooms for merges are not loaded for every status: few databases lack rows.
    from contentgit.merge.values import merge_value

    before, here = (named(written), named(value)) if instead else (written, value)
    found, _ = merge_value(field, field.name, before, here, whole)
    return found


def _as_it_stays(record: Record | None, then: Record | None, entry: MissingEntry) -> Record | None:
    """The record that was left out as an entry of it says; ``then`` is the one in its commit."""
    if record is None or then is None or KEPT not in entry:
        return then
    names = then.fields.keys() & record.fields.keys() & {*entry[KEPT]}
    return Record(record.key, {**record.fields, **{name: then.fields[name] for name in names}})


def with_committed(
    entries: Iterable[MissingEntry], kept: Mapping[str, Sequence[str]], deleted: Container[str]
) -> Iterator[MissingEntry]:
    """The list after a commit that ``kept`` these fields of edited records as they are in the branch.

    The records that it ``deleted`` are in the list no more.
    What was put into another field has been edited, and the commit has that.
    """
    left_out: set[str] = set()
    for entry in entries:
        record = entry["record"]
        if record in deleted:
            continue
        if record in kept and record not in left_out:
            if AT in entry:
                left_out.add(record)
                yield {**entry, KEPT: list(kept[record])}
                continue
            if entry["field"] not in kept[record]:
                continue
        yield entry


@dataclass(frozen=True)
class AsApplied:
    """A dump's commit as the ``entries`` of a list say; ``evolution`` is that of the commit."""

    project: Project
    evolution: Evolution
    entries: Sequence[MissingEntry]

    def side(self, whole: CommitSide) -> CommitSide:
        """The snapshot ``whole`` of the commit with what was written in place of missing rows."""
        changes = list(self._changes(whole)) if self.entries else []
        if not changes:
            return whole
        repository = self.project.repository
        repository.writer.allow_reading_only()
        root = {"": repository.trees.root(whole.commit)} if whole.commit else {}
        return whole._replace(commit=repository.writer.write_tree(None, changes, root))

    @cached_property
    def left_out(self) -> Mapping[RecordKey, MissingEntry]:
        """The records that were left out."""
        return {
            key: entry
            for key, found in self.by_record.items()
            for entry in found[:1]
            if AT in entry
        }

    @cached_property
    def by_record(self) -> Mapping[RecordKey, Sequence[MissingEntry]]:
        """The list by record, as the code names them."""
        found: dict[RecordKey, list[MissingEntry]] = defaultdict(list)
        for key, entry in filter(None, map(self._named, self.entries)):
            found[key].append(entry)
        return found

    def named(self) -> Iterator[MissingEntry]:
        """The list with the names that the code has for models and fields."""
        yield from (entry for _, entry in filter(None, map(self._named, self.entries)))

    def _named(self, entry: MissingEntry) -> tuple[RecordKey, MissingEntry] | None:
        """Record and entry as the code names them; ``None`` if it has the model no more."""
        key, tables = RecordKey.parse(entry["record"]), self.evolution.dump.tables
        names = {entry["field"], *entry.get(KEPT, ())} - {PARENT}
        if key.model in tables and names <= tables[key.model].schema.by_name.keys():
            return key, entry
        newer = self.evolution.newer(key.model)
        if newer is None or newer.label not in tables:
            return (key, entry) if key.model in tables else None
        key = RecordKey(newer.label, key.key)
        kept = {KEPT: [newer.fields.get(n, n) for n in entry[KEPT]]} if KEPT in entry else {}
        name = newer.fields.get(entry["field"], entry["field"])
        return key, {**entry, "record": str(key), "field": name, **kept}

    def _changes(self, whole: CommitSide) -> Iterator[tuple[str, bytes | None]]:
        dump, ids = self.evolution.dump, whole.ids()
        for batch in batches(self.by_record.items()):
            paths = [dump.path(key) for key, _ in batch]
            now = whole.records([(path, ids.get(path, "")) for path in paths])
            stay = self._staying(batch)
            for (key, entries), path, record in zip(batch, paths, now, strict=True):
                schema = dump.tables[key.model].schema
                was = record
                for entry in entries:
                    if AT in entry:
                        was = _as_it_stays(was, stay[entry[AT], key], entry)
                if was is None:
                    yield from [(f"{dump.folder}/{path}", None)] if path in ids else ()
                    continue
                data = canonical.encode(with_rules(was, entries, schema), schema.key_kind)
                if canonical.blob_id(data, self.project.repository.algorithm) != ids.get(path):
                    yield f"{dump.folder}/{path}", data

    def _staying(
        self, batch: Sequence[tuple[RecordKey, Sequence[MissingEntry]]]
    ) -> Mapping[tuple[str, RecordKey], Record | None]:
        """The records that were left out in the commits of their entries; ``None`` where there is none."""
        commits: dict[str, list[RecordKey]] = defaultdict(list)
        for key, entries in batch:
            for entry in entries:
                if AT in entry:
                    commits[entry[AT]].append(key)
        found: dict[tuple[str, RecordKey], Record | None] = {}
        for commit, keys in commits.items():
            side, ids = self._at(commit)
            paths = [self.evolution.dump.path(key) for key in keys]
            records = side.records([(path, ids.get(path, "")) for path in paths])
            found |= {(commit, key): each for key, each in zip(keys, records, strict=True)}
        return found

    @cached_property
    def _at(self) -> Any:
        return cache(self._side_at)

    def _side_at(self, commit: str) -> tuple[CommitSide, Mapping[str, str]]:
        """The dump in a commit that was applied before; empty where the repository does not have it."""
        project, dump = self.project, self.evolution.dump
        with suppress(UnknownNameError):
            at = project.repository.refs.resolve(commit) if commit else ""
            side = Evolution.since(project, dump, at).side
            return side, side.ids()
        return CommitSide(project.repository, "", dump.folder), {}
