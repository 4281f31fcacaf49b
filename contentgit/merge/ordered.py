"""Models whose records a field puts in an order, merged by sequence where both sides changed one order.

All records of such an order are read, including those that no side changed; of these only their place is
kept. Orders that one side alone changed cost nothing.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Iterator
from dataclasses import dataclass, field, replace
from typing import NamedTuple

from contentgit.content.diff import Change
from contentgit.content.records import Record, RecordKey
from contentgit.content.schema import ModelSchema
from contentgit.merge.ordering import OrderGroup, group_of, place_fields, settle, touched_groups
from contentgit.merge.records import MergedRecord, Three, merge_record
from contentgit.merge.side import Side


@dataclass
class Settled:
    """What merging by sequence makes of records, by path.

    ``merged`` are records that a side changed; ``numbers`` are new places, by field, of records that none
    did.
    """

    merged: dict[str, MergedRecord] = field(default_factory=dict)
    numbers: dict[str, dict[str, int]] = field(default_factory=dict)

    def merge(
        self, path: str, three: Three, schema: ModelSchema | None, prefer: Side | None = None
    ) -> MergedRecord:
        """The record field by field, with its place in an order as both sides' sequences give it."""
        merged = self.merged.get(path) or merge_record(*three, schema, prefer)
        numbers = self.numbers.get(path)
        if not numbers or merged.record is None:
            return merged
        record = replace(merged.record, fields={**merged.record.fields, **numbers})
        return replace(merged, record=record)


class OrderedModel(NamedTuple):
    """The records of one model on three sides, whichever these are.

    ``ours`` and ``theirs`` are the paths that each side changed since the base, ``records`` reads such,
    ``others`` all records that no side changed.
    """

    schema: ModelSchema
    ours: Collection[str]
    theirs: Collection[str]
    records: Callable[[Iterable[str]], Iterator[tuple[str, Three]]]
    others: Callable[[], Iterator[tuple[str, Record]]]
    prefer: Side | None = None

    def settle_into(self, result: Settled) -> None:
        """Adds the records for which merging by sequence gives another result than merging one by one."""
        if not self.ours or not self.theirs or not self.schema.orders:
            return
        changes = self._changes(self.ours, 1), self._changes(self.theirs, 2)
        groups = touched_groups(*changes, self.schema, self.prefer)
        if groups:
            self._settle(groups, result)

    def _changes(self, paths: Iterable[str], side: int) -> Iterator[Change]:
        for _, three in self.records(paths):
            record = three[side] or three[0]
            if record is not None:
                yield Change(record.key, three[0], three[side])

    def _settle(self, groups: Collection[OrderGroup], result: Settled) -> None:
        changed = dict.fromkeys([*self.ours, *self.theirs])
        merged: dict[RecordKey, MergedRecord] = {}
        paths: dict[RecordKey, str] = {}
        snapshots: tuple[dict[RecordKey, Record], ...] = ({}, {}, {})
        for path, three, each in self._members(groups, changed):
            key = next(record.key for record in three if record)
            merged[key], paths[key] = each, path
            for snapshot, record in zip(snapshots, three, strict=True):
                if record is not None:
                    snapshot[key] = record
        base, ours, theirs = snapshots
        found = settle(self.schema, groups, base, ours, theirs, merged, self.prefer)
        for key, each in found.items():
            if paths[key] in changed:
                result.merged[paths[key]] = each
            elif each.record is not None:
                fields = each.record.fields
                numbers = {field.name: fields[field.name] for field in self.schema.orders}
                result.numbers[paths[key]] = numbers

    def _members(
        self, groups: Collection[OrderGroup], changed: Iterable[str]
    ) -> Iterator[tuple[str, Three, MergedRecord]]:
        for path, three in self.records(changed):
            merged = merge_record(*three, self.schema, self.prefer)
            if self._belongs(groups, *three, merged.record):
                yield path, three, merged
        for path, record in self.others():
            if self._belongs(groups, record):
                place = self._place_of(record)
                yield path, (place, place, place), MergedRecord(place)

    def _belongs(self, groups: Collection[OrderGroup], *records: Record | None) -> bool:
        return any(
            group_of(record, field) in groups for record in records for field in self.schema.orders
        )

    def _place_of(self, record: Record) -> Record:
        """The record with only the fields that give its place."""
        names = {
            name
            for known in self.schema.orders
            for name in (*place_fields(self.schema, known), *(known.order_within or ()))
        }
        kept = {name: each for name, each in record.fields.items() if name in names}
        return replace(record, fields=kept)
