"""One record on three sides."""

from __future__ import annotations

import enum
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

from contentgit.diff import ABSENT, Change
from contentgit.merge.side import Side
from contentgit.merge.together import merge_together
from contentgit.merge.values import FieldConflict, merge_value
from contentgit.records import Record, RecordKey, Value
from contentgit.schema import ModelSchema


class ConflictKind(enum.StrEnum):
    """What the two sides did to one record."""

    EDITED = "edited"  # both changed the same fields
    ADDED = "added"  # both added it, with different content
    DELETED_BY_US = "deleted-by-us"  # we deleted it, they edited it
    DELETED_BY_THEM = "deleted-by-them"


@dataclass(frozen=True, slots=True)
class Conflict:
    """A record on which the sides contradict each other, and in which fields."""

    key: RecordKey
    kind: ConflictKind
    fields: tuple[FieldConflict, ...]


@dataclass(frozen=True, slots=True)
class Merged:
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
) -> Merged:
    """One record with the changes of both sides; ``None`` stands for a side that does not have it."""
    if ours is None or theirs is None:
        return _one_sided(base, ours, theirs, schema, prefer)
    before = {} if base is None else base.fields
    values: dict[str, Value] = {}
    conflicts: list[FieldConflict] = []
    for group in _groups(before, ours, theirs, schema):
        if len(group) > 1:
            taken, found = merge_together(group, before, ours.fields, theirs.fields, prefer)
            values |= {name: taken[name] for name in group}
        else:
            (name,) = group
            was, here, there = (
                each.get(name, ABSENT) for each in (before, ours.fields, theirs.fields)
            )
            known = schema.by_name.get(name) if schema else None
            value, found = merge_value(known, name, was, here, there, prefer)
            values |= {} if value is ABSENT else {name: value}
        conflicts += found
    record = Record(ours.key, {name: values[name] for name in sorted(values)})
    if not conflicts:
        return Merged(record)
    kind = ConflictKind.ADDED if base is None else ConflictKind.EDITED
    ordered = tuple(sorted(conflicts, key=lambda each: each.name))
    return Merged(record, Conflict(ours.key, kind, ordered))


def _groups(
    base: Mapping[str, Value], ours: Record, theirs: Record, schema: ModelSchema | None
) -> Iterator[Sequence[str]]:
    """The names of all fields, each once: those of one value together where both sides have them."""
    both = ours.fields.keys() & theirs.fields.keys()
    done: set[str] = set()
    for name in sorted({*base, *ours.fields, *theirs.fields}):
        companions = schema.companions(name) if schema else (name,)
        group = [each for each in companions if each in both] if name in both else [name]
        if name not in done:
            done.update(group)
            yield group


def _one_sided(
    base: Record | None,
    ours: Record | None,
    theirs: Record | None,
    schema: ModelSchema | None,
    prefer: Side | None,
) -> Merged:
    left = ours or theirs
    if base is None or left is None:
        return Merged(left)
    derived = schema.derived if schema else frozenset()
    # What the project computes is nobody's edit.
    edits = [each for each in Change(left.key, base, left).fields if each.name not in derived]
    fields = tuple(
        FieldConflict(
            each.name,
            each.before,
            ABSENT if ours is None else each.after,
            ABSENT if theirs is None else each.after,
        )
        for each in edits
    )
    if not fields:  # only the set of managed fields has changed, which is no edit
        return Merged(None)
    kind = ConflictKind.DELETED_BY_US if ours is None else ConflictKind.DELETED_BY_THEM
    taken = theirs if prefer is Side.THEIRS else ours
    return Merged(taken, Conflict(left.key, kind, fields))
