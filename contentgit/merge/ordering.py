"""Fields that put records in an order: the records of one order are merged by sequence, not one by one.

A record put in at the front changes the numbers of all after it, and two records that are added at the
end get the same number: merged field by field, that gives conflicts where there are none, and ties.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping
from dataclasses import replace
from typing import NamedTuple

from contentgit.content.canonical import encode_value
from contentgit.content.diff import ABSENT, Change
from contentgit.content.records import Record, RecordKey
from contentgit.content.schema import FieldSchema, ModelSchema
from contentgit.merge.arrangement import Ordered, merge_places, unmoved
from contentgit.merge.preorder import Tree, merge_trees, parent_field
from contentgit.merge.records import Conflict, MergedRecord, Reason, merge_record
from contentgit.merge.side import Side
from contentgit.merge.values import FieldConflict

Snapshot = Mapping[RecordKey, Record]


class OrderGroup(NamedTuple):
    """The records that ``field`` puts in one order: those with the same values ``within`` it."""

    model: str
    field: str
    within: tuple[bytes, ...]


def group_of(record: Record | None, field: FieldSchema) -> OrderGroup | None:
    """The group in which the record has a place; ``None`` for a record without a number there."""
    if record is None or field.order_within is None:
        return None
    values = [record.fields.get(name, ABSENT) for name in field.order_within]
    if type(record.fields.get(field.name)) is not int or ABSENT in values:
        return None
    return OrderGroup(record.key.model, field.name, tuple(map(encode_value, values)))


def place_fields(schema: ModelSchema, field: FieldSchema) -> tuple[str, ...]:
    """The fields that give a record its place in its group."""
    parent = parent_field(schema, field)
    return (field.name,) if parent is None else (field.name, parent)


def touched_groups(
    ours: Iterable[Change],
    theirs: Iterable[Change],
    schema: ModelSchema,
    prefer: Side | None = None,
) -> set[OrderGroup]:
    """The groups that :func:`settle` has to look at, from what each side changed since the base.

    They are those in which both sides gave, took or changed a place, and those in which one did so to a
    record that the other changed too. Of changes that give no record another place only keys are kept.
    """
    placed: dict[RecordKey, Change | None] = {}
    groups_ours: set[OrderGroup] = set()
    for change in ours:
        if change.key.model == schema.label:
            found = _groups_changed(change, schema)
            groups_ours |= found
            placed[change.key] = change if found else None
    result: set[OrderGroup] = set()
    for change in theirs:
        if change.key.model == schema.label:
            found = _groups_changed(change, schema)
            result |= found & groups_ours
            if change.key in placed:
                result |= found
                other = placed[change.key]
                if other is not None:  # where it was put, and where it comes to
                    sides = (other.before, other.after, change.after)
                    merged = merge_record(*sides, schema, prefer).record
                    result |= {
                        group for field in schema.orders if (group := group_of(merged, field))
                    }
                    result |= _groups_changed(other, schema)
    return result


def _groups_changed(change: Change, schema: ModelSchema) -> set[OrderGroup]:
    """The groups in which the change gives, takes or changes a place."""
    found = set()
    for field in schema.orders:
        names = place_fields(schema, field)
        sides = [(group_of(each, field), each) for each in (change.before, change.after)]
        places = [
            (group, group and each and [each.fields.get(name) for name in names])
            for group, each in sides
        ]
        if places[0] != places[1]:
            found |= {group for group, _ in places if group is not None}
    return found


def settle(
    schema: ModelSchema,
    groups: Collection[OrderGroup],
    base: Snapshot,
    ours: Snapshot,
    theirs: Snapshot,
    merged: Mapping[RecordKey, MergedRecord],
    prefer: Side | None = None,
) -> dict[RecordKey, MergedRecord]:
    """Those of the merged records that get another number or other conflicts, with these.

    ``base``, ``ours``, ``theirs`` and ``merged`` hold at least all records of the model that are in one of
    the groups there. The result does not depend on which side is which, but for conflicts.
    """
    current = dict(merged)
    result: dict[RecordKey, MergedRecord] = {}
    for field in schema.orders:
        wanted = {group for group in groups if group.field == field.name}
        if not wanted:
            continue
        sides = [_places(each, field, wanted) for each in (base, ours, theirs)]
        kept = {key: each.record for key, each in current.items() if each.record is not None}
        members = _places(kept, field, wanted)
        for group in sorted(wanted, key=lambda each: each.within):
            places = [side.get(group, {}) for side in sides]
            parent = parent_field(schema, field)
            settling = _Settling(field, parent, (base, ours, theirs), places, current, prefer)
            found = settling.settled(members.get(group, {}))
            result.update(found)
            current.update(found)
    return result


def _places(
    records: Snapshot, field: FieldSchema, wanted: Collection[OrderGroup]
) -> dict[OrderGroup, dict[RecordKey, int]]:
    found: dict[OrderGroup, dict[RecordKey, int]] = {}
    for key, record in records.items():
        group = group_of(record, field)
        if group is not None and group in wanted:
            found.setdefault(group, {})[key] = record.fields[field.name]
    return found


class _Settling(NamedTuple):
    """One group: its records and places in base, ours and theirs, and the merged records.

    ``parent`` is the field that says which record is below which.
    """

    field: FieldSchema
    parent: str | None
    sides: tuple[Snapshot, Snapshot, Snapshot]
    places: list[dict[RecordKey, int]]
    merged: Mapping[RecordKey, MergedRecord]
    prefer: Side | None

    def settled(self, members: Mapping[RecordKey, int]) -> dict[RecordKey, MergedRecord]:
        """The records for which the sequence gives another result than merging one by one."""
        result = self._only_shifted()
        gone = {key for key, each in result.items() if each.record is None}
        left = {key: number for key, number in members.items() if key not in gone}
        base, ours, theirs = self.places
        ordered = self._as_tree(left) or merge_places(base, ours, theirs, left, self.prefer)
        for key, number in ordered.places.items():
            before = self.merged[key]
            after = self._placed(result.get(key, before), number, key in ordered.apart)
            if after != before:
                result[key] = after
        return result

    def _as_tree(self, members: Mapping[RecordKey, int]) -> Ordered | None:
        """The order of a tree, if the numbers are those of one."""
        if self.parent is None:
            return None
        sides = zip(self.places, self.sides, strict=True)
        base, ours, theirs = (Tree.of(*each, self.parent) for each in sides)
        merged = {key: self.merged[key].record for key in members}
        whole = Tree.of(members, merged, self.parent)
        return merge_trees(base, ours, theirs, whole, self.prefer)

    def _only_shifted(self) -> dict[RecordKey, MergedRecord]:
        """Records deleted on one side, where the other changed the number without moving them.

        That number is not an edit: others were put in or taken out before the record.
        """
        found = {}
        stay = [unmoved(self.places[0], place) for place in self.places[1:]]
        for key in self.places[0]:
            merged = self.merged.get(key)
            conflict = merged.conflict if merged else None
            if merged is None or conflict is None or not conflict.reason.is_delete:
                continue
            if key in stay[0 if conflict.reason is Reason.DELETED_BY_THEM else 1]:
                found[key] = _without(merged, self.field.name)
        return {key: each for key, each in found.items() if each != self.merged[key]}

    def _placed(self, merged: MergedRecord, number: int, apart: bool) -> MergedRecord:
        record = merged.record
        assert record is not None
        if record.fields[self.field.name] != number:
            merged = replace(
                merged, record=Record(record.key, {**record.fields, self.field.name: number})
            )
        if merged.conflict is not None and merged.conflict.reason.is_delete:
            return merged
        if apart:
            return self._with_conflict(merged, record.key)
        names = {value.name for value in merged.conflict.fields} if merged.conflict else set()
        if names.intersection((*(self.field.order_within or ()), self.parent)):
            return merged  # what it stands among is in conflict, and its place with it
        return _without(merged, self.field.name)

    def _with_conflict(self, merged: MergedRecord, key: RecordKey) -> MergedRecord:
        records = [side.get(key) for side in self.sides]
        name = self.field.name
        values = [ABSENT if each is None else each.fields.get(name, ABSENT) for each in records]
        others = merged.conflict.fields if merged.conflict else ()
        own = FieldConflict(name, values[0], values[1], values[2])
        fields = [*(each for each in others if each.name != name), own]
        reason = Reason.ADDED if records[0] is None else Reason.EDITED
        ordered = tuple(sorted(fields, key=lambda each: each.name))
        return replace(merged, conflict=Conflict(key, reason, ordered))


def _without(merged: MergedRecord, name: str) -> MergedRecord:
    """The record without the conflict on a field; no record, if no other edit keeps it."""
    conflict = merged.conflict
    if conflict is None:
        return merged
    fields = tuple(value for value in conflict.fields if value.name != name)
    if fields:
        return replace(merged, conflict=replace(conflict, fields=fields))
    return MergedRecord(None) if conflict.reason.is_delete else replace(merged, conflict=None)
