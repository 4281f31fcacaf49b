"""Values that a project computes from other content: counters, depths, search vectors, caches.

Two sides that each add a child to a node both move its counter from 3 to 4, and 5 is right. Nothing
merged here is certain: the project computes it after an apply. It only must not stop a merge.
"""

from __future__ import annotations

import re
from decimal import Context, Decimal
from typing import Final

from contentgit.content.canonical import encode_value, same
from contentgit.content.diff import ABSENT
from contentgit.content.records import Value
from contentgit.content.schema import FieldKind, ModelSchema

_PLAIN: Final = re.compile(r"-?[0-9]{1,1000}(\.[0-9]{1,1000})?", re.ASCII)
_EXACT: Final = Context(prec=2100)


def counts(schema: ModelSchema) -> bool:
    """Whether records of the model have a counter: where both sides counted on alike, each step counts."""
    return any(
        each.derived and each.kind in (FieldKind.INTEGER, FieldKind.DECIMAL)
        for each in schema.fields
    )


def merge_derived(kind: FieldKind, base: Value, ours: Value, theirs: Value) -> Value:
    """The base with both sides' steps for numbers, else the larger value; the same for swapped sides.

    What one side alone changed is taken. ``ABSENT`` stands for a side that does not manage the field.
    """
    if ours is ABSENT or theirs is ABSENT:
        return _of_one(base, ours, theirs)
    if base is not ABSENT:
        if same(base, theirs):
            return ours
        if same(base, ours):
            return theirs
    numbers = [_number(kind, each) for each in (base, ours, theirs)]
    was, here, there = numbers
    if here is None or there is None:
        return max(ours, theirs, key=encode_value)
    if was is None:
        return ours if here >= there else theirs
    return _sum(was, here, there)


def _of_one(base: Value, ours: Value, theirs: Value) -> Value:
    """A field that a side does not manage does not outweigh an edit of the other."""
    managed = theirs if ours is ABSENT else ours
    if managed is ABSENT or base is ABSENT or not same(base, managed):
        return managed
    return ABSENT


def _number(kind: FieldKind, value: Value) -> int | Decimal | None:
    if kind is FieldKind.INTEGER and type(value) is int:
        return value
    if kind is FieldKind.DECIMAL and isinstance(value, str) and _PLAIN.fullmatch(value):
        return Decimal(value)
    return None


def _sum(base: int | Decimal, ours: int | Decimal, theirs: int | Decimal) -> Value:
    if isinstance(base, int) and isinstance(ours, int) and isinstance(theirs, int):
        return ours + theirs - base
    found = _EXACT.subtract(_EXACT.add(Decimal(ours), Decimal(theirs)), Decimal(base))
    return f"{found:f}"
