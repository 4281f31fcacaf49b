"""What ``identity adopt`` reads: rows of models that UUIDs name, records of a commit, and their names.

Rows and records are called ``app.model:key`` by the base of their multi-table chain. Of a row that has no
UUID yet the key is one that nobody else knows.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from collections.abc import Set as AbstractSet
from dataclasses import dataclass
from functools import cache, cached_property
from typing import TypeAlias

from contentgit.content import canonical
from contentgit.content.layout import encode_part
from contentgit.content.records import Record, RecordKey
from contentgit.content.titles import best_text
from contentgit.content.uuids import is_uuid_identity, uuid_of
from contentgit.db.identity.uuids import UuidKeys
from contentgit.errors import UsageError
from contentgit.history.snapshots import CommitSide, batches
from contentgit.workingcopy.earlier import AppliedDump, applied_dumps
from contentgit.workingcopy.evolution import Evolution
from contentgit.workingcopy.pairing_sides import PairingRules, PairingSide
from contentgit.workingcopy.pairs_file import GivenPair
from contentgit.workingcopy.project import Dump, Project, all_tables
from contentgit.workingcopy.renaming import refuse_renamed
from contentgit.workingcopy.unapplied import Unapplied


@dataclass(frozen=True)
class CommitDump:
    """A dump of the commit: its records of models that UUIDs name, by path, as the database had them."""

    dump: Dump
    evolution: Evolution
    side: CommitSide
    ids: Mapping[str, str]


_Read: TypeAlias = Callable[[CommitDump, Sequence[RecordKey]], Iterable[Record]]


class AdoptionReading:
    """Both sides of the dumps in a commit, read within the caller's transaction.

    ``rows`` and ``records`` are those that may pair; of the others only the names are known.

    Raises:
        UsageError: none of the models is named by UUIDs, or ``by`` names what is not there.
        RefusedError: the commit names rows of other models otherwise than the code.
    """

    def __init__(
        self,
        project: Project,
        commit: str,
        dumps: Sequence[Dump],
        by: Mapping[str, Sequence[str]],
        pairs: Sequence[GivenPair] = (),
    ) -> None:
        self.project, self.commit, self._pairs = project, commit, pairs
        identities = project.identities
        self._applied = list(applied_dumps(project))
        tables = all_tables(dumps)
        labels = [each for each in tables if is_uuid_identity(identities.fields(each))]
        if not labels:
            raise UsageError(
                "no model of these dumps is named by UUIDs, so there is nothing to adopt",
                hint='"identity": "uuid" in the spec of a model chooses that',
            )
        self.dumps = [self._dump(dump, labels) for dump in dumps]
        unsaid = {
            label: names for each in self.dumps for label, names in each.evolution.unsaid.items()
        }
        models = {label: tables[label].schema for label in labels}
        self.rules = PairingRules(identities, models, by, unsaid)
        self.rows = PairingSide(self.rules, self._uuid_of_pk)
        self.records = PairingSide(self.rules, lambda key: key.key)
        self.here: dict[str, Sequence[str]] = {}
        self.there: dict[str, Sequence[str]] = {}
        self._read_names()
        self._read_rows()
        self._read_records()

    def _dump(self, dump: Dump, labels: Sequence[str]) -> CommitDump:
        evolution = Evolution.since(self.project, dump, self.commit)
        refuse_renamed(self.project, evolution)
        side = evolution.side
        for each in self._applied:
            if each.dump.folder == dump.folder and each.commit == self.commit:
                side = Unapplied.since(self.project, evolution, each.line).side
        return CommitDump(
            dump, evolution, side, side.ids([each for each in labels if each in dump.tables])
        )

    # What names rows

    def keys(self, base: str) -> UuidKeys:
        """The names of a model's rows."""
        found = self.project.identities.uuids(base)
        assert found is not None, base
        return found

    @cached_property
    def bases(self) -> Sequence[str]:
        """The models whose rows have names."""
        return sorted({*self.rules.bases.values()})

    @cached_property
    def applied(self) -> AbstractSet[str]:
        """The names of records that the database had at the commits that its dumps are at."""
        return {
            name for base in self.bases for each in self._applied for name in _names(each, base)
        }

    @cached_property
    def lost(self) -> AbstractSet[str]:
        """Those of them that are of no row, and of none that is known to be gone."""
        found = set[str]()
        for base in self.bases:
            named = (each for each in self._applied if each.models(base) and each.is_named(base))
            texts = {name for each in named for name in _names(each, base)}
            found |= texts - {f"{base}:{key}" for key in self.keys(base).known}
        return found

    def commits_of(self, names: Iterable[str]) -> list[str]:
        """The applied commits that have these records."""
        wanted = {*names}
        return sorted(
            {
                each.commit
                for each in self._applied
                for base in self.bases
                if not wanted.isdisjoint(_names(each, base))
            }
        )

    @cached_property
    def doubted(self) -> AbstractSet[str]:
        """The models some of whose names are lost: those that rows have may be of other rows."""
        return {name.partition(":")[0] for name in self.lost}

    @cached_property
    def uncertain(self) -> AbstractSet[str]:
        """All records of these models that this commit has and an applied one: each needs a row."""
        named = (
            (base, each)
            for base in self.doubted
            for each in self._applied
            if each.models(base) and each.is_named(base)
        )
        return {name for base, each in named for name in _names(each, base) if name in self.there}

    def is_joined(self, name: str) -> bool:
        """Whether a row has the name of a record, and nothing makes that doubtful; it may be in no dump."""
        base = _base(name)
        return (
            name in self.there
            and base not in self.doubted
            and name not in self.freed
            and (name in self.here or self.keys(base).has(_key(name)))
        )

    @cached_property
    def freed(self) -> AbstractSet[str]:
        """Names that a person pairs otherwise, and that no applied commit has: they can be of another row."""
        found = set[str]()
        for pair in self._pairs:
            base = self.rules.bases.get(pair.record.model)
            if base is not None:
                names = {self.rules.name(pair.record), self._name_of_pk(base, pair.pk)}
                found |= names if len(names) > 1 else set()
        return found - self.applied

    def pk(self, name: str) -> str:
        """The primary key of a row as text."""
        keys = self.keys(_base(name))
        return keys.spell(keys.pk(_key(name)))

    def named(self, base: str, pk: str) -> str:
        """The name of the row with a primary key; ``""`` if there is none."""
        name = self._name_of_pk(base, pk)
        return name if name in self.here else ""

    def _name_of_pk(self, base: str, pk: str) -> str:
        keys = self.keys(base)
        value = keys.parse(pk)
        return f"{base}:{'' if value is None else keys.text(value)}"

    def _uuid_of_pk(self, key: RecordKey) -> str:
        return uuid_of(encode_part(self.pk(self.rules.name(key))))

    # Reading

    def _read_names(self) -> None:
        for each in self.dumps:
            for key in each.side.keys(each.ids):
                _note(self.there, self.rules.name(key), key.model)

    def _read_rows(self) -> None:
        for each in self.dumps:
            for label in each.dump.tables:
                if label not in self.rules.models:
                    continue
                for key, data in each.dump.reader.stream(label):
                    name = self.rules.name(key)
                    _note(self.here, name, label)
                    if not self.is_joined(name):
                        self.rows.add(canonical.decode(data))

    def _read_records(self) -> None:
        for each in self.dumps:
            for batch in batches(zip(each.ids.items(), each.side.keys(each.ids), strict=True)):
                wanted = [entry for entry, key in batch if not self.is_joined(self.rules.name(key))]
                for record in each.side.records(wanted):
                    if record is not None:
                        self.records.add(record)

    # Titles

    def row_titles(self, names: Iterable[str]) -> dict[str, str]:
        """The titles of rows."""
        return self._titles(names, self.here, lambda each, keys: each.dump.reader.records(keys))

    def record_titles(self, names: Iterable[str]) -> dict[str, str]:
        """The titles of records."""

        def read(each: CommitDump, keys: Sequence[RecordKey]) -> Iterator[Record]:
            paths = (each.dump.path(key) for key in keys)
            entries = [(path, each.ids[path]) for path in paths if path in each.ids]
            yield from filter(None, each.side.records(entries))

        return self._titles(names, self.there, read)

    def _titles(
        self, names: Iterable[str], labels: Mapping[str, Sequence[str]], read: _Read
    ) -> dict[str, str]:
        found: dict[str, str] = {}
        for batch in batches(names):
            values: dict[str, dict[str, object]] = defaultdict(dict)
            for each in self.dumps:
                keys = [
                    RecordKey(label, _key(name))
                    for name in batch
                    for label in labels[name]
                    if label in each.dump.tables
                ]
                for record in read(each, keys):
                    values[self.rules.name(record.key)] |= record.fields
            for name in batch:
                model = self.rules.models[self.rules.model(labels[name])]
                found[name] = best_text(
                    Record(RecordKey(model.label, _key(name)), values[name]), model
                )
        return found


def _names(dump: AppliedDump, base: str) -> Iterator[str]:
    return (f"{base}:{key}" for key in (dump.keys(base) if dump.models(base) else ()))


def _note(places: dict[str, Sequence[str]], name: str, label: str) -> None:
    labels = places.get(name, ())
    if label not in labels:
        places[name] = _together(*labels, label)


@cache
def _together(*labels: str) -> Sequence[str]:
    """The labels, in one tuple for all rows."""
    return labels


def _base(name: str) -> str:
    return name.partition(":")[0]


def _key(name: str) -> str:
    return name.partition(":")[2]
