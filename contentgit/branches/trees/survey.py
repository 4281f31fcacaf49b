"""What changed records say that the other side's changes can meet, as keys, digests and paths."""

from __future__ import annotations

import enum
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import NamedTuple, TypeAlias

from contentgit.content.records import Record, RecordKey, Value
from contentgit.content.schema import FieldKind, ModelSchema, UniqueSet
from contentgit.integrity.relations import PARENT, references
from contentgit.integrity.rules import digest, wanted
from contentgit.merge import Reason


class By(enum.Flag):
    """Which side changed a record."""

    OURS = enum.auto()
    THEIRS = enum.auto()


Owner: TypeAlias = tuple[str, By]
"""The path of a record, and who changed it."""


class Found(NamedTuple):
    """A conflict by the paths and fields of its places; no field stands for the whole record."""

    reason: Reason
    at: tuple[tuple[str, str], ...]
    about: str = ""
    shared: tuple[Value, ...] = ()


class Shared(NamedTuple):
    """What must be unique, and the values that two records would both have in its fields."""

    unique: UniqueSet
    values: tuple[Value, ...]


def by_both(changes: Iterable[By]) -> bool:
    """Whether the changes are not all of the same single side."""
    found = By(0)
    for each in changes:
        found |= each
    return found == By.OURS | By.THEIRS


def may_refer(schema: ModelSchema, labels: set[str]) -> bool:
    """Whether records of a model can refer to one of the models called ``labels``."""
    targets = {each.target for each in schema.fields} | {*schema.parents}
    return bool(targets & labels)


class Mixed(NamedTuple):
    """A record that is not as a side has it, and the digests of the unique values that it wants."""

    model: str
    schema: ModelSchema
    digests: tuple[bytes, ...]


@dataclass
class Survey:
    """What the changed records say that the other side's changes can meet: keys, digests, paths."""

    missing: dict[RecordKey, list[tuple[str, str]]] = field(default_factory=dict)
    same: dict[tuple[str, ...], Shared] = field(default_factory=dict)
    trees: dict[tuple[str, str], dict[RecordKey, tuple[str, str]]] = field(default_factory=dict)
    mixed: dict[str, Mixed] = field(default_factory=dict)
    fresh: set[bytes] = field(default_factory=set)
    _claimed: dict[bytes, tuple[RecordKey, str, By]] = field(default_factory=dict)

    def pass_by(
        self, path: str, record: Record, schema: ModelSchema, gone: Mapping[RecordKey, Owner]
    ) -> bool:
        """Takes a record in that nobody changed; whether it meets anything."""
        before = len(self.same)
        refers = self._refer(path, By(0), record, schema, gone)
        self._claim(path, By(0), record, schema)
        return refers or before != len(self.same)

    def look(
        self,
        path: str,
        by: By,
        record: Record,
        schema: ModelSchema,
        gone: Mapping[RecordKey, Owner],
    ) -> None:
        """Takes a record in that a side changed."""
        self._refer(path, by, record, schema, gone)
        self._claim(path, by, record, schema)
        for known in schema.fields:
            if known.kind is FieldKind.REFERENCE and known.target == schema.label:
                place = (schema.label, known.name)
                value = record.fields.get(known.name)
                if value:
                    self.trees.setdefault(place, {})[record.key] = (path, value)

    def _refer(
        self,
        path: str,
        by: By,
        record: Record,
        schema: ModelSchema,
        gone: Mapping[RecordKey, Owner],
    ) -> bool:
        """Notes the references to what is gone; whether there are any."""
        missing = [
            each
            for each in references(record, schema)
            if each.constrained and each.target in gone and by_both((by, gone[each.target][1]))
        ]
        for each in missing:
            self.missing.setdefault(each.target, []).append((path, each.field))
        return bool(missing)

    def _claim(self, path: str, by: By, record: Record, schema: ModelSchema) -> None:
        """Of a record that nobody changed only what it says against a value that is of neither side."""
        claimed = [(digest(each), each[1]) for each in wanted(record, schema)]
        if claimed and by == By.OURS | By.THEIRS:
            digests = tuple(each for each, _ in claimed)
            self.mixed[path] = Mixed(schema.label, schema, digests)
        for claim, name in claimed:
            if not by and claim not in self.fresh:
                continue
            key, other, their = self._claimed.setdefault(claim, (record.key, path, by))
            if key != record.key and by_both((by, their)):
                unique = schema.unique_by_name[name]
                values = tuple(
                    str(record.key) if each == PARENT else record.fields.get(each)
                    for each in unique.fields
                )
                self.same.setdefault((other, path), Shared(unique, values))


def model_of(path: str) -> str:
    """The folder of a record's model within its dump's."""
    return path.split("/", 2)[1]
