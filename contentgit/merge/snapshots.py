"""Whole snapshots on three sides."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from contentgit.content.diff import between
from contentgit.content.records import Record, RecordKey
from contentgit.content.schema import ModelSchema
from contentgit.merge.ordering import order_fields, settle, touched_groups
from contentgit.merge.records import Conflict, Merged, merge_record
from contentgit.merge.side import Side


@dataclass(frozen=True)
class Merge:
    """A snapshot with both sides' changes, and the conflicts by key."""

    records: Mapping[RecordKey, Record] = field(default_factory=dict)
    conflicts: tuple[Conflict, ...] = ()


def three_way(
    base: Mapping[RecordKey, Record],
    ours: Mapping[RecordKey, Record],
    theirs: Mapping[RecordKey, Record],
    models: Mapping[str, ModelSchema],
    prefer: Side | None = None,
) -> Merge:
    """The snapshot that has what both sides did to ``base``; ``models`` are schemas by label."""
    merged = {
        key: merge_record(
            base.get(key), ours.get(key), theirs.get(key), models.get(key.model), prefer
        )
        for key in sorted(base.keys() | ours.keys() | theirs.keys())
    }
    for schema in models.values():
        if order_fields(schema):
            merged |= _ordered(schema, (base, ours, theirs), merged, prefer)
    records = {key: each.record for key, each in merged.items() if each.record is not None}
    conflicts = (each.conflict for each in merged.values() if each.conflict is not None)
    return Merge(records, tuple(conflicts))


def _ordered(
    schema: ModelSchema,
    sides: tuple[Mapping[RecordKey, Record], ...],
    merged: Mapping[RecordKey, Merged],
    prefer: Side | None,
) -> dict[RecordKey, Merged]:
    """The records whose places in an order the merge of each alone does not tell."""
    base, ours, theirs = (
        {key: record for key, record in side.items() if key.model == schema.label} for side in sides
    )
    groups = touched_groups(between(base, ours), between(base, theirs), schema, prefer)
    if not groups:
        return {}
    own = {key: each for key, each in merged.items() if key.model == schema.label}
    return settle(schema, groups, base, ours, theirs, own, prefer)
