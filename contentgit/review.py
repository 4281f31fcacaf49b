"""The summary of a change for a reviewer: counts, and what deletes cause.

Computed in passes over streams, so that memory holds keys, counts and a few titles, never records. All
formats of a report are made from one :class:`Review`, so they agree.
"""

from __future__ import annotations

import hashlib
from collections import Counter, defaultdict
from collections.abc import Collection, Container, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any, Final, TypeAlias

from contentgit.content.canonical import encode
from contentgit.content.diff import Change
from contentgit.content.evolution import SchemaChange
from contentgit.content.records import Record, RecordKey
from contentgit.content.schema import FieldKind, ModelSchema, OnDelete
from contentgit.content.titles import TitledChange, best_text
from contentgit.integrity.relations import PARENT, references

NAMED: Final = 10
"""Records that are named of those that a delete reaches; the others are counted."""

LISTED: Final = 1_000
"""Deletes of which it is kept what they reach; of further ones the total alone."""

Schemas: TypeAlias = Mapping[str, Mapping[str, ModelSchema]]
"""The models of each dump's folder."""


@dataclass(frozen=True, slots=True)
class Named:
    """A record by its title and key."""

    key: RecordKey
    title: str


@dataclass(frozen=True, slots=True)
class CountedRecords:
    """Records of which some are named: at most :data:`NAMED`."""

    count: int = 0
    shown: tuple[Named, ...] = ()

    def with_one(self, one: Named) -> CountedRecords:
        """The group with one more."""
        shown = (*self.shown, one) if self.count < NAMED else self.shown
        return CountedRecords(self.count + 1, shown)


@dataclass(frozen=True)
class DeleteReach:
    """What a deleted record reaches: ``taken`` cannot be without it and are deleted too (``CASCADE``, or
    the child rows of a multi-table parent), ``cleared`` lose their reference to it and stay, ``dangling``
    refer to it still.
    """

    deleted: Named
    taken: CountedRecords = CountedRecords()
    cleared: CountedRecords = CountedRecords()
    dangling: CountedRecords = CountedRecords()


@dataclass(frozen=True)
class Review:
    """A comparison as a whole.

    ``counts`` are the changes by dump folder and model, ``reaches`` those deletes that reach other records,
    ``moved`` pairs of a deleted and a new record with the same content. ``unread`` counts records that were
    not checked for references, as there are too many. ``files`` are the file fields of each model.
    ``repeated`` counts changes of records that another dump has, too, with the same kind of change, and
    ``kept`` the deletes after which another dump still has the record. ``schema`` is what happened to the
    schemas of the dumps.
    """

    before: str
    after: str
    counts: Mapping[tuple[str, str], Mapping[str, int]] = field(default_factory=dict)
    reaches: Mapping[RecordKey, DeleteReach] = field(default_factory=dict)
    moved: tuple[tuple[Named, Named], ...] = ()
    totals: Mapping[str, int] = field(default_factory=dict)
    unread: int = 0
    files: Mapping[str, frozenset[str]] = field(default_factory=dict)
    repeated: Mapping[str, int] = field(default_factory=dict)
    kept: int = 0
    schema: Sequence[SchemaChange] = ()

    def count(self, kind: str) -> int:
        """How many records are created, updated or deleted; one that several dumps have is one."""
        found = sum(kinds.get(kind, 0) for kinds in self.counts.values())
        return found - self.repeated.get(kind, 0)

    @property
    def records(self) -> int:
        """How many records change."""
        return sum(map(self.count, ("create", "update", "delete")))

    @property
    def changes(self) -> int:
        """How many changes there are to show: those of a record in each of its dumps."""
        return sum(sum(kinds.values()) for kinds in self.counts.values())


