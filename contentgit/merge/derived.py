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
    """Whether records of the model have a counter: if both sides counted up by one, both steps count."""
    kinds = (FieldKind.INTEGER, FieldKind.DECIMAL)
    return any(field.derived and field.kind in kinds for field in schema.fields)


def merge_derived(kind: FieldKind, base: Value, ours: Value, theirs: Value) -> Value:
    """The base with both sides' steps for numbers, else the larger value; swapped sides give the same.

    A change of one side alone is taken. ``ABSENT`` is the value of a side that does not manage the field.
    """
    if ours is ABSENT or theirs is ABSENT:
        # A field that a side does not manage does not outweigh an edit of the other.
        managed = theirs if ours is ABSENT else ours
        edited = managed is ABSENT or base is ABSENT or not same(base, managed)
        return managed if edited else ABSENT
    if base is not ABSENT and (same(base, theirs) or same(base, ours)):
        return ours if same(base, theirs) else theirs
    was, here, there = (_number(kind, value) for value in (base, ours, theirs))
    if here is None or there is None:
        return max(ours, theirs, key=encode_value)
    if was is None:
        return ours if here >= there else theirs
    if isinstance(was, int) and isinstance(here, int) and isinstance(there, int):
        return here + there - was
    return f"{_EXACT.subtract(_EXACT.add(Decimal(here), Decimal(there)), Decimal(was)):f}"


def _number(kind: FieldKind, value: Value) -> int | Decimal | None:
    if kind is FieldKind.INTEGER and type(value) is int:
        return value
    if kind is FieldKind.DECIMAL and isinstance(value, str) and _PLAIN.fullmatch(value):
        return Decimal(value)
    return None
