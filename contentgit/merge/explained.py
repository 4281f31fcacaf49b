"""Edits that a delete on the same side explains: a reference is empty because its record is gone."""

from __future__ import annotations

from collections.abc import Callable
from typing import TypeAlias

from contentgit.content.canonical import same
from contentgit.content.records import RecordKey, Value
from contentgit.content.referring import targets
from contentgit.content.schema import FieldKind, FieldSchema, ModelSchema, OnDelete
from contentgit.merge.records import MergedRecord, Reason
from contentgit.merge.side import Side
from contentgit.merge.values import Maybe

Deleted: TypeAlias = Callable[[Side, RecordKey], bool]
"""Whether a side deleted a record that the base has."""


def without_explained(
    merged: MergedRecord, schema: ModelSchema | None, deleted: Deleted
) -> MergedRecord:
    """Deleted, if one side did so and the other only deleted what the record refers to.

    Its references were emptied then, which nobody decided.
    """
    conflict = merged.conflict
    if conflict is None or schema is None or not conflict.reason.is_delete:
        return merged
    if not conflict.fields:
        return merged  # the bases contradict each other in whether the record is there
    side = Side.THEIRS if conflict.reason is Reason.DELETED_BY_US else Side.OURS
    for each in conflict.fields:
        known = schema.by_name.get(each.name)
        after = each.theirs if side is Side.THEIRS else each.ours
        lost = _lost(known, each.base, after) if known else ()
        if not lost or not all(deleted(side, key) for key in lost):
            return merged
    return MergedRecord(None)


def _lost(field: FieldSchema, before: Maybe, after: Maybe) -> tuple[RecordKey, ...]:
    """What the field referred to before, if deletes of that can be all that has changed."""
    if field.kind is FieldKind.REFERENCE and field.on_delete is OnDelete.SET_NULL:
        return (*targets(before, field),) if after is None else ()
    if field.kind is not FieldKind.REFERENCES:
        return ()
    if not isinstance(before, list) or not isinstance(after, list):
        return ()
    if not all(isinstance(each, str) for each in (*before, *after)):
        return ()  # not written by contentgit
    left = {*after}
    lost: list[Value] = [each for each in before if each not in left]
    kept: list[Value] = [each for each in before if each in left]
    return (*targets(lost, field),) if same(kept, after) else ()
