"""One record on three sides."""

from __future__ import annotations

import enum
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TypeAlias

from contentgit.content.canonical import same
from contentgit.content.diff import ABSENT, Change
from contentgit.content.records import Record, RecordKey, Value
from contentgit.content.schema import ModelSchema
from contentgit.merge.side import Side
from contentgit.merge.values import FieldConflict, Maybe, merge_value

_Fields: TypeAlias = Mapping[str, Maybe]

Three: TypeAlias = tuple[Record | None, Record | None, Record | None]
"""A record in base, ours and theirs; ``None`` is a side that does not have it."""


class Reason(enum.StrEnum):
    """Why people must decide; the first four are about one record."""

    EDITED = "edited"  # both changed the same fields
    ADDED = "added"  # both added the record, with different content
    DELETED_BY_US = "deleted-by-us"  # we deleted the record, they edited it
    DELETED_BY_THEM = "deleted-by-them"
    MISSING = "missing"  # one side deleted what the other began to refer to
    SAME_VALUE = "same-value"  # two records want a value that must be unique
    BROKEN = "broken"  # what both changed in a record breaks a check constraint
    CYCLE = "cycle"  # records became each other's ancestors
    FILE = "file"  # both changed a file that is no record

    @property
    def is_delete(self) -> bool:
        """Whether one side deleted the record that the other edited."""
        return self in (Reason.DELETED_BY_US, Reason.DELETED_BY_THEM)


@dataclass(frozen=True, slots=True)
class Conflict:
    """A record on which the sides contradict each other, and in which fields."""

    key: RecordKey
    reason: Reason
    fields: tuple[FieldConflict, ...]


@dataclass(frozen=True, slots=True)
class MergedRecord:
    """A record with both sides' changes, ``None`` where it is deleted.

    With a ``conflict`` it holds ours at the places in conflict, or whatever was preferred.
    """

    record: Record | None
    conflict: Conflict | None = None


def merge_record(
    base: Record | None,
    ours: Record | None,
    theirs: Record | None,
    schema: ModelSchema | None,
    prefer: Side | None = None,
) -> MergedRecord:
    """One record with the changes of both sides; ``None`` is a side that does not have it."""
    if ours is None or theirs is None:
        return _one_sided(base, ours, theirs, schema, prefer)
    before = {} if base is None else base.fields
    values: dict[str, Value] = {}
    conflicts: list[FieldConflict] = []
    names = {*before, *ours.fields, *theirs.fields}
    for group in schema.groups if schema else ():
        both = [name for name in group if name in ours.fields and name in theirs.fields]
        if len(both) > 1:
            taken, found = _merge_together(both, before, ours.fields, theirs.fields, prefer)
            values |= {name: taken[name] for name in both}
            conflicts += found
            names.difference_update(both)
    for name in names:
        was = before.get(name, ABSENT)
        here, there = ours.fields.get(name, ABSENT), theirs.fields.get(name, ABSENT)
        known = schema.by_name.get(name) if schema else None
        value, found = merge_value(known, name, was, here, there, prefer)
        conflicts += found
        if value is not ABSENT:
            values[name] = value
    record = Record(ours.key, {name: values[name] for name in sorted(values)})
    if not conflicts:
        return MergedRecord(record)
    reason = Reason.ADDED if base is None else Reason.EDITED
    ordered = tuple(sorted(conflicts, key=lambda each: each.name))
    return MergedRecord(record, Conflict(ours.key, reason, ordered))


def _one_sided(
    base: Record | None,
    ours: Record | None,
    theirs: Record | None,
    schema: ModelSchema | None,
    prefer: Side | None,
) -> MergedRecord:
    left = ours or theirs
    if base is None or left is None:
        return MergedRecord(left)
    derived = schema.derived if schema else frozenset()
    # What the project computes is nobody's edit.
    edits = [edit for edit in Change(left.key, base, left).fields if edit.name not in derived]
    fields = tuple(
        FieldConflict(
            edit.name,
            edit.before,
            ABSENT if ours is None else edit.after,
            ABSENT if theirs is None else edit.after,
        )
        for edit in edits
    )
    if not fields:  # only the set of managed fields has changed, which is no edit
        return MergedRecord(None)
    reason = Reason.DELETED_BY_US if ours is None else Reason.DELETED_BY_THEM
    taken = theirs if prefer is Side.THEIRS else ours
    return MergedRecord(taken, Conflict(left.key, reason, fields))


def _merge_together(
    names: Sequence[str], base: _Fields, ours: _Fields, theirs: _Fields, prefer: Side | None = None
) -> tuple[_Fields, tuple[FieldConflict, ...]]:
    """Fields that are one value, as money and its currency: those of the side that alone changed some, and
    where the sides contradict each other.

    ``ours`` and ``theirs`` have all of the fields. A field that the base does not have and that both sides
    filled with equal values was added by a migration, which does not change the value.
    """
    known = [name for name in names if name in base or not same(ours[name], theirs[name])]
    if all(same(ours[name], theirs[name]) for name in names) or _unchanged(known, base, theirs):
        return ours, ()
    if _unchanged(known, base, ours):
        return theirs, ()
    conflicts = tuple(
        FieldConflict(name, base.get(name, ABSENT), ours[name], theirs[name])
        for name in names
        if not same(ours[name], theirs[name])
    )
    return (theirs if prefer is Side.THEIRS else ours), conflicts


def _unchanged(names: Sequence[str], base: _Fields, side: _Fields) -> bool:
    return all(name in base and same(base[name], side[name]) for name in names)
