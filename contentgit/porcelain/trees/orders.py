"""Records that a field puts in an order, merged by sequence where both sides changed one order.

All records of such an order are looked at, also those that nobody touched; of these only their place is
kept. Orders that one side alone changed cost nothing.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Mapping
from dataclasses import dataclass, field, replace

from contentgit.diff import Change
from contentgit.layout import encode_part
from contentgit.merge import (
    Group,
    Merged,
    group_of,
    merge_record,
    order_fields,
    settle,
    touched_groups,
)
from contentgit.porcelain.snapshots import batches
from contentgit.porcelain.trees.sides import BATCH, PLAIN, Sides, Three, decoded, key_at
from contentgit.records import Record, RecordKey
from contentgit.repository import FileEntry
from contentgit.schema import ModelSchema


@dataclass
class Settled:
    """What merging by sequence makes of records, by path.

    ``merged`` are records that a side changed; ``numbers`` are new places, by field, of records that none
    did, whose files are in ``untouched``.
    """

    merged: dict[str, Merged] = field(default_factory=dict)
    numbers: dict[str, dict[str, int]] = field(default_factory=dict)
    untouched: dict[str, FileEntry] = field(default_factory=dict)


def settled_orders(sides: Sides) -> Settled:
    """The records that come out otherwise than merged one by one."""
    result = Settled()
    ours, theirs = (_by_model(sides, each) for each in (sides.by_ours, sides.by_theirs))
    for place in sorted(ours.keys() & theirs.keys()):
        folder, label = place
        schema = sides.schema(folder).get(label)
        if schema is None or not order_fields(schema):
            continue
        here = _changes(sides, ours[place], 1)
        groups = touched_groups(here, _changes(sides, theirs[place], 2), schema)
        if groups:
            changed = dict.fromkeys([*ours[place], *theirs[place]])
            _Order(sides, folder, schema, groups).settle_into(result, changed)
    return result


def _by_model(sides: Sides, changed: Mapping[str, object]) -> dict[tuple[str, str], list[str]]:
    """The changed records' paths by dump folder and model."""
    found: dict[tuple[str, str], list[str]] = {}
    for path in changed:
        key = key_at(path) if sides.is_record(path) else None
        if key is not None:
            found.setdefault((path.partition("/")[0], key.model), []).append(path)
    return found


def _changes(sides: Sides, paths: Iterable[str], side: int) -> Iterator[Change]:
    for _, three in sides.records(paths):
        record = three[side] or three[0]
        if record is not None:
            yield Change(record.key, three[0], three[side])


@dataclass(frozen=True)
class _Order:
    """The orders of one model in a dump that both sides changed."""

    sides: Sides
    folder: str
    schema: ModelSchema
    groups: Collection[Group]

    def settle_into(self, result: Settled, changed: Collection[str]) -> None:
        """Adds what comes out of these orders; ``changed`` are the paths that a side changed."""
        merged: dict[RecordKey, Merged] = {}
        paths: dict[RecordKey, str] = {}
        snapshots: tuple[dict[RecordKey, Record], ...] = ({}, {}, {})
        for path, three, each in self._members(changed):
            key = next(record.key for record in three if record)
            merged[key], paths[key] = each, path
            for snapshot, record in zip(snapshots, three, strict=True):
                if record is not None:
                    snapshot[key] = record
        base, ours, theirs = snapshots
        found = settle(self.schema, self.groups, base, ours, theirs, merged)
        for key, each in found.items():
            if paths[key] in changed:
                result.merged[paths[key]] = each
            elif each.record is not None:
                names = [known.name for known in order_fields(self.schema)]
                result.numbers[paths[key]] = {name: each.record.fields[name] for name in names}
        result.untouched |= self._files(result.numbers)

    def _members(self, changed: Collection[str]) -> Iterator[tuple[str, Three, Merged]]:
        for path, three in self.sides.records(changed):
            merged = merge_record(*three, self.schema)
            if self._belongs(*three, merged.record):
                yield path, three, merged
        for batch in batches(self._others(changed), BATCH):
            for (path, _), record in zip(batch, decoded(self.sides.repository, batch), strict=True):
                if record is not None and self._belongs(record):
                    place = self._place_of(record)
                    yield path, (place, place, place), Merged(place)

    def _belongs(self, *records: Record | None) -> bool:
        fields = order_fields(self.schema)
        return any(group_of(each, known) in self.groups for each in records for known in fields)

    def _others(self, changed: Collection[str]) -> Iterator[tuple[str, FileEntry]]:
        """The files of the model that no side changed."""
        model = f"{self.folder}/{encode_part(self.schema.label)}"
        for name, blob in self.sides.repository.entries(self.sides.ours, model):
            path = f"{model}/{name}"
            if path not in changed:
                yield path, FileEntry(PLAIN, blob)

    def _place_of(self, record: Record) -> Record:
        """The record with what its place is told by, and nothing else."""
        names = {
            name
            for known in order_fields(self.schema)
            for name in (known.name, *(known.order_within or ()))
        }
        kept = {name: each for name, each in record.fields.items() if name in names}
        return replace(record, fields=kept)

    def _files(self, wanted: Collection[str]) -> Iterator[tuple[str, FileEntry]]:
        paths = [path for path in wanted if path.startswith(f"{self.folder}/")]
        found = self.sides.repository.files_at(self.sides.ours, paths)
        return ((path, FileEntry(PLAIN, blob)) for path, blob in found.items())