class Reviewer:
    """Makes a :class:`Review` in passes.

    :meth:`count` all changes; then, if there are :attr:`deleted` records, :meth:`follow` all changes once
    more, and show what stays with :meth:`stay`.
    """

    def __init__(
        self, schemas: Schemas, lenient: Container[tuple[str, str, str]] = frozenset()
    ) -> None:
        """``lenient`` has dump, model and field of the references that an apply leaves out where what they
        refer to is not there (``ignore_missing_m2m``).
        """
        self._schemas = schemas
        self._lenient = lenient
        self._counts: dict[tuple[str, str], dict[str, int]] = defaultdict(lambda: defaultdict(int))
        self._titles: dict[RecordKey, str] = {}
        self._likes: dict[bytes, Named | None] = {}
        self._reaches: dict[RecordKey, DeleteReach] = {}
        self._totals: dict[str, int] = defaultdict(int)
        self._moved: dict[bytes, list[Named]] = defaultdict(list)
        labels = Counter(label for models in schemas.values() for label in models)
        self._shared = {label for label, dumps in labels.items() if dumps > 1}
        self._seen: set[tuple[object, ...]] = set()  # of records of those models
        self._repeated: dict[str, int] = defaultdict(int)
        self._kept = 0
        self.unread = 0

    @property
    def deleted(self) -> Collection[RecordKey]:
        """The keys of the deleted records."""
        return self._titles.keys()

    def dumps(self) -> set[str]:
        """The folders of the dumps in which something is deleted."""
        return {dump for (dump, _), kinds in self._counts.items() if kinds.get("delete")}

    def count(self, entry: TitledChange) -> None:
        """Takes a change into the counts."""
        change = entry.change
        self._counts[(entry.dump, change.key.model)][change.kind] += 1
        if self._again(change.key, change.kind):
            self._repeated[change.kind] += 1
        elif change.kind == "delete":
            assert change.before is not None
            self._titles[change.key] = entry.title
            like = self._likeness(entry.dump, change.before)
            if like is not None:
                named = Named(change.key, entry.title)
                self._likes[like] = None if like in self._likes else named

    def _again(self, key: RecordKey, *what: object) -> bool:
        """Whether another dump has the same change of the record."""
        if key.model not in self._shared:
            return False
        seen = (key, *what) in self._seen
        self._seen.add((key, *what))
        return seen

    def keep(self, key: RecordKey) -> None:
        """The record is in another dump still: it is not deleted."""
        self._kept += self._titles.pop(key, None) is not None

    def follow(self, entry: TitledChange) -> None:
        """Takes a change in that may concern a deleted record."""
        change, named = entry.change, Named(entry.change.key, entry.title)
        if change.kind == "create":
            assert change.after is not None
            like = self._likeness(entry.dump, change.after)
            old = self._likes.get(like) if like is not None else None
            gone = old is not None and old.key in self._titles
            if like is not None and gone and not self._again(change.key, "moved"):
                self._moved[like].append(named)
        elif change.before is not None:
            model = self._schema(entry.dump, change.key.model)
            kept = set(_fields(change.after, model)) if change.after else set()
            found = {
                (target, self._why(change, model, name))
                for target, name in _fields(change.before, model)
                if target in self._titles and target != change.key and (target, name) not in kept
            }
            self._reach(found, named)

    def _why(self, change: Change, model: ModelSchema | None, name: str) -> str:
        """How a delete reaches a record that referred to what is deleted; ``""``: not at all."""
        if change.after is None:
            known = model.by_name.get(name) if model else None
            cascades = name == PARENT or (known and known.on_delete is OnDelete.CASCADE)
            return "taken" if cascades else ""
        value = change.after.fields.get(name)
        return "cleared" if value is None or isinstance(value, list) else ""

    def stay(self, dump: str, record: Record) -> None:
        """Takes in a record that exists afterwards and may refer to a deleted one."""
        model = self._schema(dump, record.key.model)
        found = {
            (target, "cleared" if (dump, record.key.model, name) in self._lenient else "dangling")
            for target, name in _fields(record, model)
            if target in self._titles
        }
        if found:
            self._reach(found, Named(record.key, best_text(record, model)))

    def _reach(self, found: set[tuple[RecordKey, str]], named: Named) -> None:
        """A record is counted once, however many deleted ones it referred to."""
        for how in {how for _, how in found if how}:
            self._totals[how] += not self._again(named.key, "total", how)
        for target, how in found:
            if self._again(named.key, how, target):
                continue
            old = self._reaches.get(target) or DeleteReach(Named(target, self._titles[target]))
            if how and (target in self._reaches or len(self._reaches) < LISTED):
                group: dict[str, Any] = {how: getattr(old, how).with_one(named)}
                self._reaches[target] = replace(old, **group)

    def _schema(self, dump: str, model: str) -> ModelSchema | None:
        return self._schemas.get(dump, {}).get(model)

    def _likeness(self, dump: str, record: Record) -> bytes | None:
        """A digest of what the record holds beside its key; ``None`` where it has no words of its own."""
        model = self._schema(dump, record.key.model)
        names = {name.split("__")[0] for name in model.identity} if model else set()
        fields = {name: value for name, value in record.fields.items() if name not in names}
        rest = Record(RecordKey(record.key.model, "0"), fields)
        return hashlib.sha256(encode(rest)).digest() if best_text(rest, model) else None

    def review(self, before: str, after: str) -> Review:
        """What the passes have found."""
        files: dict[str, set[str]] = defaultdict(set)
        for schema in (schema for models in self._schemas.values() for schema in models.values()):
            names = {field.name for field in schema.fields if field.kind is FieldKind.FILE}
            if names:
                files[schema.label] |= names
        pairs = [(self._likes[like], found) for like, found in self._moved.items()]
        moved = [(old, new[0]) for old, new in pairs if old is not None and len(new) == 1]
        return Review(
            before,
            after,
            {place: dict(self._counts[place]) for place in sorted(self._counts)},
            {key: self._reaches[key] for key in sorted(self._reaches)},
            tuple(moved),
            dict(self._totals),
            self.unread,
            {label: frozenset(names) for label, names in files.items()},
            dict(self._repeated),
            self._kept,
        )


def _fields(record: Record, model: ModelSchema | None) -> Iterator[tuple[RecordKey, str]]:
    """What a record refers to, and in which field."""
    if model is not None:
        yield from ((found.target, found.field) for found in references(record, model))
