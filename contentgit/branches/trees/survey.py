"""What in changed records the other side's changes can conflict with: keys, digests, paths."""

from __future__ import annotations

import enum
from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from functools import reduce
from operator import or_
from typing import NamedTuple, TypeAlias

from contentgit.content.records import Record, RecordKey, Value
from contentgit.content.referring import refers_to_any
from contentgit.content.schema import ModelSchema, UniqueSet
from contentgit.integrity.index import References, UniqueValues
from contentgit.integrity.relations import PARENT, own_references
from contentgit.integrity.rules import digest, wanted
from contentgit.merge import Reason


class By(enum.Flag):
    """Which side changed a record."""

    NOBODY = 0
    OURS = 1
    THEIRS = 2
    BOTH = 3


Owner: TypeAlias = tuple[str, By]
"""The path of a record, and who changed it."""


class Found(NamedTuple):
    """A conflict by the paths and fields of its places; ``""`` is the whole record."""

    reason: Reason
    at: tuple[tuple[str, str], ...]
    about: str = ""
    shared: tuple[Value, ...] = ()


class Missing(NamedTuple):
    """A reference to a record that is gone, from the record at a path.

    A database refuses it only where it is ``constrained``.
    """

    path: str
    field: str
    constrained: bool


class Shared(NamedTuple):
    """What must be unique, and the values that two records would both have in its fields."""

    unique: UniqueSet
    values: tuple[Value, ...]


def by_both(changes: Iterable[By]) -> bool:
    """Whether each side made one of the changes."""
    return reduce(or_, changes, By.NOBODY) == By.BOTH


def may_refer(schema: ModelSchema, labels: set[str]) -> bool:
    """Whether records of a model can refer to one of the models called ``labels``."""
    if any(map(refers_to_any, schema.fields)):
        return True
    return not labels.isdisjoint([*schema.parents, *(field.target for field in schema.fields)])


class Mixed(NamedTuple):
    """A record that is not as a side has it, and the digests of the unique values that it wants."""

    model: str
    schema: ModelSchema
    digests: tuple[bytes, ...]


class ChangedRecords:
    """What in changed records the other side's changes can conflict with: keys, digests, paths."""

    def __init__(self, gone: Mapping[RecordKey, Owner]) -> None:
        """``gone`` are the records that are not in the merged tree, and who deleted them."""
        self.same: dict[tuple[str, ...], Shared] = {}
        self.trees: dict[tuple[str, str], dict[RecordKey, tuple[str, Value]]] = defaultdict(dict)
        self.mixed: dict[str, Mixed] = {}
        self.fresh: set[bytes] = set()
        self._gone = gone
        self._references = References[Owner](lambda key: key not in gone)
        self._values = UniqueValues[tuple[RecordKey, str, By]]()

    def add(self, path: str, by: By, record: Record, schema: ModelSchema) -> None:
        """Takes a record in.

        For a record that nobody changed, only unique values of neither side count.
        """
        self._references.add(record, schema, (path, by))
        if by == By.BOTH and (digests := tuple(map(digest, wanted(record, schema)))):
            self.mixed[path] = Mixed(schema.label, schema, digests)
        among = None if by else self.fresh
        for clash in self._values.add(record, schema, (record.key, path, by), among):
            key, other, their = clash.first
            if key != record.key and by_both((by, their)):
                values = tuple(
                    str(record.key) if name == PARENT else record.fields.get(name)
                    for name in clash.unique.fields
                )
                self.same.setdefault((other, path), Shared(clash.unique, values))
        for field, _ in own_references(record, schema) if by else ():
            self.trees[schema.label, field.name][record.key] = (path, record.fields[field.name])

    def missing(self) -> Mapping[RecordKey, Sequence[Missing]]:
        """What one side gave up and the other refers to, with the references."""
        found: dict[RecordKey, list[Missing]] = defaultdict(list)
        for reference in self._references.dangling():
            (path, by), (_, their) = reference.origin, self._gone[reference.target]
            if by_both((by, their)):
                found[reference.target].append(
                    Missing(path, reference.field, reference.constrained)
                )
        return found
